//! What can be turned into socket addresses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ops::Deref;
use std::panic::Location;
use std::slice;

use super::resolve;

/// Converts to one or more socket addresses, looking names up where need be.
///
/// Implemented for std's address types, for pairs of an address and a port, for `"host:port"` and
/// for pairs of a host name and a port. An IPv6 address may have a zone, by number (`fe80::1%2`) or
/// by the name of an interface (`fe80::1%eth0`), in brackets or not.
///
/// A look-up runs on a thread for blocking jobs, never on the thread of the caller. Under a
/// simulated runtime the world's own names are used.
pub trait ToSocketAddrs: sealed::Sealed {}

pub(crate) mod sealed {
    use super::*;

    /// The work behind the trait, which is not for others to implement.
    #[allow(unnameable_types, reason = "this is what seals the trait")]
    pub trait Sealed {
        /// The addresses as far as they are known without asking anybody.
        #[doc(hidden)]
        fn target(&self) -> Target;
    }

    /// What is to be done to have the addresses.
    #[doc(hidden)]
    #[derive(Debug)]
    #[allow(unnameable_types, reason = "only the sealed trait speaks of it")]
    pub enum Target {
        /// Nothing.
        Known(Addresses),
        /// Look a name up.
        Name(String, u16),
        /// Tell what is wrong.
        Malformed(String),
    }
}

use sealed::{Sealed, Target};

/// Socket addresses. A single one, which may be the target of every datagram, is not allocated.
#[doc(hidden)]
#[derive(Debug)]
#[allow(unnameable_types, reason = "only the sealed trait speaks of it")]
pub enum Addresses {
    One(SocketAddr),
    Several(Vec<SocketAddr>),
}

impl Deref for Addresses {
    type Target = [SocketAddr];

    fn deref(&self) -> &[SocketAddr] {
        match self {
            Self::One(address) => slice::from_ref(address),
            Self::Several(addresses) => addresses,
        }
    }
}

/// The addresses that `addresses` stands for, as a call at `place` asks; never none.
pub(crate) async fn to_socket_addrs(
    addresses: impl ToSocketAddrs,
    place: &'static Location<'static>,
) -> io::Result<Addresses> {
    match addresses.target() {
        Target::Known(known) if known.is_empty() => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "an empty list of addresses was given"))
        }
        Target::Known(known) => Ok(known),
        Target::Name(name, port) => {
            resolve::resolve(name, port, place).await.map(Addresses::Several)
        }
        Target::Malformed(text) => Err(io::Error::new(io::ErrorKind::InvalidInput, text)),
    }
}

/// The result of the first of the [`to_socket_addrs`] with which `attempt` succeeds, else the error
/// of the last one.
pub(crate) async fn first_ok<T, F>(
    addresses: impl ToSocketAddrs,
    place: &'static Location<'static>,
    mut attempt: impl FnMut(SocketAddr) -> F,
) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, "there is no address to try");
    for address in to_socket_addrs(addresses, place).await?.iter() {
        match attempt(*address).await {
            Ok(done) => return Ok(done),
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl ToSocketAddrs for SocketAddr {}
impl Sealed for SocketAddr {
    fn target(&self) -> Target {
        Target::Known(Addresses::One(*self))
    }
}

/// What std makes a socket address of.
macro_rules! known {
    ($($type:ty),+) => {
        $(
            impl ToSocketAddrs for $type {}
            impl Sealed for $type {
                fn target(&self) -> Target {
                    SocketAddr::from(*self).target()
                }
            }
        )+
    };
}

known!(SocketAddrV4, SocketAddrV6, (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));

impl ToSocketAddrs for &[SocketAddr] {}
impl Sealed for &[SocketAddr] {
    fn target(&self) -> Target {
        Target::Known(Addresses::Several(self.to_vec()))
    }
}

impl ToSocketAddrs for str {}
impl Sealed for str {
    fn target(&self) -> Target {
        if let Ok(address) = self.parse::<SocketAddr>() {
            return address.target();
        }
        match self.rsplit_once(':') {
            Some((host, port)) => match port.parse() {
                Ok(port) => (host, port).target(),
                Err(_) => Target::Malformed(format!("'{port}' in '{self}' is not a port number")),
            },
            None => Target::Malformed(format!("'{self}' is not of the form host:port")),
        }
    }
}

impl ToSocketAddrs for (&str, u16) {}
impl Sealed for (&str, u16) {
    fn target(&self) -> Target {
        let (host, port) = *self;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return SocketAddr::new(address, port).target();
        }
        if let Some(target) = zoned(bare, port) {
            return target;
        }
        if host.is_empty() {
            return Target::Malformed(format!("the host before ':{port}' is missing"));
        }
        if host.contains(['[', ']', ':', '\0', ' ']) {
            let text = format!("'{host}' is neither an address nor a host name");
            return Target::Malformed(text);
        }
        Target::Name(host.to_owned(), port)
    }
}

/// An IPv6 address with a zone (RFC 4007), as in `fe80::1%2` and `fe80::1%eth0`. A zone that is a
/// number is known; one that is the name of an interface is the resolver's to look up.
fn zoned(host: &str, port: u16) -> Option<Target> {
    let (address, zone) = host.split_once('%')?;
    let address: Ipv6Addr = address.parse().ok()?;
    if zone.is_empty() || zone.contains(['[', ']', '%', '\0', ' ']) {
        return None;
    }
    Some(match zone.parse() {
        Ok(zone) => SocketAddrV6::new(address, port, 0, zone).target(),
        Err(_) => Target::Name(host.to_owned(), port),
    })
}

impl ToSocketAddrs for (String, u16) {}
impl Sealed for (String, u16) {
    fn target(&self) -> Target {
        (self.0.as_str(), self.1).target()
    }
}

impl ToSocketAddrs for String {}
impl Sealed for String {
    fn target(&self) -> Target {
        self.as_str().target()
    }
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {}
impl<T: ToSocketAddrs + ?Sized> Sealed for &T {
    fn target(&self) -> Target {
        (**self).target()
    }
}
