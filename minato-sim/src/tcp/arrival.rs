//! What a packet does where it arrives, and what a sender does about a lost one.

use super::connection::{Owner, Phase, Side};
use super::flow::Fin;
use crate::arena::Key;
use crate::errno;
use crate::link::Fate;
use crate::packet::{PacketKind, Payload};
use crate::queue::Step;
use crate::record::PacketNumber;
use crate::state::State;
use crate::time::SECOND;

/// The pause before a lost packet is sent again. Each further pause is twice as long.
const FIRST_PAUSE: u64 = SECOND / 5;
/// The longest pause.
const MAX_PAUSE: u64 = 120 * SECOND;
/// The bytes of a packet that carries none.
const EMPTY_PACKET: usize = 40;
/// How long a sender tries before it gives up the connection.
const GIVE_UP_AFTER: u64 = 15 * 60 * SECOND;

impl State {
    pub(crate) fn on_segment(&mut self, key: Key, to: Side, bytes: usize, fin: bool) {
        let connection = self.connection(key);
        if connection.end(to).phase != Phase::Open {
            if connection.is_unknown(to) {
                return self.refuse_unknown(key, to);
            }
            // Whatever follows a lost confirmation implies it.
            if to == Side::Server {
                self.on_handshake_ack(key);
            }
        }
        let now = self.now;
        let connection = self.connection_mut(key);
        let end = connection.end_mut(to);
        // Nobody is going to read: the socket is closed, or shut in both directions.
        let shut = end.read_shut && end.write_shut && !end.fin_received;
        let gone = end.owner == Owner::Nobody || shut;
        if end.phase != Phase::Open || (gone && bytes > 0) {
            connection.flow_to_mut(to).discarded(bytes);
            let peer_alive = connection.end(to.other()).phase == Phase::Open;
            if peer_alive {
                self.send_reset(key, to);
            }
            self.kill(key, to, shut.then_some(errno::ECONNRESET));
            self.edge_of(key, to);
            return;
        }
        end.last_heard = now;
        end.probes = 0;
        if bytes > 0 {
            connection.flow_to_mut(to).arrived(bytes);
            self.acknowledge(key, to, bytes);
        }
        if fin {
            let connection = self.connection_mut(key);
            connection.end_mut(to).fin_received = true;
            connection.flow_to_mut(to).fin = Fin::Arrived;
            self.release_port(key, to.other());
            self.release_port(key, to);
        }
        self.edge_of(key, to);
    }

    /// The receiver at `to` confirms bytes to the sender.
    fn acknowledge(&mut self, key: Key, to: Side, bytes: usize) {
        let sender = to.other();
        let way = self.pass(key, to, PacketKind::Ack);
        match way.fate {
            Fate::Arrives(at) => {
                let connection = self.connection_mut(key);
                connection.flow_from_mut(sender).acknowledge(at, bytes);
                if connection.end(sender).wants_space {
                    self.arm_space_timer(key, sender);
                }
            }
            Fate::Held(delay) => {
                let step = Step::Acknowledged { to: sender, bytes: bytes as u32 };
                self.hold(key, to, false, (delay, way.number), EMPTY_PACKET, step);
            }
            Fate::Lost => {
                self.connection_mut(key).flow_from_mut(sender).unreported += bytes;
                self.stall(key, sender);
            }
        }
    }

    /// A late acknowledgement reaches the sender.
    pub(crate) fn on_acknowledged(&mut self, key: Key, to: Side, bytes: usize) {
        let now = self.now;
        let connection = self.connection_mut(key);
        if connection.end(to).phase == Phase::Open {
            connection.flow_from_mut(to).acknowledge(now, bytes);
            self.check_space(key, to);
        }
    }

    /// Something that the flow from `side` needs was lost: its retransmission timer starts.
    pub(crate) fn stall(&mut self, key: Key, side: Side) {
        let now = self.now;
        let connection = self.connection_mut(key);
        let flow = connection.flow_from_mut(side);
        if flow.stalled {
            return;
        }
        flow.stalled = true;
        flow.losing_since.get_or_insert(now);
        let pause = FIRST_PAUSE.checked_shl(flow.attempts).unwrap_or(MAX_PAUSE);
        flow.attempts = (flow.attempts + 1).min(16);
        let at = now.saturating_add(pause.min(MAX_PAUSE));
        self.note_connection(key, side, "stalls", pause);
        self.schedule_for(key, at, Step::Retransmit { from: side });
    }

    pub(crate) fn on_retransmit(&mut self, key: Key, from: Side) {
        let now = self.now;
        let connection = self.connection_mut(key);
        if connection.end(from).phase != Phase::Open {
            return;
        }
        let flow = connection.flow_from_mut(from);
        if !flow.stalled {
            return;
        }
        flow.stalled = false;
        if flow.losing_since.is_some_and(|since| now - since >= GIVE_UP_AFTER) {
            self.kill(key, from, Some(errno::ETIMEDOUT));
            self.edge_of(key, from);
            return;
        }
        // One probe there and back tells whether the path works again.
        let Some(answered) = self.probe(key, from, PacketKind::Probe) else {
            self.stall(key, from);
            return;
        };
        if self.connection(key).is_unknown(from.other()) {
            self.schedule_for(key, answered, Step::Reset { to: from });
            return;
        }
        let flow = self.connection_mut(key).flow_from_mut(from);
        flow.losing_since = None;
        flow.attempts = 0;
        let unreported = std::mem::take(&mut flow.unreported);
        if unreported > 0 {
            flow.acknowledge(answered, unreported);
            self.arm_space_timer(key, from);
        }
        self.transmit(key, from);
    }

    /// A packet to the other end, and its answer. Returns when the answer is here, if both get
    /// through. A host that is down does not answer, and one that knows nothing of the connection
    /// answers with a reset.
    pub(crate) fn probe(&mut self, key: Key, from: Side, kind: PacketKind) -> Option<u64> {
        let (there, asked) = self.pass_probe(key, from, from, kind)?;
        let connection = self.connection(key);
        let peer = connection.end(from.other()).host;
        if self.is_down(peer) {
            self.note_unheard(peer, asked);
            return None;
        }
        let is_known = !connection.is_unknown(from.other());
        let answer = if is_known { PacketKind::Ack } else { PacketKind::Reset };
        let (back, _) = self.pass_probe(key, from, from.other(), answer)?;
        let there = self.in_order(key, from, there);
        Some(there.saturating_add(back - self.now))
    }

    /// One of the two packets of a probe by `prober`. If a clogged link holds it, the prober tries
    /// again when it goes on. Returns when it arrives, and what the record calls it.
    fn pass_probe(
        &mut self,
        key: Key,
        prober: Side,
        from: Side,
        kind: PacketKind,
    ) -> Option<(u64, PacketNumber)> {
        let way = self.pass(key, from, kind);
        match way.fate {
            Fate::Arrives(at) => Some((at, way.number)),
            Fate::Held(delay) => {
                let step = Step::Retransmit { from: prober };
                self.hold(key, from, false, (delay, way.number), EMPTY_PACKET, step);
                None
            }
            Fate::Lost => None,
        }
    }

    /// A reset for the other end. Returns whether it gets there.
    pub(crate) fn send_reset(&mut self, key: Key, from: Side) -> bool {
        let to = from.other();
        let step = Step::Reset { to };
        if self.send_packet(key, from, PacketKind::Reset, Payload::Nothing, step) {
            return true;
        }
        if self.connection(key).end(to).phase == Phase::HalfOpen {
            self.schedule_half_open_end(key);
        } else if self.connection(key).end(to).phase == Phase::Connecting {
            let at = self.now.saturating_add(SECOND);
            self.schedule_for(key, at, Step::SynRetry);
        }
        false
    }

    pub(crate) fn on_reset(&mut self, key: Key, to: Side) {
        let end = self.connection(key).end(to);
        let error = match end.phase {
            Phase::Dead | Phase::Absent | Phase::Gone => return,
            Phase::Connecting => errno::ECONNREFUSED,
            Phase::HalfOpen => errno::ECONNRESET,
            Phase::Open if end.fin_received => errno::EPIPE,
            Phase::Open => errno::ECONNRESET,
        };
        self.kill(key, to, Some(error));
        self.edge_of(key, to);
    }
}
