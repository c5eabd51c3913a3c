//! The sockets of the servers, made alike for all peers.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

use super::Tally;
use crate::peer::{
    PeerCommand, Workload, announce, exit_when_stdin_ends, exit_when_stdin_ends_after,
    report_received,
};

/// The buffer of a connection in the workload `churn`: it takes one small request, and a page of
/// it to be zeroed would be dearer than the rest.
pub const CHURN_BUFFER: usize = 1024;

/// The buffer of a connection in the workload `idle`.
pub const IDLE_BUFFER: usize = 64;

/// Connections that may wait for their accept: as many as the largest case opens at once.
const BACKLOG: i32 = 4096;

/// What a UDP server asks the kernel to keep for it; the system may allow less.
const RECEIVE_BUFFER: usize = 4 << 20;

/// Listens `count` times at the address of `command`, and says so; the process ends with its
/// standard input.
///
/// The sockets block: peers that wait for readiness change that. `TCP_NODELAY` is set on them, and
/// on Linux accepted streams inherit it, so that no peer pays a call per connection for it.
///
/// # Errors
///
/// When an address is taken or descriptors run out.
pub fn open_tcp(command: &PeerCommand, count: usize) -> io::Result<Vec<TcpListener>> {
    let sockets = open(command.listen, count, Type::STREAM, Protocol::TCP, |socket| {
        socket.set_tcp_nodelay(true)?;
        socket.listen(BACKLOG)
    })?;
    let listeners: Vec<TcpListener> = sockets.into_iter().map(TcpListener::from).collect();
    exit_when_stdin_ends()?;
    for first in listeners.iter().take(1) {
        announce(first.local_addr()?)?;
    }
    Ok(listeners)
}

/// Binds `count` sockets to the address of `command`, and says so. When standard input ends, the
/// process does, and a sink tells what it has received. Each socket has its [`Tally`].
///
/// The sockets block, as those of [`open_tcp`].
///
/// # Errors
///
/// When an address is taken or descriptors run out.
pub fn open_udp(command: &PeerCommand, count: usize) -> io::Result<Vec<(UdpSocket, Tally)>> {
    let sockets = open(command.listen, count, Type::DGRAM, Protocol::UDP, |socket| {
        socket.set_recv_buffer_size(RECEIVE_BUFFER)
    })?;
    let sockets: Vec<UdpSocket> = sockets.into_iter().map(UdpSocket::from).collect();
    let tallies = Tally::for_sockets(count);
    match tallies.first().filter(|_| command.workload == Workload::UdpSink).cloned() {
        Some(tally) => exit_when_stdin_ends_after(move || report_received(tally.total()))?,
        None => exit_when_stdin_ends()?,
    }
    for first in sockets.iter().take(1) {
        announce(first.local_addr()?)?;
    }
    Ok(sockets.into_iter().zip(tallies).collect())
}

/// Several sockets share one address by `SO_REUSEPORT`; a single one goes without.
fn open(
    mut address: SocketAddr,
    count: usize,
    kind: Type,
    protocol: Protocol,
    prepare: impl Fn(&Socket) -> io::Result<()>,
) -> io::Result<Vec<Socket>> {
    let mut sockets = Vec::new();
    for _ in 0..count {
        let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
        socket.set_reuse_address(kind == Type::STREAM)?;
        socket.set_reuse_port(count > 1)?;
        socket.bind(&address.into())?;
        prepare(&socket)?;
        // The first one chose the port.
        if let Some(chosen) = socket.local_addr()?.as_socket() {
            address = chosen;
        }
        sockets.push(socket);
    }
    Ok(sockets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_listeners_share_a_port() {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let listen = |socket: &Socket| socket.listen(1);
        let sockets = open(address, 3, Type::STREAM, Protocol::TCP, listen).unwrap();
        let ports: Vec<_> = sockets
            .iter()
            .map(|socket| socket.local_addr().unwrap().as_socket().unwrap().port())
            .collect();
        assert_eq!(ports.len(), 3);
        assert!(ports.iter().all(|port| *port == ports[0] && *port != 0), "{ports:?}");
    }

    #[test]
    fn accepted_streams_inherit_nodelay() {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let prepare = |socket: &Socket| {
            socket.set_tcp_nodelay(true)?;
            socket.listen(1)
        };
        let socket = open(address, 1, Type::STREAM, Protocol::TCP, prepare).unwrap().remove(0);
        let listener = TcpListener::from(socket);
        let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(listener.accept().unwrap().0.nodelay().unwrap());
    }
}
