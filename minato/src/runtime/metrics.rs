//! Counters of a core, for its owner to add and for anybody to read.

use std::time::Duration;

use super::Handle;
use super::inner::{Flavor, RuntimeInner};
use crate::sync::Arc;
use crate::sync::plain::{AtomicU64, Ordering};

/// A counter that only the holder of the core adds to, without a locked instruction.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn raise_to(&self, value: u64) {
        if value > self.0.load(Ordering::Relaxed) {
            self.0.store(value, Ordering::Relaxed);
        }
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a core counts.
#[derive(Debug, Default)]
pub(crate) struct CoreCounters {
    /// Readiness events that the reactor reported.
    pub(crate) events: Counter,
    /// Those of them for sockets that were closed by the time.
    pub(crate) stale_keys: Counter,
    pub(crate) polls: Counter,
    pub(crate) wakes: Counter,
    pub(crate) steals: Counter,
    pub(crate) parks: Counter,
    /// How many tasks were in the queue after the last turn.
    pub(crate) queue_depth: Counter,
    /// Parks, and their ends; see [`RuntimeMetrics::worker_park_unpark_count`].
    pub(crate) parks_and_unparks: Counter,
    /// In nanoseconds; measured only if the runtime was built to.
    pub(crate) longest_poll: Counter,
    /// In nanoseconds; measured once somebody has asked for the metrics of the runtime.
    pub(crate) busy: Counter,
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
    pub(super) fn read(counters: &CoreCounters) -> Self {
        Self {
            events: counters.events.get(),
            polls: counters.polls.get(),
            wakes: counters.wakes.get(),
            steals: counters.steals.get(),
            parks: counters.parks.get(),
            stale_keys: counters.stale_keys.get(),
            longest_poll: Duration::from_nanos(counters.longest_poll.get()),
        }
    }
}

/// What a runtime does, in numbers; see [`Handle::metrics`].
///
/// ```
/// let runtime = minato::runtime::Builder::new_current_thread().build().unwrap();
/// let metrics = runtime.metrics();
/// runtime.block_on(runtime.spawn(async {})).unwrap();
/// assert_eq!((metrics.num_workers(), metrics.num_alive_tasks()), (1, 0));
/// ```
#[derive(Clone, Debug)]
pub struct RuntimeMetrics {
    handle: Handle,
}

impl RuntimeMetrics {
    pub(super) fn new(handle: Handle) -> Self {
        handle.shared.observes_parks.store(true, Ordering::Relaxed);
        Self { handle }
    }

    /// Those of a snapshot, which has nothing measured from then on.
    pub(crate) fn of_snapshot(shared: Arc<RuntimeInner>) -> Self {
        Self { handle: Handle { shared } }
    }

    /// The runtime that they are of.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// How many workers the runtime has: 1 if it is a current-thread runtime.
    pub fn num_workers(&self) -> usize {
        self.handle.core_count()
    }

    /// How many tasks are alive, without blocking jobs.
    pub fn num_alive_tasks(&self) -> usize {
        self.handle.shared.tasks.on_cores()
    }

    /// How many tasks wait in the queue for those that were woken by other threads.
    pub fn global_queue_depth(&self) -> usize {
        self.handle.shared.injector.len()
    }

    /// How long a worker has been at work. It is measured from the first call of
    /// [`Handle::metrics`] or [`Runtime::metrics`](super::Runtime::metrics) on, because it takes
    /// reading the clock whenever a worker parks. A worker that is at work at that call counts from
    /// its next pause on.
    ///
    /// # Panics
    ///
    /// If there are not that many workers.
    #[track_caller]
    pub fn worker_total_busy_duration(&self, worker: usize) -> Duration {
        Duration::from_nanos(self.counters(worker).busy.get())
    }

    /// How often a worker parked because there was nothing to do.
    ///
    /// # Panics
    ///
    /// If there are not that many workers.
    #[track_caller]
    pub fn worker_park_count(&self, worker: usize) -> u64 {
        self.counters(worker).parks.get()
    }

    /// How often a worker parked, and how often it went back to work. An odd number means that it
    /// is parked. That it woke up and found nothing to do does not count.
    ///
    /// # Panics
    ///
    /// If there are not that many workers.
    #[track_caller]
    pub fn worker_park_unpark_count(&self, worker: usize) -> u64 {
        self.counters(worker).parks_and_unparks.get()
    }

    /// How many tasks a worker has polled.
    ///
    /// # Panics
    ///
    /// If there are not that many workers.
    #[track_caller]
    pub fn worker_poll_count(&self, worker: usize) -> u64 {
        self.counters(worker).polls.get()
    }

    /// How many tasks a worker has put into its own queue.
    ///
    /// # Panics
    ///
    /// If there are not that many workers.
    #[track_caller]
    pub fn worker_local_schedule_count(&self, worker: usize) -> u64 {
        self.counters(worker).wakes.get()
    }

    /// How many tasks a worker has taken from others.
    ///
    /// # Panics
    ///
    /// If there are not that many workers.
    #[track_caller]
    pub fn worker_steal_count(&self, worker: usize) -> u64 {
        self.counters(worker).steals.get()
    }

    /// How many tasks are in the queue of a worker. Of a current-thread runtime it is how many
    /// there were after the last turn of its reactor.
    ///
    /// # Panics
    ///
    /// If there are not that many workers.
    #[track_caller]
    pub fn worker_local_queue_depth(&self, worker: usize) -> usize {
        match &self.handle.shared.flavor {
            Flavor::CurrentThread(_) => self.counters(worker).queue_depth.get() as usize,
            Flavor::MultiThread(pool) => pool.remotes[worker].stealer.len(),
        }
    }

    /// How many tasks and blocking jobs were ever spawned.
    pub fn spawned_tasks_count(&self) -> u64 {
        self.handle.shared.tasks.added()
    }

    /// How many events of sockets the reactors have reported.
    pub fn io_driver_ready_count(&self) -> u64 {
        self.handle.shared.reactors.iter().map(|reactor| reactor.counters.events.get()).sum()
    }

    #[track_caller]
    fn counters(&self, worker: usize) -> &CoreCounters {
        &self.handle.shared.reactors[worker].counters
    }
}
