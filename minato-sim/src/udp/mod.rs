//! Datagrams: sending, and finding the socket that they are for.

mod multicast;
mod queue;

use std::io::{self, IoSlice};
use std::net::{IpAddr, Shutdown, SocketAddr};

use crate::address::Bound;
use crate::arena::Key;
use crate::choice::{below, draw, site};
use crate::errno::{self, fail};
use crate::faults::Verb;
use crate::host::HostId;
use crate::link::{Clogged, Fate, garble};
use crate::name::PacketName;
use crate::names::is_broadcast;
use crate::packet::{Flow, MIN_MTU_V6, Outgoing, PacketKind, Payload};
use crate::queue::Occurrence;
use crate::record::{DOWN, PacketNumber};
use crate::socket::Kind;
use crate::state::State;
use crate::strikes::FaultKind;

pub(crate) use multicast::Group;
pub(crate) use queue::{DatagramState, Received};

const ANSWER: u64 = site("answer to a datagram");
const RECEIVER: u64 = site("receiver of a shared port");

/// The bytes that fit into one packet of IPv4, and of IPv6.
const MAX_OVER_IPV4: usize = 65_507;
pub(crate) const MAX_OVER_IPV6: usize = 65_527;

/// One of the two interfaces of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Interface {
    /// What is sent from a host to itself.
    Loopback = 1,
    /// The one link to all other hosts.
    Link = 2,
}

impl Interface {
    /// The interface with this index. 0 stands for any interface, which means the link.
    pub(crate) fn from_index(index: u32) -> Option<Self> {
        match index {
            1 => Some(Interface::Loopback),
            0 | 2 => Some(Interface::Link),
            _ => None,
        }
    }
}

/// The header of a datagram.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) from: SocketAddr,
    /// The address that it was sent to: of a host, of a group, or of a broadcast.
    pub(crate) to: SocketAddr,
    pub(crate) ecn: u8,
    /// The interface that it comes by.
    pub(crate) interface: Interface,
}

/// A datagram on its way to one host.
#[derive(Clone, Debug)]
pub(crate) struct Datagram {
    host: HostId,
    from_host: HostId,
    header: Header,
    bytes: Vec<u8>,
    sender: Key,
    name: PacketName<HostId>,
    /// What stands for the sender in draws.
    sender_key: u64,
    /// What the record calls it.
    number: PacketNumber,
}

impl Datagram {
    pub(crate) fn number(&self) -> PacketNumber {
        self.number
    }

    /// Whether it is on its way from the host to itself.
    pub(crate) fn stays_within(&self, host: HostId) -> bool {
        self.host == host && self.from_host == host
    }
}

/// What a sender may ask for besides the bytes and the target.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SendOptions {
    /// The two bits of Explicit Congestion Notification.
    pub(crate) ecn: u8,
    /// The address of its own to send from.
    pub(crate) source: Option<IpAddr>,
}

impl State {
    pub(crate) fn connect_datagram(&mut self, key: Key, to: SocketAddr) -> io::Result<()> {
        let to = self.target(key, to)?;
        self.injected_fault(Verb::Connect, key, Some(to.port()))?;
        if is_broadcast(to.ip()) && !self.socket(key).options.broadcast {
            return fail(errno::EACCES);
        }
        let host = self.socket(key).host;
        let owner = self.names.owner(host, to.ip());
        let local = self.source_for(key, to, owner)?;
        self.connect_addresses(key, local, to);
        Ok(())
    }

    pub(crate) fn datagram_send(
        &mut self,
        key: Key,
        pieces: &[IoSlice<'_>],
        to: Option<SocketAddr>,
        options: SendOptions,
    ) -> io::Result<usize> {
        let len: usize = pieces.iter().map(|piece| piece.len()).sum();
        let to = match (to, self.socket(key).peer) {
            (Some(to), _) => self.target(key, to)?,
            (None, Some(peer)) => peer,
            (None, None) => return fail(errno::EDESTADDRREQ),
        };
        self.injected_fault(Verb::Send, key, None)?;
        let socket = self.socket_mut(key);
        if socket.datagrams.write_shut {
            return fail(errno::EPIPE);
        }
        if let Some(number) = socket.datagrams.error.take() {
            return fail(number);
        }
        let (host, send_buffer) = (socket.host, socket.options.send_buffer);
        let limit = if to.is_ipv4() { MAX_OVER_IPV4 } else { MAX_OVER_IPV6 };
        if len > limit.min(self.config.max_datagram).min(send_buffer) {
            return fail(errno::EMSGSIZE);
        }
        if to.port() == 0 {
            return fail(errno::EINVAL);
        }
        if is_broadcast(to.ip()) && !self.socket(key).options.broadcast {
            return fail(errno::EACCES);
        }
        let owner = self.names.owner(host, to.ip());
        let mut from = self.source_for(key, to, owner)?;
        if let Some(ip) = options.source.filter(|source| !source.is_unspecified()) {
            let ip = ip.to_canonical();
            from.set_ip(self.own_source(host, ip, to.ip(), owner)?);
        }
        self.check_unsplit(key, owner, to, len)?;
        let mut bytes = Vec::with_capacity(len);
        for piece in pieces {
            bytes.extend_from_slice(piece);
        }
        bytes.truncate(self.config.datagram_part);
        let taken = bytes.len();
        let here = owner == Some(host);
        let interface = if here { Interface::Loopback } else { Interface::Link };
        let header = Header { from, to, ecn: options.ecn, interface };
        if to.ip().is_multicast() || is_broadcast(to.ip()) {
            self.spread(key, header, &bytes);
        } else if let Some(owner) = owner {
            self.dispatch(key, owner, header, bytes);
        } else if self.socket(key).peer.is_some() {
            let packet = self.outgoing(host, None, header, Payload::Bytes(&bytes));
            if let Fate::Arrives(at) = self.decide(&packet).fate {
                // The answer of the sender's own host, which nothing has left.
                let error = errno::EHOSTUNREACH;
                self.schedule(at, packet.entity, Occurrence::Unreachable { socket: key, error });
            }
        }
        Ok(taken)
    }

    /// Refuses what would have to be split, if the sender wants no pieces. A host knows the MTU of
    /// its links; it does not have to lose a packet to learn it.
    fn check_unsplit(
        &mut self,
        key: Key,
        to_host: Option<HostId>,
        to: SocketAddr,
        len: usize,
    ) -> io::Result<()> {
        let socket = self.socket(key);
        let from_host = socket.host;
        if !socket.options.dont_fragment || to_host == Some(from_host) {
            return Ok(());
        }
        let settings = to_host.map_or(&self.links.default, |to| self.links.settings(from_host, to));
        let Some(mtu) = settings.mtu else { return Ok(()) };
        let room = if to.is_ipv4() { mtu - 28 } else { mtu.max(MIN_MTU_V6) - 48 };
        if len <= room {
            return Ok(());
        }
        self.strike(FaultKind::Mtu, (Some(from_host), to_host));
        fail(errno::EMSGSIZE)
    }

    /// Checks the address that a sender asked to send from.
    fn own_source(
        &self,
        host: HostId,
        source: IpAddr,
        to: IpAddr,
        owner: Option<HostId>,
    ) -> io::Result<IpAddr> {
        let stays = owner == Some(host);
        if source.is_ipv4() != to.is_ipv4()
            || source.is_multicast()
            || is_broadcast(source)
            || (source.is_loopback() && !stays)
        {
            return fail(errno::EINVAL);
        }
        if self.names.owner(host, source) != Some(host) {
            return fail(if source.is_ipv4() { errno::ENETUNREACH } else { errno::EINVAL });
        }
        Ok(source)
    }

    fn dispatch(&mut self, key: Key, host: HostId, header: Header, bytes: Vec<u8>) {
        let from_host = self.socket(key).host;
        let packet = self.outgoing(from_host, Some(host), header, Payload::Bytes(&bytes));
        let (name, entity, wire_len) = (packet.name, packet.entity, packet.wire_len());
        let way = self.decide(&packet);
        let (sender, sender_key, number) = (key, self.key_of_socket(key), way.number);
        let mut datagram =
            Datagram { host, from_host, header, bytes, sender, name, sender_key, number };
        if let Some(draw) = way.garbled {
            garble(&mut datagram.bytes, draw);
        }
        let copy = way
            .again
            .map(|later| (Datagram { number: way.number.next(), ..datagram.clone() }, later));
        self.carry(datagram, entity, way.fate, 0, wire_len);
        if let Some((copy, later)) = copy {
            self.carry(copy, entity, way.fate, later, wire_len);
        }
    }

    /// Brings a datagram to where its fate says, `later` than it says.
    fn carry(&mut self, datagram: Datagram, entity: u64, fate: Fate, later: u64, wire_len: usize) {
        let (from, to) = (datagram.from_host, datagram.host);
        let what = Occurrence::Datagram { packet: Box::new(datagram) };
        match fate {
            Fate::Arrives(at) => self.schedule(at.saturating_add(later), entity, what),
            Fate::Held(delay) => {
                let delay = delay.saturating_add(later);
                let held = Clogged { what, ordered: None, entity, delay, wire_len };
                self.links.path(from, to).held.push(held);
            }
            Fate::Lost => {}
        }
    }

    /// The next datagram from one host to another; to nobody if no host has the address.
    fn outgoing<'a>(
        &mut self,
        from: HostId,
        to: Option<HostId>,
        header: Header,
        payload: Payload<'a>,
    ) -> Outgoing<'a> {
        let name = self.next_datagram(from, to.unwrap_or(from));
        let (entity, nth) = self.key_and_nth(name);
        Outgoing {
            from,
            to,
            source: header.from,
            destination: header.to,
            kind: PacketKind::Datagram,
            flow: Flow::Datagrams,
            // Datagrams within a host keep their order, also those of different sockets.
            ordered: to == Some(from),
            ecn: header.ecn,
            payload,
            name,
            entity,
            nth,
        }
    }

    pub(crate) fn on_datagram(&mut self, packet: Datagram) {
        let is_lost = self.is_down(packet.host);
        self.journal.arrival(self.now, packet.number, packet.host, is_lost.then_some(DOWN));
        if is_lost {
            return;
        }
        let to = packet.header.to.ip();
        if to.is_multicast() || is_broadcast(to) {
            for key in self.receivers_of_all(&packet) {
                self.deliver(key, packet.header, packet.bytes.clone());
            }
        } else if let Some(key) = self.receiver(&packet) {
            self.deliver(key, packet.header, packet.bytes);
        } else {
            self.refuse(&packet);
        }
    }

    /// No socket has the port. A connected sender learns of it.
    fn refuse(&mut self, packet: &Datagram) {
        let connected = |socket: &crate::state::SocketState| socket.peer == Some(packet.header.to);
        if !self.sockets.get(packet.sender).is_some_and(connected) {
            return;
        }
        let (entity, nth) = self.key_and_nth(packet.name);
        let answer = Outgoing {
            from: packet.host,
            to: Some(packet.from_host),
            source: packet.header.to,
            destination: packet.header.from,
            kind: PacketKind::Unreachable,
            flow: Flow::Datagrams,
            ordered: false,
            ecn: 0,
            payload: Payload::Nothing,
            // It counts as no datagram of its own, so it has the name of what it answers.
            name: packet.name,
            entity: entity ^ ANSWER,
            nth,
        };
        let wire_len = answer.wire_len();
        let (socket, error) = (packet.sender, errno::ECONNREFUSED);
        let what = Occurrence::Unreachable { socket, error };
        let entity = self.key_of_datagrams(packet.host, packet.from_host);
        match self.decide(&answer).fate {
            Fate::Arrives(at) => self.schedule(at, entity, what),
            Fate::Held(delay) => {
                let held = Clogged { what, ordered: None, entity, delay, wire_len };
                self.links.path(packet.host, packet.from_host).held.push(held);
            }
            Fate::Lost => {}
        }
    }

    pub(crate) fn on_unreachable(&mut self, key: Key, error: i32) {
        let Some(socket) = self.sockets.get_mut(key) else {
            return;
        };
        if socket.peer.is_none() {
            return;
        }
        socket.datagrams.error = Some(error);
        self.note_socket(key, "unreachable", error as u64);
        self.edge(key);
    }

    /// How well a socket fits a packet: connected to the sender is best, then bound to just this
    /// address, then bound to any.
    fn fit(&self, key: Key, packet: &Datagram) -> Option<u8> {
        let socket = self.sockets.get(key)?;
        let bound: Bound = socket.bound?;
        if !bound.takes(packet.header.to.ip()) {
            return None;
        }
        match socket.peer {
            Some(peer) if peer == packet.header.from => Some(2),
            Some(_) => None,
            None => Some(u8::from(bound.is_specific())),
        }
    }

    fn receiver(&mut self, packet: &Datagram) -> Option<Key> {
        let mut best: Vec<Key> = Vec::new();
        let mut best_fit = 0;
        for key in self.host(packet.host).ports.binders(Kind::Datagram, packet.header.to.port()) {
            let Some(fit) = self.fit(*key, packet) else {
                continue;
            };
            if fit > best_fit {
                best.clear();
                best_fit = fit;
            }
            if fit == best_fit {
                best.push(*key);
            }
        }
        let last = *best.last()?;
        if best.len() == 1 || !self.socket(last).options.reuse_port {
            // As on Linux: of the sockets that share by `ReuseAddress`, the last one gets it.
            return Some(last);
        }
        // All packets of one sender go to the same socket, as on Linux.
        let raw = draw(self.choices.seed, RECEIVER, packet.sender_key, 0);
        Some(best[below(raw, best.len() as u64) as usize])
    }

    pub(crate) fn shutdown_datagram(&mut self, key: Key, how: Shutdown) -> io::Result<()> {
        let socket = self.socket_mut(key);
        let connected = socket.peer.is_some();
        socket.datagrams.read_shut |= how != Shutdown::Write;
        socket.datagrams.write_shut |= how != Shutdown::Read;
        self.edge(key);
        // Without a peer Linux shuts the socket and returns an error.
        if connected { Ok(()) } else { fail(errno::ENOTCONN) }
    }
}
