//! Addresses of sockets, and what kinds of sockets there are.

use std::io;
use std::net::SocketAddr as IpAddress;
use std::os::unix::net::SocketAddr as UnixAddress;
use std::path::Path;

use socket2::SockAddr;

use super::platform;
use super::unix_address::SocketAddr;

/// The family of addresses a socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
    Unix,
}

impl From<&IpAddress> for Family {
    fn from(address: &IpAddress) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

/// What runs over a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Tcp,
    Udp,
    UnixStream,
    UnixDatagram,
    Other,
}

impl Transport {
    /// The error for a descriptor that is of this kind, and not of the wanted one.
    pub(crate) fn instead_of(self, wanted: Self) -> io::Error {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("the descriptor is a {self:?} socket, not a {wanted:?} one"),
        )
    }
}

/// What came with a datagram besides its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) len: usize,
    pub(crate) truncated: bool,
}

/// The address of a socket.
#[derive(Clone, Debug)]
pub(crate) enum Address {
    Ip(IpAddress),
    Unix(Box<UnixAddress>),
}

impl Address {
    /// That of a Unix socket that was never bound.
    pub(crate) fn unnamed() -> io::Result<Self> {
        Self::of_unix(None, None)
    }

    /// That of a Unix socket with this path or this abstract name.
    pub(super) fn of_unix(path: Option<&Path>, name: Option<&[u8]>) -> io::Result<Self> {
        let address = match name {
            Some(name) => platform::abstract_address(name)?,
            None => UnixAddress::from_pathname(path.unwrap_or("".as_ref()))?,
        };
        Ok(Self::Unix(Box::new(address)))
    }

    /// The internet address in it.
    pub(crate) fn ip(self) -> io::Result<IpAddress> {
        match self {
            Self::Ip(address) => Ok(address),
            Self::Unix(_) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the socket has a Unix address, not an internet address",
            )),
        }
    }

    /// The Unix address in it.
    pub(crate) fn unix(self) -> io::Result<SocketAddr> {
        match self {
            Self::Unix(address) => Ok((*address).into()),
            Self::Ip(_) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the socket has an internet address, not a Unix address",
            )),
        }
    }

    /// The address in the form of the system calls.
    #[inline]
    pub(super) fn to_system(&self) -> io::Result<SockAddr> {
        match self {
            Self::Ip(address) => Ok(SockAddr::from(*address)),
            Self::Unix(address) => unix_to_system(address),
        }
    }
}

impl TryFrom<&SockAddr> for Address {
    type Error = io::Error;

    #[inline]
    fn try_from(address: &SockAddr) -> io::Result<Self> {
        match address.as_socket() {
            Some(address) => Ok(Self::Ip(address)),
            None => unix_from_system(address),
        }
    }
}

pub(super) fn unix_to_system(address: &UnixAddress) -> io::Result<SockAddr> {
    match (address.as_pathname(), platform::abstract_name(address)) {
        (Some(path), _) => SockAddr::unix(path),
        (None, Some(name)) => SockAddr::unix(name),
        (None, None) => Err(unreachable()),
    }
}

/// The error of an address without a path or a name.
pub(crate) fn unreachable() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "an unnamed Unix socket address cannot be reached")
}

fn unix_from_system(address: &SockAddr) -> io::Result<Address> {
    // The kernel gives no address at all for the unnamed sender of a datagram.
    if !address.is_unix() && address.len() != 0 {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("socket address family {} is neither IP nor Unix", address.family()),
        ));
    }
    Address::of_unix(address.as_pathname(), address.as_abstract_namespace())
}
