//! Which host has an address, and which addresses a name has.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::host::HostId;

/// The name service of a world, and the owners of its addresses.
#[derive(Debug, Default)]
pub(crate) struct Names {
    owners: BTreeMap<IpAddr, HostId>,
    records: BTreeMap<String, Vec<IpAddr>>,
}

/// The addresses of the `n`-th host, counted from 0.
pub(crate) fn addresses(n: u32) -> (Ipv4Addr, Ipv6Addr) {
    let number = n + 1;
    let [_, a, b, c] = number.to_be_bytes();
    let high = (number >> 16) as u16;
    let low = (number & 0xffff) as u16;
    (Ipv4Addr::new(10, a, b, c), Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, high, low))
}

/// Whether datagrams to this address go to every host.
pub(crate) fn is_broadcast(ip: IpAddr) -> bool {
    ip == IpAddr::V4(Ipv4Addr::BROADCAST) || ip == IpAddr::V4(Ipv4Addr::new(10, 255, 255, 255))
}

impl Names {
    pub(crate) fn own(&mut self, ip: IpAddr, host: HostId) {
        self.owners.insert(ip, host);
    }

    /// The host that `ip` means to `asking`.
    pub(crate) fn owner(&self, asking: HostId, ip: IpAddr) -> Option<HostId> {
        if ip.is_loopback() {
            return Some(asking);
        }
        self.owners.get(&ip).copied()
    }

    pub(crate) fn insert(&mut self, name: &str, addresses: Vec<IpAddr>) {
        self.records.insert(name.to_ascii_lowercase(), addresses);
    }

    pub(crate) fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        if let Ok(ip) = name.parse() {
            return Ok(vec![ip]);
        }
        let plain = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        match self.records.get(&plain) {
            Some(addresses) if !addresses.is_empty() => Ok(addresses.clone()),
            _ if plain == "localhost" => {
                Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)])
            }
            _ => Err(unknown_name()),
        }
    }
}

/// The error that std gives for a name that the resolver does not know.
///
/// Stable Rust has no name for its kind. An error with a number that the system does not use has
/// the same kind.
fn unknown_name() -> io::Error {
    let kind = io::Error::from_raw_os_error(i32::MAX).kind();
    io::Error::new(kind, "failed to lookup address information: Name or service not known")
}
