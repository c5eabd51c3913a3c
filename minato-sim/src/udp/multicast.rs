//! One datagram for many: groups and broadcasts.

use std::io;
use std::net::IpAddr;

use super::{Datagram, Header, Interface};
use crate::arena::Key;
use crate::errno::{self, fail};
use crate::host::HostId;
use crate::names::is_broadcast;
use crate::socket::Kind;
use crate::state::State;

/// Groups that a socket may join, as on Linux.
const MAX_MEMBERSHIPS: usize = 20;

/// A group that a socket or a host is a member of.
pub(crate) type Group = (IpAddr, Interface);

impl State {
    /// The interface that has an address; "no address in particular" means the link.
    pub(crate) fn interface_of(&self, key: Key, ip: IpAddr) -> Option<Interface> {
        let host = self.host(self.socket(key).host);
        if ip.is_loopback() {
            return Some(Interface::Loopback);
        }
        (ip.is_unspecified() || host.has_address(ip)).then_some(Interface::Link)
    }

    pub(crate) fn join(
        &mut self,
        key: Key,
        group: IpAddr,
        interface: Option<Interface>,
    ) -> io::Result<()> {
        if !group.is_multicast() {
            return fail(errno::EINVAL);
        }
        let Some(interface) = interface else {
            return fail(errno::ENODEV);
        };
        let socket = self.socket_mut(key);
        let (host, groups) = (socket.host, &mut socket.datagrams.groups);
        if groups.contains(&(group, interface)) {
            return fail(errno::EADDRINUSE);
        }
        if groups.len() >= MAX_MEMBERSHIPS {
            return fail(errno::ENOBUFS);
        }
        groups.push((group, interface));
        *self.members.entry((group, interface, host)).or_default() += 1;
        Ok(())
    }

    pub(crate) fn leave(
        &mut self,
        key: Key,
        group: IpAddr,
        interface: Option<Interface>,
    ) -> io::Result<()> {
        let socket = self.socket_mut(key);
        let (host, groups) = (socket.host, &mut socket.datagrams.groups);
        let found =
            groups.iter().position(|member| Some(member.1) == interface && member.0 == group);
        let Some(found) = found else {
            return fail(errno::EADDRNOTAVAIL);
        };
        let group = groups.remove(found);
        self.forget_member(group, host);
        Ok(())
    }

    /// A socket of `host` is no member any more.
    pub(crate) fn forget_member(&mut self, (group, interface): Group, host: HostId) {
        let member = (group, interface, host);
        if let Some(count) = self.members.get_mut(&member) {
            *count -= 1;
            if *count == 0 {
                self.members.remove(&member);
            }
        }
    }

    /// The interface that was chosen for what a socket sends to `group`.
    pub(crate) fn chosen_interface(&self, key: Key, group: IpAddr) -> Option<Interface> {
        let options = &self.socket(key).options;
        match group {
            _ if !group.is_multicast() => None,
            IpAddr::V4(_) if options.multicast_interface_v4.is_unspecified() => None,
            IpAddr::V4(_) => self.interface_of(key, options.multicast_interface_v4.into()),
            IpAddr::V6(_) if options.multicast_interface_v6 == 0 => None,
            IpAddr::V6(_) => Interface::from_index(options.multicast_interface_v6),
        }
    }

    /// Sends a copy to every host that has joined the group, or for a broadcast to every host.
    pub(super) fn spread(&mut self, key: Key, mut header: Header, bytes: &[u8]) {
        let sender = self.socket(key).host;
        let options = &self.socket(key).options;
        let to = header.to.ip();
        let chosen = self.chosen_interface(key, to);
        let from_loopback = header.from.ip().is_loopback();
        let (looped, outside) = match to {
            // What is sent by the loopback interface comes back, and does not leave the host.
            _ if chosen == Some(Interface::Loopback) => (true, false),
            // So does what comes from its address. With IPv6 the source does not choose the
            // interface, and no interface but the loopback takes it: it reaches no member.
            _ if from_loopback => (to.is_ipv4() && chosen.is_none(), false),
            IpAddr::V4(ip) if ip.is_multicast() => {
                (options.multicast_loop_v4, options.multicast_ttl_v4 > 0)
            }
            IpAddr::V6(_) => (options.multicast_loop_v6, options.multicast_hops_v6 > 0),
            IpAddr::V4(_) => (true, true),
        };
        let by_source = if from_loopback { Interface::Loopback } else { Interface::Link };
        header.interface = chosen.unwrap_or(by_source);
        let hosts: Vec<HostId> = if to.is_multicast() {
            let member = |host| (to, header.interface, HostId(host));
            self.members.range(member(0)..=member(u32::MAX)).map(|(member, _)| member.2).collect()
        } else {
            (0..self.hosts.len() as u32).map(HostId).collect()
        };
        for host in hosts {
            if if host == sender { looped } else { outside } {
                self.dispatch(key, host, header, bytes.to_vec());
            }
        }
    }

    /// All sockets on the port, if the host is a member of the group or the packet is a broadcast.
    /// As on Linux, any socket of the host can be the one that has joined.
    pub(super) fn receivers_of_all(&self, packet: &Datagram) -> Vec<Key> {
        let (to, interface) = (packet.header.to, packet.header.interface);
        let member = (to.ip(), interface, packet.host);
        if !is_broadcast(to.ip()) && !self.members.contains_key(&member) {
            return Vec::new();
        }
        let binders = self.host(packet.host).ports.binders(Kind::Datagram, to.port());
        binders.iter().filter(|key| self.fit(**key, packet).is_some()).copied().collect()
    }
}
