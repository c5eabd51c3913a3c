//! What will happen, ordered by time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::arena::Key;
use crate::disk::SyncEnd;
use crate::record::PacketNumber;
use crate::tcp::{SYN_ACK_RETRIES, Side};
use crate::time::NEVER;
use crate::udp::Datagram;

/// Something that happens at an instant.
#[derive(Debug)]
pub(crate) enum Occurrence {
    /// Something happens to a connection, which lives at least until then; because of a packet, or
    /// of a timer, which has no number.
    OfConnection { connection: Key, step: Step, packet: PacketNumber },
    /// A datagram reaches a host.
    Datagram { packet: Box<Datagram> },
    /// A disk is done with a sync.
    SyncEnds(Box<SyncEnd>),
    /// The sender of a datagram learns that it could not be delivered.
    Unreachable { socket: Key, error: i32 },
}

/// What happens to a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// The client's first packet reaches the server's host.
    Syn,
    /// The answer of the server's host reaches the client.
    SynAck,
    /// The client's confirmation reaches the server: the connection may be accepted.
    HandshakeAck,
    /// The client sends its first packet again.
    SynRetry,
    /// The server's host answers again, because it has no confirmation yet.
    SynAckRetry { attempt: u32 },
    /// The connect ends without an answer from a socket.
    ConnectFails { error: i32 },
    /// Bytes of a stream, or its end, arrive at `to`.
    Segment { to: Side, bytes: u32, fin: bool },
    /// A reset arrives at `to`.
    Reset { to: Side },
    /// `to` learns that its peer has room again.
    WindowUpdate { to: Side },
    /// An acknowledgement for so many bytes reaches `to`, after a clogged link held it.
    Acknowledged { to: Side, bytes: u32 },
    /// An acknowledgement reaches `to`, which waits for room in its send buffer.
    SpaceFreed { to: Side },
    /// `from` sends again what was lost.
    Retransmit { from: Side },
    /// The keepalive timer of `side` fires.
    Keepalive { side: Side },
}

impl Step {
    /// Whether something that was lost is sent again then.
    fn is_another_try(self) -> bool {
        match self {
            Step::SynRetry | Step::Retransmit { .. } => true,
            Step::SynAckRetry { attempt } => attempt < SYN_ACK_RETRIES,
            _ => false,
        }
    }

    /// Whether it is the arrival of a packet, at the end where it [happens](Step::side).
    pub(crate) fn is_arrival(self) -> bool {
        matches!(
            self,
            Step::Syn
                | Step::SynAck
                | Step::HandshakeAck
                | Step::Segment { .. }
                | Step::Reset { .. }
                | Step::WindowUpdate { .. }
        )
    }

    /// The end at which it happens.
    pub(crate) fn side(self) -> Side {
        match self {
            Step::Syn | Step::HandshakeAck | Step::SynAckRetry { .. } => Side::Server,
            Step::SynAck | Step::SynRetry | Step::ConnectFails { .. } => Side::Client,
            Step::Segment { to, .. }
            | Step::Reset { to }
            | Step::WindowUpdate { to }
            | Step::Acknowledged { to, .. }
            | Step::SpaceFreed { to } => to,
            Step::Retransmit { from } => from,
            Step::Keepalive { side } => side,
        }
    }

    /// Its name and its number in the record, if no packet tells of it.
    pub(crate) fn record(self) -> (&'static str, u64) {
        match self {
            Step::SynRetry => ("asks again", 0),
            Step::SynAckRetry { attempt } => ("answers again", u64::from(attempt)),
            Step::ConnectFails { error } => ("cannot connect", error as u64),
            Step::SpaceFreed { .. } => ("has room", 0),
            Step::Retransmit { .. } => ("sends again", 0),
            Step::Keepalive { .. } => ("asks whether the peer is alive", 0),
            Step::Reset { .. } => ("is reset", 0),
            _ => ("goes on", 0),
        }
    }
}

#[derive(Debug)]
struct Entry {
    at: u64,
    tie: u64,
    sequence: u64,
    what: Occurrence,
}

impl Entry {
    fn rank(&self) -> (u64, u64, u64) {
        (self.at, self.tie, self.sequence)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    // Reversed: `BinaryHeap` gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        other.rank().cmp(&self.rank())
    }
}

/// The events to come. Times are nanoseconds since the start of the world.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Entry>,
    sequence: u64,
}

impl Queue {
    /// Adds an event. Among events of one instant the smaller `tie` comes first; with equal ties
    /// the one that was added first.
    pub(crate) fn push(&mut self, at: u64, tie: u64, what: Occurrence) {
        self.heap.push(Entry { at, tie, sequence: self.sequence, what });
        self.sequence += 1;
    }

    /// Brings what is to be tried again to `now`.
    pub(crate) fn hurry(&mut self, now: u64) {
        let mut entries = std::mem::take(&mut self.heap).into_vec();
        for entry in &mut entries {
            if let Occurrence::OfConnection { step, .. } = &entry.what
                && step.is_another_try()
            {
                entry.at = entry.at.min(now);
            }
        }
        self.heap = entries.into();
    }

    /// Drops all events but those that `keep` says.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Occurrence) -> bool) {
        self.heap.retain(|entry| keep(&entry.what));
    }

    /// When the next event is due, if it ever is.
    pub(crate) fn next_at(&self) -> Option<u64> {
        self.heap.peek().map(|entry| entry.at).filter(|at| *at != NEVER)
    }

    /// The next event if it is due at `at` or before.
    pub(crate) fn pop_due(&mut self, at: u64) -> Option<Occurrence> {
        if self.next_at()? > at {
            return None;
        }
        self.heap.pop().map(|entry| entry.what)
    }
}
