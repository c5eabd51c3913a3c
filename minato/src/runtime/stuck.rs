//! Reports simulated tasks that block their thread.
//!
//! A foreign `block_on` within a simulated task waits for what only that thread can bring about: it
//! never returns to step the world, and hangs. A thread of its own looks every few seconds of real
//! time whether a simulation is in the same poll as before, and names the host and the task on
//! standard error. It runs only while there is a simulation, and not where hidden threads
//! are forbidden.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use super::implicit::{HiddenThread, permit};
use super::inner::RuntimeInner;
use super::report;
use crate::reactor::process::PerProcess;
use crate::reactor::signals::SignalsBlocked;
use crate::sync::plain::{AtomicU64, Ordering};
use crate::sync::{Arc, Mutex, Weak};
use crate::task::Id;

/// The environment variable with the time between two looks in milliseconds; 0 for no looks.
const VARIABLE: &str = "MINATO_SIM_STUCK_MS";

/// The time between two looks, unless told otherwise.
const INTERVAL: Duration = Duration::from_secs(5);

/// Nothing is polled.
const NOTHING: u64 = 0;

/// The future of the `block_on` is polled, or its loop runs.
const ROOT: u64 = u64::MAX;

/// What a thread is doing that steps simulated hosts. It writes here; the watching thread reads.
#[derive(Default)]
pub(crate) struct Activity {
    polling: AtomicU64,
    polls: AtomicU64,
    /// Whose tasks it polls.
    runtimes: Mutex<Vec<Weak<RuntimeInner>>>,
}

impl Activity {
    pub(super) fn add_runtime(&self, runtime: &Arc<RuntimeInner>) {
        let mut runtimes = self.runtimes.lock();
        runtimes.push(Arc::downgrade(runtime));
    }

    /// Calls `poll`, which polls the task `id`.
    pub(super) fn while_polling<T>(&self, id: Id, poll: impl FnOnce() -> T) -> T {
        let before = self.polling.swap(id.number(), Ordering::Relaxed);
        self.polls.store(self.polls.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        let output = poll();
        self.polling.store(before, Ordering::Relaxed);
        output
    }

    fn runtimes(&self) -> Vec<Arc<RuntimeInner>> {
        let runtimes = self.runtimes.lock();
        runtimes.iter().filter_map(Weak::upgrade).collect()
    }

    /// What tells one moment from another; `None` if nothing is polled.
    fn moment(&self) -> Option<Moment> {
        let polling = self.polling.load(Ordering::Relaxed);
        let turns = self.runtimes().iter().fold(0, |sum: u32, runtime| {
            runtime.reactors.iter().fold(sum, |sum, reactor| sum.wrapping_add(reactor.turns()))
        });
        let polls = self.polls.load(Ordering::Relaxed);
        (polling != NOTHING).then_some(Moment { polling, polls, turns })
    }

    /// Names the task that is polled, with its host.
    fn describe(&self, polling: u64, place: &'static Location<'static>) -> String {
        for runtime in self.runtimes() {
            let host = runtime.engine.host().map(|host| host.host().name()).unwrap_or_default();
            if polling == ROOT {
                return format!("host {host}, the future of block_on at {place}");
            }
            let tasks = runtime.tasks.list();
            if let Some((id, place)) = tasks.iter().find(|(id, _)| id.number() == polling) {
                return format!("host {host}, task {id}, spawned at {place}");
            }
        }
        "a task that is gone".to_owned()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Moment {
    polling: u64,
    polls: u64,
    turns: u32,
}

/// What the watching thread looks at.
#[derive(Default)]
struct Watching {
    activities: Vec<(Arc<Activity>, &'static Location<'static>)>,
    is_running: bool,
}

static WATCHING: PerProcess<Watching> =
    PerProcess::new(Watching { activities: Vec::new(), is_running: false });

/// Has an activity watched until it is dropped.
pub(super) struct Watched(pub(super) Arc<Activity>);

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.polling.store(NOTHING, Ordering::Relaxed);
        let mut watching = WATCHING.lock();
        let index = watching.activities.iter().position(|(other, _)| Arc::ptr_eq(other, &self.0));
        let removed = index.map(|index| watching.activities.swap_remove(index));
        drop(watching);
        drop(removed);
    }
}

/// Watches the steps of a simulation.
#[track_caller]
pub(super) fn watch_simulation() -> Watched {
    watch(Arc::default(), Location::caller())
}

/// Watches the `block_on` at `place`, of a simulated host.
pub(super) fn watch_block_on(
    runtime: &Arc<RuntimeInner>,
    place: &'static Location<'static>,
) -> Watched {
    let fresh = || {
        let activity = Arc::<Activity>::default();
        activity.add_runtime(runtime);
        activity
    };
    let activity = runtime.activity.get_or_init(fresh).clone();
    activity.polling.store(ROOT, Ordering::Relaxed);
    watch(activity, place)
}

fn watch(activity: Arc<Activity>, place: &'static Location<'static>) -> Watched {
    let interval = interval();
    if !interval.is_zero() && permit(HiddenThread::REACTOR, place).is_ok() {
        let mut watching = WATCHING.lock();
        watching.activities.push((activity.clone(), place));
        if !watching.is_running {
            let _blocked = SignalsBlocked::new();
            let thread = thread::Builder::new().name("minato-stuck".into());
            // Without a thread there are no reports, and all else goes on.
            watching.is_running = thread.spawn(move || run(interval)).is_ok();
        }
    }
    Watched(activity)
}

fn interval() -> Duration {
    static FROM_OUTSIDE: OnceLock<Option<Duration>> = OnceLock::new();
    let from_outside = FROM_OUTSIDE.get_or_init(|| {
        let millis = std::env::var(VARIABLE).ok()?.parse().ok()?;
        Some(Duration::from_millis(millis))
    });
    from_outside.unwrap_or(INTERVAL)
}

/// Looks again and again, until there is nothing to look at.
fn run(interval: Duration) {
    /// The moment of the last look, and whether it was reported.
    type Seen = HashMap<*const Activity, (Moment, bool)>;

    let mut seen = Seen::new();
    loop {
        thread::sleep(interval);
        let activities = {
            let mut watching = WATCHING.lock();
            if watching.activities.is_empty() {
                watching.is_running = false;
                return;
            }
            watching.activities.clone()
        };
        let mut now = Seen::new();
        for (activity, place) in activities {
            let Some(moment) = activity.moment() else { continue };
            let key = Arc::as_ptr(&activity);
            let before = seen.get(&key).filter(|(before, _)| *before == moment);
            if before.is_some_and(|(_, reported)| !reported) {
                report(&message(&activity.describe(moment.polling, place), interval));
            }
            now.insert(key, (moment, before.is_some()));
        }
        seen = now;
    }
}

fn message(who: &str, time: Duration) -> String {
    format!(
        "{who} has been in one poll for more than {time:?} of real time. Nothing else in its \
         simulated world can go on meanwhile: a wait of a foreign block_on, or for another thread \
         that waits for this one, never ends there. Await instead, or use Handle::block_on"
    )
}
