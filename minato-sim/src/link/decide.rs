//! The fate of a packet, decided when it is sent.

use super::settings::{Chance, Settings};
use crate::arena::Key;
use crate::choice::{draw, draw_at, site};
use crate::packet::{Flow, Outgoing, PacketKind};
use crate::record::{Decided, PacketNumber, Sent};
use crate::state::State;
use crate::strikes::FaultKind;
use crate::tcp::Side;

const LOSS: u64 = site("loss");
const DUPLICATE: u64 = site("duplicate");
const REORDER: u64 = site("reorder");
const CORRUPT: u64 = site("corrupt");
const GARBLE: u64 = site("garble");

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It arrives at this instant.
    Arrives(u64),
    /// A clogged link holds it; then it takes this long.
    Held(u64),
    /// It never arrives.
    Lost,
}

/// The fate of a packet, with what can only happen to datagrams.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    /// What the record calls the packet; the copy has the number after it.
    pub(crate) number: PacketNumber,
    pub(crate) fate: Fate,
    /// A second copy arrives this much later.
    pub(crate) again: Option<u64>,
    /// Bytes arrive changed, by this draw.
    pub(crate) garbled: Option<u64>,
}

impl Way {
    pub(crate) fn new(fate: Fate) -> Self {
        Way { number: PacketNumber::default(), fate, again: None, garbled: None }
    }
}

impl State {
    /// Decides the fate of a packet that is sent now, and writes both down. Every packet of TCP and
    /// UDP goes through here.
    pub(crate) fn decide(&mut self, packet: &Outgoing<'_>) -> Way {
        let mut way = self.draw_way(packet);
        if packet.ordered
            && let Fate::Arrives(at) = way.fate
        {
            way.fate = Fate::Arrives(self.in_order_of_flow(packet, at));
        }
        way.number = self.note_packet(packet, &way);
        way
    }

    /// When an ordered packet arrives that would arrive at `at`.
    fn in_order_of_flow(&mut self, packet: &Outgoing<'_>, at: u64) -> u64 {
        let last = match packet.flow {
            Flow::Connection { key, from } => return self.in_order(key, from, at),
            Flow::Datagrams => &mut self.host_mut(packet.from).last_loopback,
        };
        *last = at.max(last.saturating_add(1));
        *last
    }

    fn draw_way(&mut self, packet: &Outgoing<'_>) -> Way {
        let raw = draw_at(self.choices.latency, packet.entity, packet.nth);
        if self.rules.is_empty()
            && let Some(latency) = self.links.plain()
        {
            let latency =
                if packet.to == Some(packet.from) { &self.links.loopback } else { latency };
            return Way::new(Fate::Arrives(self.now.saturating_add(latency.delay(raw))));
        }
        self.decide_slowly(packet, raw)
    }

    /// Does all that [`decide`](State::decide) does for the next packet of one end of a connection,
    /// where nothing but a latency is drawn. Returns when it arrives and what the record calls it;
    /// nothing, and does nothing, where there is more to decide.
    ///
    /// Most packets of most runs are such. So this looks the connection up once, and goes without
    /// an [`Outgoing`].
    #[inline]
    pub(crate) fn decide_plainly(
        &mut self,
        (key, from): (Key, Side),
        kind: PacketKind,
        len: usize,
        is_ordered: bool,
    ) -> Option<(u64, PacketNumber)> {
        if !self.rules.is_empty() || self.config.capture > 0 {
            return None;
        }
        let latency = self.links.plain()?;
        let connection = self.connections.get_mut(key)?;
        // 1. The name of the packet, and what is drawn for it.
        let (here, there) = (from.index(), from.index_of_other());
        let (end, peer) = (&connection.ends[here], &connection.ends[there]);
        let nth = end.packets;
        let raw = draw_at(self.choices.latency, connection.key ^ here as u64, nth);
        let latency = if end.host == peer.host { &self.links.loopback } else { latency };
        let mut at = self.now.saturating_add(latency.delay(raw));
        // 2. It does not overtake what its end has sent before.
        if is_ordered {
            at = connection.flows[here].in_order(at);
        }
        connection.ends[here].packets = nth + 1;
        // 3. The record.
        let (sequence, acknowledgement, window) = connection.numbers(from, kind);
        let sent = Sent {
            route: &connection.routes[here],
            kind,
            nth,
            len,
            payload: &[],
            digest: connection.flows[here].digest,
            sequence,
            acknowledgement,
            window,
            ecn: 0,
            fate: Decided::Arrives(at),
            faults: std::mem::take(&mut self.struck),
        };
        Some((at, self.journal.packet(self.now, &sent)))
    }

    /// The same where there are rules, or links that do more than take their time.
    fn decide_slowly(&mut self, packet: &Outgoing<'_>, raw: u64) -> Way {
        // 1. The rules see every packet as it is sent.
        let Some(mut way) = self.ask_rules(packet) else { return Way::new(Fate::Lost) };
        // 2. Within a host there is no link.
        let Some(to) = packet.to else {
            let delay = self.links.nowhere(raw);
            return self.after(way, delay);
        };
        if to == packet.from {
            let delay = self.links.loopback.delay(raw);
            return self.after(way, delay);
        }
        // 3. The link.
        match self.cross(packet, raw, &mut way) {
            Some(delay) => self.after(way, delay),
            None => Way::new(Fate::Lost),
        }
    }

    /// Adds a delay to a fate.
    pub(super) fn after(&self, mut way: Way, delay: u64) -> Way {
        way.fate = match way.fate {
            Fate::Arrives(at) => Fate::Arrives(at.saturating_add(delay)),
            Fate::Held(after) => Fate::Held(after.saturating_add(delay)),
            Fate::Lost => Fate::Lost,
        };
        way
    }

    /// The way over a link: how long it takes, or `None` if the packet is lost. Notes the rest in
    /// `way`.
    fn cross(&mut self, packet: &Outgoing<'_>, raw: u64, way: &mut Way) -> Option<u64> {
        let (from, to) = (packet.from, packet.to?);
        let settings = self.links.path(from, to).settings;
        let delay = self.links.latency_by(&settings).delay(raw);
        // 1. Whether the link carries anything at all.
        if settings.cut {
            self.strike_packet(FaultKind::Cut);
            return None;
        }
        if settings.flap.is_some_and(|flap| flap.is_down(self.now)) {
            self.strike_packet(FaultKind::Flap);
            return None;
        }
        // 2. Pieces that the link can carry, and the queue before it.
        let pieces = settings.mtu.map_or(1, |mtu| packet.pieces(mtu));
        if pieces > 1 {
            self.strike_packet(FaultKind::Mtu);
        }
        let waits = if settings.clogged {
            self.strike_packet(FaultKind::Clog);
            let Fate::Arrives(at) = way.fate else { return None };
            way.fate = Fate::Held(at - self.now);
            0
        } else if packet.kind == PacketKind::Probe {
            // It stands for the bytes that are sent again right behind it, and they take the link.
            0
        } else {
            let left = self.links.path(from, to).leave(self.now, packet.bytes_in(pieces));
            let Some(waits) = left else {
                self.strike_packet(FaultKind::Queue);
                return None;
            };
            if waits > 0 {
                self.strike_packet(FaultKind::Rate);
            }
            waits
        };
        // 3. What chance does to the packet.
        let more = self.take_chances(packet, &settings, pieces, way)?;
        Some(delay.saturating_add(waits).saturating_add(more))
    }

    /// Keeps the name of a packet that was lost by chance, for who wants to lose it again.
    fn note_lost(&mut self, packet: &Outgoing<'_>) {
        const MOST: usize = 10_000;
        if self.lost.len() < MOST {
            self.lost.push(packet.name);
        }
    }

    /// What a link does to a packet by chance: how much longer it takes, or `None` if it is lost.
    fn take_chances(
        &mut self,
        packet: &Outgoing<'_>,
        settings: &Settings,
        pieces: usize,
        way: &mut Way,
    ) -> Option<u64> {
        let (seed, entity, nth) = (self.choices.seed, packet.entity, packet.nth);
        let draw = |site: u64, number: u64| draw(seed, site.wrapping_add(number), entity, nth);
        let hits = |chance: Option<Chance>, site, number| {
            chance.is_some_and(|chance| chance.hits(draw(site, number)))
        };
        // A datagram in pieces is lost if one of them is.
        if (0..pieces as u64).any(|piece| hits(settings.loss, LOSS, piece)) {
            self.strike_packet(FaultKind::Loss);
            self.note_lost(packet);
            return None;
        }
        if hits(settings.corrupt, CORRUPT, 0) {
            self.strike_packet(FaultKind::Corrupt);
            self.note_lost(packet);
            return None;
        }
        if hits(settings.garble, GARBLE, 0) {
            self.strike_packet(FaultKind::Corrupt);
            // The checksum of a stream finds it. Without bytes only the header can be wrong.
            if packet.kind != PacketKind::Datagram || packet.payload.len() == 0 {
                return None;
            }
            way.garbled = Some(draw(GARBLE, 1));
        }
        let mut more = 0;
        if let Some((chance, by)) = settings.reorder
            && hits(Some(chance), REORDER, 0)
        {
            self.strike_packet(FaultKind::Reorder);
            more = by;
        }
        if let Some(slow) = settings.slow.filter(|slow| *slow > 0) {
            self.strike_packet(FaultKind::Slow);
            more = slow.saturating_add(more);
        }
        if hits(settings.duplicate, DUPLICATE, 0) {
            self.strike_packet(FaultKind::Duplicate);
            // The copy takes a way of its own.
            way.again = Some(self.links.latency_by(settings).delay(draw(DUPLICATE, 1)));
        }
        Some(more)
    }
}
