//! Polls that keep their thread for too long: the monitor notices them while they last.
//!
//! Whoever polls a task of a runtime notes the task's address in the reactor that it is keeping
//! waiting. The monitor sees from time to time how often the reactor was turned and what is being
//! polled. If neither changes between two looks, and the reactor is not parked, then it is one poll
//! that has lasted at least so long. So the thread that polls never asks for the time.

use std::fmt;
use std::io;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::{TurnedBy, monitor};
use crate::panics::contain;
use crate::reactor::ReactorInner;
use crate::reactor::process::PerProcess;
use crate::runtime::implicit::{HiddenThread, permit};
use crate::runtime::inner::RuntimeInner;
use crate::sync::Arc;
use crate::sync::plain::{AtomicU64, Ordering};
use crate::task::Id;

/// How many slow polls are kept.
const MAX_SLOWEST: usize = 32;

/// The limit in microseconds; [`NOT_WATCHED`] until there is one.
static LIMIT: AtomicU64 = AtomicU64::new(NOT_WATCHED);
const NOT_WATCHED: u64 = u64::MAX;

/// What is called for each slow poll.
type Report = Arc<dyn Fn(&SlowPoll) + Send + Sync>;

#[derive(Default)]
struct Log {
    report: Option<Report>,
    count: u64,
    slowest: Vec<SlowPoll>,
}

static LOG: PerProcess<Log> = PerProcess::new(Log { report: None, count: 0, slowest: Vec::new() });

/// A poll that kept its thread for longer than the limit of [`watch_polls`].
///
/// As text it is a sentence that names the task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlowPoll {
    /// Counts the slow polls of the process.
    pub number: u64,
    /// The task; `None` for the future of a `block_on`, or if the task was gone when it was looked
    /// for.
    pub task: Option<Id>,
    /// The type of the task's future, which names the function that it came from.
    pub name: &'static str,
    /// Where the task was spawned.
    pub spawned_at: Option<&'static Location<'static>>,
    /// How long it has lasted at least. It may have been longer by the time between two looks: a
    /// few milliseconds at its end, half of the limit at its beginning.
    pub lasted: Duration,
    /// Whether it has ended.
    pub has_ended: bool,
}

impl fmt::Display for SlowPoll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.task, self.spawned_at) {
            (Some(id), Some(place)) => write!(f, "task {id} ({}), spawned at {place},", self.name)?,
            _ => f.write_str(self.name)?,
        }
        let has_been = if self.has_ended { "was" } else { "has been" };
        write!(f, " {has_been} in one poll for {:?}", self.lasted)
    }
}

/// Notices polls of tasks that last longer than `limit`, and calls `report` for each: once while
/// the task still holds its thread, and again when it does not any more.
///
/// Such a poll computes or blocks, and keeps the other tasks of its thread waiting;
/// [`spawn_blocking`](crate::task::spawn_blocking) is for what must. From now on the background
/// thread looks at the workers of all runtimes as long as they are busy, up to every 50 ms, and
/// more often for a small `limit`. It calls `report`, which must not block. A second call replaces
/// limit and report of the first. Simulated runtimes are not looked at: no time passes in a poll
/// there.
///
/// Without a report of your own slow polls are counted and kept; see
/// [`Snapshot::slowest_polls`](crate::inspect::Snapshot::slowest_polls).
///
/// # Errors
///
/// When the background thread cannot be started, or hidden threads are forbidden.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::time::Duration;
///
/// minato::inspect::watch_polls(Duration::from_millis(100), |slow| eprintln!("{slow}"))?;
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn watch_polls(
    limit: Duration,
    report: impl Fn(&SlowPoll) + Send + Sync + 'static,
) -> io::Result<()> {
    permit(HiddenThread::REACTOR, Location::caller())?;
    LOG.lock().report = Some(Arc::new(report));
    LIMIT.store(limit.as_micros().min(u128::from(NOT_WATCHED - 1)) as u64, Ordering::SeqCst);
    for runtime in RuntimeInner::all() {
        watch(&runtime.reactors)?;
    }
    Ok(())
}

/// Watches with this limit unless somebody has chosen one.
pub(crate) fn watch_from_now_on(limit: Duration) {
    if LIMIT.load(Ordering::SeqCst) == NOT_WATCHED {
        // Where hidden threads are forbidden, slow polls go unnoticed.
        _ = watch_polls(limit, |_| {});
    }
}

/// Watches the cores of a new runtime, if polls are watched.
pub(crate) fn watch_new(reactors: &[Arc<ReactorInner>]) {
    if LIMIT.load(Ordering::SeqCst) != NOT_WATCHED {
        // Without the background thread slow polls go unnoticed.
        _ = watch(reactors);
    }
}

/// Watches those that are not in a simulation.
fn watch(reactors: &[Arc<ReactorInner>]) -> io::Result<()> {
    let mut watched = reactors.iter().filter(|it| it.driver.host().is_none());
    watched.try_for_each(|it| monitor::watch(it, false))
}

/// How long the monitor may look away from a core that runs.
pub(super) fn longest_pause() -> Duration {
    Duration::from_micros(LIMIT.load(Ordering::Relaxed) / 2)
}

/// How many slow polls there were, and the slowest of them.
pub(crate) fn slowest() -> (u64, Vec<SlowPoll>) {
    let log = LOG.lock();
    (log.count, log.slowest.clone())
}

/// The poll that a core was last seen in.
#[derive(Default)]
pub(super) struct WatchedPoll {
    /// How often the reactor was turned, and which task was polled; when that was first seen.
    seen: Option<(u32, usize, Instant)>,
    /// Once it has lasted longer than the limit.
    slow: Option<SlowPoll>,
}

impl WatchedPoll {
    /// Looks at the poll that the core of `reactor` is in.
    pub(super) fn check(&mut self, reactor: &ReactorInner, now: Instant) {
        let limit = LIMIT.load(Ordering::Relaxed);
        if limit == NOT_WATCHED {
            return;
        }
        let is_busy = reactor.turned_by() == TurnedBy::CoreHolder && !reactor.is_parked();
        let present = is_busy.then(|| (reactor.turns(), reactor.polled()));
        if let (Some((turns, task, since)), Some(present)) = (self.seen, present)
            && (turns, task) == present
        {
            let lasted = now.saturating_duration_since(since);
            let is_new = self.slow.is_none();
            if lasted >= Duration::from_micros(limit) {
                let slow = self.slow.get_or_insert_with(|| of_task(reactor, task));
                slow.lasted = lasted;
                keep(slow, is_new);
            }
            return;
        }
        if let Some(mut slow) = self.slow.take() {
            slow.has_ended = true;
            keep(&slow, true);
        }
        self.seen = present.map(|(turns, task)| (turns, task, now));
    }
}

/// A slow poll of the task at an address.
fn of_task(reactor: &ReactorInner, address: usize) -> SlowPoll {
    let mut slow = SlowPoll {
        number: 0,
        task: None,
        name: if address == 0 { "the future of a block_on" } else { "a task that is gone" },
        spawned_at: None,
        lasted: Duration::ZERO,
        has_ended: false,
    };
    let owner = reactor.owner.load(Ordering::Relaxed);
    for runtime in RuntimeInner::all().filter(|it| it.address() == owner) {
        runtime.tasks.each(|task| {
            if task.address() == address {
                (slow.task, slow.name) = (Some(task.meta().id), task.name());
                slow.spawned_at = Some(task.meta().spawned_at);
            }
        });
    }
    let mut log = LOG.lock();
    log.count += 1;
    slow.number = log.count;
    slow
}

/// Keeps it if it is one of the slowest, in the place of what was known of it; `reports` it too.
fn keep(slow: &SlowPoll, reports: bool) {
    let report = {
        let mut log = LOG.lock();
        log.slowest.retain(|other| other.number != slow.number);
        let at = log.slowest.partition_point(|other| other.lasted >= slow.lasted);
        log.slowest.insert(at, slow.clone());
        log.slowest.truncate(MAX_SLOWEST);
        log.report.clone().filter(|_| reports)
    };
    if let Some(report) = report {
        _ = contain(|| report(slow));
    }
}
