//! Shortcuts for the tests.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::SocketAddr;

use minato_sim::{Event, Family, Host, Kind, Readiness, Socket, World};

pub(crate) const EAGAIN: i32 = 11;
pub(crate) const EACCES: i32 = 13;
pub(crate) const EINVAL: i32 = 22;
pub(crate) const EMFILE: i32 = 24;
pub(crate) const EPIPE: i32 = 32;
pub(crate) const EDESTADDRREQ: i32 = 89;
pub(crate) const EMSGSIZE: i32 = 90;
pub(crate) const EAFNOSUPPORT: i32 = 97;
pub(crate) const EADDRINUSE: i32 = 98;
pub(crate) const EADDRNOTAVAIL: i32 = 99;
pub(crate) const ENETUNREACH: i32 = 101;
pub(crate) const ENETDOWN: i32 = 100;
pub(crate) const ECONNABORTED: i32 = 103;
pub(crate) const ECONNRESET: i32 = 104;
pub(crate) const EISCONN: i32 = 106;
pub(crate) const ENOTCONN: i32 = 107;
pub(crate) const ETIMEDOUT: i32 = 110;
pub(crate) const ECONNREFUSED: i32 = 111;
pub(crate) const EHOSTUNREACH: i32 = 113;
pub(crate) const EALREADY: i32 = 114;
pub(crate) const EINPROGRESS: i32 = 115;

/// Lets everything happen that happens by itself.
pub(crate) fn settle(world: &World) {
    while world.advance(None) {}
}

/// The number of the error, or 0.
#[track_caller]
pub(crate) fn errno<T>(result: io::Result<T>) -> i32 {
    match result {
        Ok(_) => 0,
        Err(error) => error.raw_os_error().expect("an error of the simulated kernel"),
    }
}

pub(crate) fn stream(host: &Host) -> Socket {
    host.socket(Family::V4, Kind::Stream).unwrap()
}

pub(crate) fn datagram(host: &Host) -> Socket {
    host.socket(Family::V4, Kind::Datagram).unwrap()
}

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A listener on a port of all addresses.
pub(crate) fn listener(host: &Host, port: u16, backlog: i32) -> Socket {
    let socket = stream(host);
    socket.bind(SocketAddr::from(([0, 0, 0, 0], port))).unwrap();
    socket.listen(backlog).unwrap();
    socket
}

/// A datagram socket on a port of all addresses.
pub(crate) fn bound(host: &Host, port: u16) -> Socket {
    let socket = datagram(host);
    socket.bind(SocketAddr::from(([0, 0, 0, 0], port))).unwrap();
    socket
}

/// A socket that has begun to connect.
pub(crate) fn connecting(from: &Host, to: &Host, port: u16) -> Socket {
    let socket = stream(from);
    assert_eq!(errno(socket.connect((to.ip(), port).into())), EINPROGRESS);
    socket
}

/// A world with two hosts and a connection between them.
pub(crate) struct Pair {
    pub(crate) world: World,
    pub(crate) a: Host,
    pub(crate) b: Host,
    pub(crate) client: Socket,
    pub(crate) server: Socket,
    pub(crate) listener: Socket,
}

pub(crate) fn pair() -> Pair {
    pair_in(World::new(1))
}

pub(crate) fn pair_in(world: World) -> Pair {
    let (a, b) = (world.host("a"), world.host("b"));
    let listener = listener(&b, 7000, 16);
    let client = connecting(&a, &b, 7000);
    settle(&world);
    assert!(client.take_error().unwrap().is_none());
    let (server, _) = listener.accept().unwrap();
    Pair { world, a, b, client, server, listener }
}

/// Receives what is there, at most `limit` bytes.
pub(crate) fn receive(socket: &Socket, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; limit];
    let count = socket.recv_vectored(&mut [IoSliceMut::new(&mut bytes)])?;
    bytes.truncate(count);
    Ok(bytes)
}

/// A buffer of `N` bytes as the receiving verbs want it.
pub(crate) fn blank<const N: usize>() -> [MaybeUninit<u8>; N] {
    [MaybeUninit::uninit(); N]
}

/// The events of a host since the last time.
pub(crate) fn events(host: &Host) -> Vec<(u64, Readiness)> {
    let mut events = Vec::new();
    host.take_events(&mut events);
    events.into_iter().map(|Event { key, readiness }| (key, readiness)).collect()
}
