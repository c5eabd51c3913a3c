//! What the parts of a world write down.

use super::event::{Stage, Subject};
use super::{Decided, PacketNumber, Record, Route, Sent};
use crate::arena::Key;
use crate::hash::hash;
use crate::host::HostId;
use crate::link::{Fate, Way};
use crate::name::TaskName;
use crate::packet::{Outgoing, Payload};
use crate::queue::Occurrence;
use crate::state::State;
use crate::tcp::Side;
use crate::world::World;

/// Why a packet is lost where it arrives.
pub(crate) const DOWN: &str = "the host is down";

impl State {
    /// Something has happened to a socket.
    pub(crate) fn note_socket(&mut self, key: Key, what: &'static str, value: u64) {
        let socket = self.socket(key);
        let (host, subject) = (socket.host, Subject::Socket(socket.name));
        self.journal.socket(self.now, host, subject, what, value);
    }

    /// Something has happened to one end of a connection.
    pub(crate) fn note_connection(&mut self, key: Key, side: Side, what: &'static str, value: u64) {
        let connection = self.connection(key);
        let (host, subject) = (connection.end(side).host, Subject::Connection(connection.name));
        self.journal.socket(self.now, host, subject, what, value);
    }

    /// A packet is sent, and its way is decided. The copy of a packet that is duplicated is noted
    /// after it.
    pub(crate) fn note_packet(&mut self, packet: &Outgoing<'_>, way: &Way) -> PacketNumber {
        let faults = std::mem::take(&mut self.struck);
        let mut captured = Vec::new();
        let (hosts, addresses) = ((packet.from, packet.to), (packet.source, packet.destination));
        let mut sent = Sent {
            route: &Route::new(hosts, addresses, packet.name),
            kind: packet.kind,
            nth: packet.name.nth(),
            len: packet.payload.len(),
            payload: &[],
            digest: 0,
            sequence: 0,
            acknowledgement: 0,
            window: 0,
            ecn: packet.ecn,
            fate: match way.fate {
                Fate::Arrives(at) if way.garbled.is_some() => Decided::Corrupted(at),
                Fate::Arrives(at) => Decided::Arrives(at),
                Fate::Held(_) => Decided::Held,
                Fate::Lost => Decided::Lost,
            },
            faults,
        };
        let capture = sent.len.min(self.config.capture);
        if let Payload::Bytes(bytes) = packet.payload {
            sent.digest = hash(0, bytes);
            sent.payload = &bytes[..capture];
        }
        if let crate::packet::Flow::Connection { key, from } = packet.flow {
            let connection = self.connection(key);
            let flow = connection.flow_from(from);
            sent.digest = flow.digest;
            (sent.sequence, sent.acknowledgement, sent.window) =
                connection.numbers(from, packet.kind);
            if capture > 0 {
                captured = flow.copy_unsent(capture);
            }
            sent.payload = &captured;
        }
        let number = self.journal.packet(self.now, &sent);
        if let (Some(later), Fate::Arrives(at)) = (way.again, way.fate) {
            // What a call is given stays in memory, so this is not `sent` itself.
            let copy = Sent { fate: Decided::Copy(at.saturating_add(later)), ..sent };
            self.note_copy(&copy);
        }
        number
    }

    #[cold]
    fn note_copy(&mut self, sent: &Sent<'_>) {
        self.journal.packet(self.now, sent);
    }

    /// A task is polled, which goes by its [number](TaskName::number).
    pub(crate) fn note_poll(&mut self, task: u64) {
        match TaskName::of_number(task) {
            Some(TaskName { host, nth }) => {
                let host = HostId(host as u32);
                self.journal.task(self.now, TaskName { host, nth });
            }
            // A task of no simulated host, which has no name.
            None => self.journal.choice(self.now, "which task runs", task, 0, 0),
        }
    }

    /// A packet for whose arrival nothing happens will find its host down.
    pub(crate) fn note_unheard(&mut self, host: HostId, packet: PacketNumber) {
        self.journal.arrival(self.now, packet, host, Some(DOWN));
    }

    /// A link that was clogged lets a packet go, which arrives at `arrives`.
    pub(crate) fn note_release(&mut self, what: &Occurrence, arrives: u64) {
        let packet = match what {
            Occurrence::OfConnection { packet, .. } => *packet,
            Occurrence::Datagram { packet } => packet.number(),
            Occurrence::Unreachable { .. } | Occurrence::SyncEnds(_) => return,
        };
        self.journal.release(self.now, packet, arrives);
    }

    /// A fault begins, strikes or ends: on one host, or from one to the other.
    pub(crate) fn note_fault(
        &mut self,
        stage: Stage,
        fault: &'static str,
        hosts: (Option<HostId>, Option<HostId>),
        value: u64,
    ) {
        self.journal.fault(self.now, stage, fault, hosts, value);
    }
}

impl World {
    /// A snapshot of what has happened.
    pub fn record(&self) -> Record {
        self.lock().record()
    }

    /// A hash of everything that happened so far, as [`Record::hash`] has it.
    pub fn trace_hash(&self) -> u64 {
        self.lock().journal.hash
    }

    /// How many events [`trace_hash`](World::trace_hash) covers.
    pub fn trace_count(&self) -> u64 {
        self.lock().journal.count
    }

    /// Adds a line to the record of what happened.
    pub fn note(&self, line: impl AsRef<str>) {
        let mut state = self.lock();
        let now = state.now;
        state.journal.line(now, None, line.as_ref());
    }
}
