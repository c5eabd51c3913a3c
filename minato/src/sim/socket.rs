//! A socket of a simulated host: the verbs of [`OsSocket`](crate::os::OsSocket), as calls into the
//! world. Every error is the one that Linux would give.

use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::ops::Deref;

use minato_sim::{Host, Kind, Socket};

use crate::os::{Address, Family, Received, Transport};

/// A socket of a simulated host.
pub(crate) struct SimSocket {
    pub(super) socket: Socket,
}

impl From<Socket> for SimSocket {
    fn from(socket: Socket) -> Self {
        Self { socket }
    }
}

/// The verbs that take and give what the world's own do.
impl Deref for SimSocket {
    type Target = Socket;

    fn deref(&self) -> &Socket {
        &self.socket
    }
}

impl SimSocket {
    pub(crate) fn open(host: &Host, family: Family, transport: Transport) -> io::Result<Self> {
        let family = match family {
            Family::V4 => minato_sim::Family::V4,
            Family::V6 => minato_sim::Family::V6,
            Family::Unix => return Err(unsupported("a Unix socket")),
        };
        let kind = match transport {
            Transport::Tcp => Kind::Stream,
            Transport::Udp => Kind::Datagram,
            _ => return Err(unsupported("a Unix socket")),
        };
        Ok(host.socket(family, kind)?.into())
    }

    /// The number of its host.
    pub(crate) fn host_number(&self) -> u64 {
        self.socket.host().number()
    }

    /// The family of its addresses, in the library's words.
    pub(super) fn family_here(&self) -> Family {
        match self.socket.family() {
            minato_sim::Family::V4 => Family::V4,
            minato_sim::Family::V6 => Family::V6,
        }
    }

    pub(crate) fn connect(&self, address: &Address) -> io::Result<()> {
        self.socket.connect(ip(address)?)
    }

    pub(crate) fn bind(&self, address: &Address) -> io::Result<()> {
        self.socket.bind(ip(address)?)
    }

    pub(crate) fn accept(&self) -> io::Result<(Self, Address)> {
        let (accepted, from) = self.socket.accept()?;
        Ok((accepted.into(), Address::Ip(from)))
    }

    pub(crate) fn recv_datagram(
        &self,
        buf: &mut [MaybeUninit<u8>],
        peek: bool,
    ) -> io::Result<usize> {
        if peek { self.peek(buf) } else { self.recv(buf) }
    }

    pub(crate) fn recv_from(
        &self,
        buf: &mut [MaybeUninit<u8>],
        peek: bool,
    ) -> io::Result<(Received, Address)> {
        let socket = &self.socket;
        let received = if peek { socket.peek_from(buf) } else { socket.recv_from(buf) };
        let (len, truncated, from) = received?;
        Ok((Received { len, truncated }, Address::Ip(from)))
    }

    pub(crate) fn send_to(&self, buf: &[u8], target: &Address) -> io::Result<usize> {
        self.socket.send_to(buf, ip(target)?)
    }

    pub(crate) fn local_address(&self) -> io::Result<Address> {
        self.socket.local_addr().map(Address::Ip)
    }

    pub(crate) fn peer_address(&self) -> io::Result<Address> {
        self.socket.peer_addr().map(Address::Ip)
    }

    pub(crate) fn peer_credentials(&self) -> io::Result<(u32, u32, Option<i32>)> {
        Err(unsupported("the credentials of a peer"))
    }

    /// The network interface that it is bound to; a simulated host has none to choose from.
    pub(crate) fn device(&self) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    pub(crate) fn bind_device(&self, interface: Option<&[u8]>) -> io::Result<()> {
        match interface {
            None | Some([]) => Ok(()),
            Some(_) => Err(unsupported("a socket bound to a device (SO_BINDTODEVICE)")),
        }
    }
}

fn ip(address: &Address) -> io::Result<SocketAddr> {
    match address {
        Address::Ip(address) => Ok(*address),
        Address::Unix(_) => Err(unsupported("a Unix address")),
    }
}

fn unsupported(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!("{what} cannot be had on the sim engine, which has TCP and UDP"),
    )
}
