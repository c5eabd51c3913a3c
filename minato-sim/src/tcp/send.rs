//! How the packets of a connection leave.

use super::connection::{Phase, Side};
use crate::arena::Key;
use crate::link::{Clogged, Fate, Way};
use crate::packet::{Flow, Outgoing, PacketKind, Payload};
use crate::queue::{Occurrence, Step};
use crate::record::PacketNumber;
use crate::state::State;
use crate::strikes::FaultKind;

impl State {
    /// The next packet of one end of a connection.
    pub(super) fn outgoing_packet<'a>(
        &mut self,
        key: Key,
        from: Side,
        kind: PacketKind,
        payload: Payload<'a>,
    ) -> Outgoing<'a> {
        let name = self.next_packet(key, from);
        let connection = self.connection(key);
        let entity = connection.key ^ u64::from(from == Side::Server);
        let nth = connection.end(from).packets - 1;
        let (here, there) = (connection.end(from), connection.end(from.other()));
        Outgoing {
            from: here.host,
            to: Some(there.host),
            source: here.address,
            destination: there.address,
            kind,
            flow: Flow::Connection { key, from },
            ordered: kind.is_ordered(),
            ecn: 0,
            payload,
            name,
            entity,
            nth,
        }
    }

    /// Sends a packet for which no event is needed if it simply arrives. It may overtake others.
    #[inline]
    pub(super) fn pass(&mut self, key: Key, from: Side, kind: PacketKind) -> Way {
        match self.decide_plainly((key, from), kind, 0, false) {
            Some((at, number)) => Way { number, ..Way::new(Fate::Arrives(at)) },
            None => {
                let packet = self.outgoing_packet(key, from, kind, Payload::Nothing);
                self.decide(&Outgoing { ordered: false, ..packet })
            }
        }
    }

    /// Sends a packet that arrives after all earlier ones. `step` happens when it does. Returns
    /// false if it is lost.
    pub(crate) fn send_packet(
        &mut self,
        key: Key,
        from: Side,
        kind: PacketKind,
        payload: Payload<'_>,
        step: Step,
    ) -> bool {
        let plain = self.decide_plainly((key, from), kind, payload.len(), kind.is_ordered());
        if let Some((at, number)) = plain {
            self.schedule_step(key, at, step, number);
            return true;
        }
        let packet = self.outgoing_packet(key, from, kind, payload);
        let wire_len = packet.wire_len();
        let way = self.decide(&packet);
        match way.fate {
            Fate::Arrives(at) => self.schedule_step(key, at, step, way.number),
            Fate::Held(delay) => {
                let held = (delay, way.number);
                self.hold(key, from, kind.is_ordered(), held, wire_len, step);
            }
            Fate::Lost => return false,
        }
        true
    }

    /// When a packet arrives that would arrive at `at`, but not before earlier ones.
    pub(crate) fn in_order(&mut self, key: Key, from: Side, at: u64) -> u64 {
        self.connection_mut(key).flow_from_mut(from).in_order(at)
    }

    /// A clogged link holds a packet, whose number is in its way.
    pub(super) fn hold(
        &mut self,
        key: Key,
        from: Side,
        is_ordered: bool,
        (delay, number): (u64, PacketNumber),
        wire_len: usize,
        step: Step,
    ) {
        let connection = self.connection_mut(key);
        connection.pending += 1;
        let entity = connection.key;
        let (here, there) = (connection.end(from).host, connection.end(from.other()).host);
        let what = Occurrence::OfConnection { connection: key, step, packet: number };
        let ordered = is_ordered.then_some((key, from));
        let held = Clogged { what, ordered, entity, delay, wire_len };
        self.links.path(here, there).held.push(held);
    }

    /// Something between the two hosts resets a connection: both ends get a reset. Returns whether
    /// one was on its way.
    pub(crate) fn reset_on_the_way(&mut self, key: Key) -> bool {
        // These packets are nobody's, so no rule sees them.
        let rules = self.rules.suspend();
        let mut sent = false;
        let sides: &[Side] = match self.connection(key).is_to_itself() {
            true => &[Side::Itself],
            false => &[Side::Client, Side::Server],
        };
        for to in sides {
            let phase = self.connection(key).end(*to).phase;
            if matches!(phase, Phase::Connecting | Phase::HalfOpen | Phase::Open) {
                let step = Step::Reset { to: *to };
                let from = to.other();
                sent |= self.send_packet(key, from, PacketKind::Reset, Payload::Nothing, step);
            }
        }
        self.rules.resume(rules);
        if sent {
            let [client, server] = &self.connection(key).ends;
            let hosts = (Some(client.host), Some(server.host));
            self.strike(FaultKind::Reset, hosts);
        }
        sent
    }
}
