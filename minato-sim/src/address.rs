//! Addresses: what a socket is bound to, and how IPv4 looks to an IPv6 socket.
//!
//! Inside the world an IPv4 address is always written as IPv4. Only at the surface of an IPv6
//! socket does it become a mapped one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use crate::socket::Family;

/// The address without the mapping of IPv4 into IPv6.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(ip) => SocketAddr::new(IpAddr::V4(ip), v6.port()),
            None => address,
        },
        SocketAddr::V4(_) => address,
    }
}

/// The address as a socket of `family` shows it.
pub(crate) fn presented(address: SocketAddr, family: Family) -> SocketAddr {
    match (family, address) {
        (Family::V6, SocketAddr::V4(v4)) => {
            SocketAddr::V6(SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0))
        }
        _ => address,
    }
}

/// The unspecified address of a family.
pub(crate) fn unspecified(family: Family) -> IpAddr {
    match family {
        // A Unix socket has no such address, and nobody asks for one.
        Family::V4 | Family::Unix => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}

/// The loopback address of the family of `ip`.
pub(crate) fn loopback_like(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    }
}

/// The addresses of a host that a bound socket answers to. The IP is canonical.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) ip: IpAddr,
    pub(crate) port: u16,
    /// Whether IPv4 packets are taken: by an IPv4 socket, or an IPv6 one bound to anything.
    v4: bool,
    v6: bool,
}

impl Bound {
    pub(crate) fn new(ip: IpAddr, port: u16, only_v6: bool) -> Self {
        let any_v6 = ip == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        Bound { ip, port, v4: ip.is_ipv4() || (any_v6 && !only_v6), v6: ip.is_ipv6() }
    }

    /// Whether a packet to `ip` is for this socket.
    pub(crate) fn takes(&self, ip: IpAddr) -> bool {
        let family = if ip.is_ipv4() { self.v4 } else { self.v6 };
        family && (self.ip.is_unspecified() || self.ip == ip)
    }

    /// Whether some packet could be for both.
    pub(crate) fn overlaps(&self, other: &Bound) -> bool {
        let families = (self.v4 && other.v4) || (self.v6 && other.v6);
        let any = self.ip.is_unspecified() || other.ip.is_unspecified();
        families && (any || self.ip == other.ip)
    }

    /// Whether it answers to one address only.
    pub(crate) fn is_specific(&self) -> bool {
        !self.ip.is_unspecified()
    }
}
