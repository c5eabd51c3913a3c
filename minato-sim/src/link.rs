//! The links between hosts: what happens to a packet on its way.
//!
//! [`Links::decide`] decides the fate of a packet once, when it is sent. All rules about loss,
//! delay and cuts belong there.

use std::collections::{BTreeMap, BTreeSet};

use crate::choice::between;
use crate::host::HostId;

/// A range of delays in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latency {
    pub(crate) min: u64,
    pub(crate) max: u64,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It arrives after this many nanoseconds.
    Deliver(u64),
    /// It never arrives.
    Lost,
}

/// The rules of all links. A link has a direction: `(from, to)`.
#[derive(Debug)]
pub(crate) struct Links {
    loopback: Latency,
    default: Latency,
    latencies: BTreeMap<(HostId, HostId), Latency>,
    cut: BTreeSet<(HostId, HostId)>,
}

impl Links {
    pub(crate) fn new(loopback: Latency, default: Latency) -> Self {
        Links { loopback, default, latencies: BTreeMap::new(), cut: BTreeSet::new() }
    }

    /// The fate of a packet that is sent now. `draw` is its random number.
    pub(crate) fn decide(&self, from: HostId, to: HostId, draw: u64) -> Verdict {
        if from == to {
            return Verdict::Deliver(between(draw, self.loopback.min, self.loopback.max));
        }
        if !self.cut.is_empty() && self.cut.contains(&(from, to)) {
            return Verdict::Lost;
        }
        let latency = self.latency(from, to);
        Verdict::Deliver(between(draw, latency.min, latency.max))
    }

    fn latency(&self, from: HostId, to: HostId) -> Latency {
        if self.latencies.is_empty() {
            return self.default;
        }
        self.latencies.get(&(from, to)).copied().unwrap_or(self.default)
    }

    /// The delay of a packet to an address that nobody has.
    pub(crate) fn nowhere(&self, draw: u64) -> u64 {
        between(draw, self.default.min, self.default.max)
    }

    pub(crate) fn set_latency(&mut self, from: HostId, to: HostId, latency: Latency) {
        self.latencies.insert((from, to), latency);
    }

    pub(crate) fn cut(&mut self, from: HostId, to: HostId) {
        self.cut.insert((from, to));
    }

    pub(crate) fn mend(&mut self, from: HostId, to: HostId) {
        self.cut.remove(&(from, to));
    }
}
