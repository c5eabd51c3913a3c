//! Datagrams: sending, delivery, and the queue of a socket.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::{IpAddr, Shutdown, SocketAddr};

use crate::address::Bound;
use crate::arena::Key;
use crate::choice::{below, draw, site};
use crate::errno::{self, EAGAIN, fail};
use crate::host::HostId;
use crate::link::Verdict;
use crate::names::is_broadcast;
use crate::queue::Occurrence;
use crate::readiness::Readiness;
use crate::socket::Kind;
use crate::state::State;

const LATENCY: u64 = site("datagram latency");
const RECEIVER: u64 = site("receiver of a shared port");

/// A datagram on its way to one host.
#[derive(Debug)]
pub(crate) struct Packet {
    host: HostId,
    from_host: HostId,
    from: SocketAddr,
    to: SocketAddr,
    ecn: u8,
    bytes: Vec<u8>,
    sender: Key,
    number: u64,
}

/// A datagram that waits to be received.
#[derive(Debug)]
pub(crate) struct Letter {
    envelope: Envelope,
    bytes: Vec<u8>,
}

/// What is written on a datagram that has arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope {
    pub(crate) from: SocketAddr,
    /// The address that it was sent to: one of the host's, a group's, or everybody's.
    pub(crate) to: IpAddr,
    pub(crate) ecn: u8,
    /// Whether it never left its host.
    pub(crate) from_here: bool,
}

/// What a sender may ask for besides the bytes and the target.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish {
    /// The two bits of Explicit Congestion Notification.
    pub(crate) ecn: u8,
    /// The address of its own to send from.
    pub(crate) source: Option<IpAddr>,
}

/// What a datagram socket has beyond what all sockets have.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    pub(crate) letters: VecDeque<Letter>,
    /// What the letters count against the receive buffer.
    pub(crate) charged: usize,
    pub(crate) error: Option<i32>,
    pub(crate) groups: Vec<IpAddr>,
    read_shut: bool,
    write_shut: bool,
    draws: u64,
}

/// Where a datagram is from, where it goes, and its ECN bits.
type Ways = (SocketAddr, SocketAddr, u8);

/// What a letter counts: an empty one is not free, so that the queue has a bound.
fn charge(bytes: &[u8]) -> usize {
    bytes.len().max(1)
}

impl Mailbox {
    pub(crate) fn readiness(&self) -> Readiness {
        let mut readiness = Readiness::WRITABLE;
        readiness.set_if(!self.letters.is_empty() || self.read_shut, Readiness::READABLE);
        readiness.set_if(self.read_shut, Readiness::READ_CLOSED);
        readiness.set_if(self.read_shut && self.write_shut, Readiness::WRITE_CLOSED);
        readiness.set_if(self.error.is_some(), Readiness::ERROR | Readiness::WRITE_CLOSED);
        readiness
    }
}

/// A datagram that was received, or looked at.
pub(crate) struct Received {
    pub(crate) copied: usize,
    pub(crate) truncated: bool,
    pub(crate) envelope: Envelope,
}

impl State {
    pub(crate) fn connect_datagram(&mut self, key: Key, to: SocketAddr) -> io::Result<()> {
        let to = self.target(key, to)?;
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
        wish: Wish,
    ) -> io::Result<usize> {
        let len: usize = pieces.iter().map(|piece| piece.len()).sum();
        let to = match (to, self.socket(key).peer) {
            (Some(to), _) => self.target(key, to)?,
            (None, Some(peer)) => peer,
            (None, None) => return fail(errno::EDESTADDRREQ),
        };
        let socket = self.socket_mut(key);
        if socket.mailbox.write_shut {
            return fail(errno::EPIPE);
        }
        if let Some(number) = socket.mailbox.error.take() {
            return fail(number);
        }
        let (host, most) = (socket.host, socket.options.send_buffer);
        if len > self.config.max_datagram || len > most {
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
        if let Some(ip) = wish.source.filter(|source| !source.is_unspecified()) {
            let ip = ip.to_canonical();
            from.set_ip(self.own_source(host, ip, to.ip(), owner)?);
        }
        let mut bytes = Vec::with_capacity(len);
        for piece in pieces {
            bytes.extend_from_slice(piece);
        }
        bytes.truncate(self.config.datagram_part);
        self.trace.content(self.socket(key).number, &bytes);
        let taken = bytes.len();
        let ways = (from, to, wish.ecn);
        if to.ip().is_multicast() || is_broadcast(to.ip()) {
            self.spread(key, ways, &bytes);
        } else if let Some(owner) = owner {
            self.dispatch(key, owner, ways, bytes);
        } else if self.socket(key).peer.is_some() {
            let raw = self.datagram_draw(key);
            let at = self.now.saturating_add(self.links.nowhere(raw));
            let number = self.socket(key).number;
            let error = errno::EHOSTUNREACH;
            self.schedule(at, number, Occurrence::Unreachable { socket: key, error });
        }
        Ok(taken)
    }

    /// The address that a sender asked to send from, if it is one of its own.
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

    /// One copy for every host that may have receivers.
    fn spread(&mut self, key: Key, ways: Ways, bytes: &[u8]) {
        let (_, to, _) = ways;
        let socket = self.socket(key);
        let home = socket.host;
        let options = &socket.options;
        let (looped, outside) = match to.ip() {
            IpAddr::V4(ip) if ip.is_multicast() => {
                (options.multicast_loop_v4, options.multicast_ttl_v4 > 0)
            }
            IpAddr::V6(_) => (options.multicast_loop_v6, options.multicast_hops_v6 > 0),
            IpAddr::V4(_) => (true, true),
        };
        for number in 0..self.hosts.len() as u32 {
            let host = HostId(number);
            if if host == home { looped } else { outside } {
                self.dispatch(key, host, ways, bytes.to_vec());
            }
        }
    }

    fn dispatch(&mut self, key: Key, host: HostId, (from, to, ecn): Ways, bytes: Vec<u8>) {
        let raw = self.datagram_draw(key);
        let socket = self.socket(key);
        let (from_host, number) = (socket.host, socket.number);
        match self.links.decide(from_host, host, raw) {
            Verdict::Deliver(delay) => {
                let at = self.now.saturating_add(delay);
                let packet = Packet { host, from_host, from, to, ecn, bytes, sender: key, number };
                self.schedule(at, number, Occurrence::Datagram { packet: Box::new(packet) });
            }
            Verdict::Lost => self.trace.fact(self.now, "datagram lost", number, 0),
        }
    }

    fn datagram_draw(&mut self, key: Key) -> u64 {
        let seed = self.choices.seed;
        let socket = self.socket_mut(key);
        socket.mailbox.draws += 1;
        draw(seed, LATENCY, socket.number, socket.mailbox.draws)
    }

    pub(crate) fn on_datagram(&mut self, packet: Packet) {
        self.trace.fact(self.now, "datagram", packet.number, packet.bytes.len() as u64);
        let to = packet.to.ip();
        let envelope = Envelope {
            from: packet.from,
            to,
            ecn: packet.ecn,
            from_here: packet.from_host == packet.host,
        };
        if to.is_multicast() || is_broadcast(to) {
            for key in self.receivers_of_all(&packet) {
                self.deliver(key, envelope, packet.bytes.clone());
            }
        } else if let Some(key) = self.receiver(&packet) {
            self.deliver(key, envelope, packet.bytes);
        } else {
            self.refuse(&packet);
        }
    }

    /// Nobody has the port: a connected sender learns of it.
    fn refuse(&mut self, packet: &Packet) {
        let connected = |socket: &crate::state::SocketState| socket.peer == Some(packet.to);
        if !self.sockets.get(packet.sender).is_some_and(connected) {
            return;
        }
        let raw = self.datagram_draw(packet.sender);
        if let Verdict::Deliver(delay) = self.links.decide(packet.host, packet.from_host, raw) {
            let at = self.now.saturating_add(delay);
            let (socket, error) = (packet.sender, errno::ECONNREFUSED);
            self.schedule(at, packet.number, Occurrence::Unreachable { socket, error });
        }
    }

    pub(crate) fn on_unreachable(&mut self, key: Key, error: i32) {
        let Some(socket) = self.sockets.get_mut(key) else {
            return;
        };
        if socket.peer.is_none() {
            return;
        }
        socket.mailbox.error = Some(error);
        self.trace_socket("unreachable", key, error as u64);
        self.edge(key);
    }

    /// How well a socket fits a packet: connected to the sender is best, then bound to just this
    /// address, then bound to any.
    fn fit(&self, key: Key, packet: &Packet) -> Option<u8> {
        let socket = self.sockets.get(key)?;
        let bound: Bound = socket.bound?;
        if !bound.takes(packet.to.ip()) {
            return None;
        }
        match socket.peer {
            Some(peer) if peer == packet.from => Some(2),
            Some(_) => None,
            None => Some(u8::from(bound.is_specific())),
        }
    }

    fn receiver(&mut self, packet: &Packet) -> Option<Key> {
        let mut best: Vec<Key> = Vec::new();
        let mut best_fit = 0;
        for key in self.host(packet.host).ports.binders(Kind::Datagram, packet.to.port()) {
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
            // As on Linux, of sockets that share by `ReuseAddress` the last one gets it all.
            return Some(last);
        }
        // All packets of one sender go to the same socket, as on Linux.
        let raw = draw(self.choices.seed, RECEIVER, packet.number, 0);
        Some(best[below(raw, best.len() as u64) as usize])
    }

    /// All members of a group, or everybody on the port for a broadcast.
    fn receivers_of_all(&self, packet: &Packet) -> Vec<Key> {
        let to = packet.to.ip();
        let binders = self.host(packet.host).ports.binders(Kind::Datagram, packet.to.port());
        let fits = |key: &&Key| {
            let member = is_broadcast(to)
                || self.sockets.get(**key).is_some_and(|s| s.mailbox.groups.contains(&to));
            member && self.fit(**key, packet).is_some()
        };
        binders.iter().filter(fits).copied().collect()
    }

    fn deliver(&mut self, key: Key, envelope: Envelope, bytes: Vec<u8>) {
        let socket = self.socket_mut(key);
        let most = socket.options.receive_buffer;
        let mailbox = &mut socket.mailbox;
        let charge = charge(&bytes);
        if !mailbox.letters.is_empty() && mailbox.charged + charge > most {
            self.trace_socket("datagram dropped", key, charge as u64);
            return;
        }
        mailbox.charged += charge;
        mailbox.letters.push_back(Letter { envelope, bytes });
        self.edge(key);
    }

    /// The first datagram goes to `sink`, as far as it fits into `limit` bytes.
    pub(crate) fn datagram_receive(
        &mut self,
        key: Key,
        limit: usize,
        consume: bool,
        mut sink: impl FnMut(&[u8]),
    ) -> io::Result<Received> {
        let mailbox = &mut self.socket_mut(key).mailbox;
        if let Some(number) = mailbox.error.take() {
            return fail(number);
        }
        let Some(letter) = mailbox.letters.front() else {
            // Even if it is shut for reading: so it is on Linux for a socket that does not block.
            return fail(EAGAIN);
        };
        let copied = letter.bytes.len().min(limit);
        sink(&letter.bytes[..copied]);
        let received =
            Received { copied, truncated: copied < letter.bytes.len(), envelope: letter.envelope };
        if consume {
            mailbox.charged -= charge(&letter.bytes);
            mailbox.letters.pop_front();
        }
        Ok(received)
    }

    pub(crate) fn shutdown_datagram(&mut self, key: Key, how: Shutdown) -> io::Result<()> {
        let socket = self.socket_mut(key);
        let connected = socket.peer.is_some();
        socket.mailbox.read_shut |= how != Shutdown::Write;
        socket.mailbox.write_shut |= how != Shutdown::Read;
        self.edge(key);
        // Without a peer Linux shuts the socket and still calls it an error.
        if connected { Ok(()) } else { fail(errno::ENOTCONN) }
    }
}
