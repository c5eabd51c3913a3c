//! Counters of a core, for its owner to add and for anybody to read.

use crate::sync::plain::{AtomicU64, Ordering};
use std::time::Duration;

/// A counter that only the holder of the core adds to, without a locked instruction.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
    }

    pub(crate) fn raise_to(&self, value: u64) {
        if value > self.0.load(Ordering::Relaxed) {
            self.0.store(value, Ordering::Relaxed);
        }
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a core counts.
#[derive(Debug, Default)]
pub(crate) struct CoreCounters {
    pub(crate) polls: Counter,
    pub(crate) wakes: Counter,
    pub(crate) steals: Counter,
    pub(crate) parks: Counter,
    /// In nanoseconds; measured only if the runtime was built to.
    pub(crate) longest_poll: Counter,
}

/// What one core of a runtime has done so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CoreMetrics {
    /// Readiness events that its reactor reported.
    pub events: u64,
    /// Polls of tasks.
    pub polls: u64,
    /// Tasks put into its queue by the thread that held it.
    pub wakes: u64,
    /// Tasks that it took from other cores.
    pub steals: u64,
    /// How often it waited because there was nothing to do.
    pub parks: u64,
    /// Events for sockets that were closed by the time, which were ignored.
    pub stale_keys: u64,
    /// The longest poll of a task, if the runtime was built with
    /// [`measure_polls`](super::Builder::measure_polls).
    pub longest_poll: Duration,
}

impl CoreMetrics {
    pub(super) fn read(counters: &CoreCounters, events: u64, stale_keys: u64) -> Self {
        Self {
            events,
            polls: counters.polls.get(),
            wakes: counters.wakes.get(),
            steals: counters.steals.get(),
            parks: counters.parks.get(),
            stale_keys,
            longest_poll: Duration::from_nanos(counters.longest_poll.get()),
        }
    }
}
