//! Which host has an address, and which addresses a name has.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::host::HostId;

/// The name service of a world, and the owners of its addresses.
#[derive(Debug, Default)]
pub(crate) struct Names {
    owners: BTreeMap<IpAddr, HostId>,
    /// The addresses of each name from an instant on.
    records: BTreeMap<String, BTreeMap<u64, Vec<IpAddr>>>,
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

    /// Gives a name these addresses from `at` on, until the next change.
    pub(crate) fn insert(&mut self, at: u64, name: &str, addresses: Vec<IpAddr>) {
        self.records.entry(plain_name(name)).or_default().insert(at, addresses);
    }

    /// The addresses of what needs no name service.
    pub(crate) fn without_service(&self, name: &str) -> Option<Vec<IpAddr>> {
        if let Ok(ip) = name.parse() {
            return Some(vec![ip]);
        }
        let plain = plain_name(name);
        (plain == "localhost" && !self.records.contains_key(&plain))
            .then(|| vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)])
    }

    /// What the name service says at `now`.
    pub(crate) fn lookup(&self, now: u64, name: &str) -> Option<Vec<IpAddr>> {
        let (_, addresses) = self.records.get(&plain_name(name))?.range(..=now).next_back()?;
        (!addresses.is_empty()).then(|| addresses.clone())
    }
}

/// A name as the name service compares it.
pub(crate) fn plain_name(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}
