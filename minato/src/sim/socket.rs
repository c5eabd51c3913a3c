//! A socket of a simulated host: the verbs of [`OsSocket`](crate::os::OsSocket), as calls into the
//! world. Every error is the one that Linux would give.

use std::io;
use std::mem::MaybeUninit;
use std::ops::Deref;
use std::os::unix::net::SocketAddr as UnixAddress;
use std::path::{Path, PathBuf};

use minato_sim::{Host, Kind, Socket};

use crate::os::{Address, Family, Received, Transport, platform, unix_address, unreachable};

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
            Family::Unix => minato_sim::Family::Unix,
        };
        Ok(host.socket(family, kind(transport)?)?.into())
    }

    /// Two Unix sockets that are connected to each other.
    pub(crate) fn pair(host: &Host, transport: Transport) -> io::Result<(Self, Self)> {
        let (one, two) = host.unix_pair(kind(transport)?)?;
        Ok((one.into(), two.into()))
    }

    fn is_unix(&self) -> bool {
        self.socket.family() == minato_sim::Family::Unix
    }

    /// The number of its host.
    pub(crate) fn host_number(&self) -> u64 {
        self.socket.host().number()
    }

    pub(crate) fn connect(&self, address: &Address) -> io::Result<()> {
        match address {
            Address::Ip(address) => self.socket.connect(*address),
            Address::Unix(address) => self.socket.connect_unix(&reachable(address)?),
        }
    }

    pub(crate) fn bind(&self, address: &Address) -> io::Result<()> {
        match address {
            Address::Ip(address) => self.socket.bind(*address),
            Address::Unix(address) => self.socket.bind_unix(&path(address)),
        }
    }

    pub(crate) fn accept(&self) -> io::Result<(Self, Address)> {
        if self.is_unix() {
            let (accepted, from) = self.socket.accept_unix()?;
            return Ok((accepted.into(), unix(&from)?));
        }
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
        if self.is_unix() {
            let (len, truncated, from) = socket.recv_from_unix(buf, peek)?;
            return Ok((Received { len, truncated }, unix(&from)?));
        }
        let received = if peek { socket.peek_from(buf) } else { socket.recv_from(buf) };
        let (len, truncated, from) = received?;
        Ok((Received { len, truncated }, Address::Ip(from)))
    }

    pub(crate) fn send_to(&self, buf: &[u8], target: &Address) -> io::Result<usize> {
        match target {
            Address::Ip(target) => self.socket.send_to(buf, *target),
            Address::Unix(target) => self.socket.send_to_unix(buf, &reachable(target)?),
        }
    }

    pub(crate) fn local_address(&self) -> io::Result<Address> {
        match self.socket.family() {
            minato_sim::Family::Unix => unix(&self.socket.local_path()?),
            _ => self.socket.local_addr().map(Address::Ip),
        }
    }

    pub(crate) fn peer_address(&self) -> io::Result<Address> {
        match self.socket.family() {
            minato_sim::Family::Unix => unix(&self.socket.peer_path()?),
            _ => self.socket.peer_addr().map(Address::Ip),
        }
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

fn kind(transport: Transport) -> io::Result<Kind> {
    match transport {
        Transport::Tcp | Transport::UnixStream => Ok(Kind::Stream),
        Transport::Udp | Transport::UnixDatagram => Ok(Kind::Datagram),
        Transport::Other => Err(unsupported("a socket of another kind")),
    }
}

/// The name of a Unix socket as the world has it: empty for none.
fn path(address: &UnixAddress) -> PathBuf {
    let path = address.as_pathname().map(Path::to_owned);
    path.or_else(|| platform::abstract_name(address)).unwrap_or_default()
}

fn reachable(address: &UnixAddress) -> io::Result<PathBuf> {
    if address.is_unnamed() { Err(unreachable()) } else { Ok(path(address)) }
}

fn unix(path: &Path) -> io::Result<Address> {
    Ok((&unix_address(path)?).into())
}

fn unsupported(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!("{what} cannot be had on the sim engine, which has TCP, UDP and Unix sockets"),
    )
}
