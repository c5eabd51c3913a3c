//! Reports simulated tasks that block their thread.
//!
//! A foreign `block_on` within a simulated task waits for what only that thread can bring about: it
//! never returns to step the world, and hangs. A thread of its own looks every few seconds of real
//! time whether a simulated runtime is in the same poll as before, and names the host and the task
//! on standard error. It runs only while there is such a runtime, and not where hidden threads are
//! forbidden.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use super::implicit::{HiddenThread, permit};
use super::inner::{ALL, RuntimeInner};
use super::{Id, report};
use crate::reactor::process::PerProcess;
use crate::reactor::signals::SignalsBlocked;
use crate::sync::Arc;

/// The environment variable with the time between two looks in milliseconds; 0 for no looks.
const VARIABLE: &str = "MINATO_SIM_STUCK_MS";

/// The time between two looks, unless told otherwise.
const INTERVAL: Duration = Duration::from_secs(5);

/// Whether the thread runs.
static IS_RUNNING: PerProcess<bool> = PerProcess::new(false);

/// Has the simulated runtimes of this process watched, after one more was made.
pub(super) fn watch() {
    let interval = interval();
    if interval.is_zero() || permit(HiddenThread::REACTOR, Location::caller()).is_err() {
        return;
    }
    let mut is_running = IS_RUNNING.lock();
    if !*is_running {
        let _blocked = SignalsBlocked::new();
        let thread = thread::Builder::new().name("minato-stuck".into());
        // Without a thread there are no reports, and all else goes on.
        *is_running = thread.spawn(move || run(interval)).is_ok();
    }
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
    type Seen = HashMap<Id, (Moment, bool)>;

    let mut seen = Seen::new();
    loop {
        thread::sleep(interval);
        let (runtimes, goes_on) = {
            // Who makes a runtime after this look starts the next thread.
            let mut is_running = IS_RUNNING.lock();
            let runtimes = ALL.all();
            *is_running = runtimes.iter().any(is_watched);
            (runtimes, *is_running)
        };
        if !goes_on {
            return;
        }
        let mut now = Seen::new();
        for runtime in runtimes.into_iter().filter(is_watched) {
            let Some(moment) = Moment::new(&runtime) else { continue };
            let before = seen.get(&runtime.id).filter(|(before, _)| *before == moment);
            if before.is_some_and(|(_, reported)| !reported) {
                report(&message(&describe(&runtime, moment.polled), interval));
            }
            now.insert(runtime.id, (moment, before.is_some()));
        }
        seen = now;
    }
}

fn is_watched(runtime: &Arc<RuntimeInner>) -> bool {
    runtime.engine.is_simulated() && !runtime.has_ended()
}

/// What tells one moment of a runtime from another.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Moment {
    /// The address of the task that is polled; 0 for the future of a `block_on`, or its loop.
    polled: usize,
    polls: u64,
    turns: u32,
}

impl Moment {
    /// `None` if nothing is polled.
    fn new(runtime: &RuntimeInner) -> Option<Self> {
        let reactor = &runtime.reactors[0];
        let polled = reactor.polled();
        let (polls, turns) = (reactor.counters.polls.get(), reactor.turns());
        (polled != 0 || runtime.root.lock().is_some()).then_some(Self { polled, polls, turns })
    }
}

/// Names what is polled, with its host.
fn describe(runtime: &RuntimeInner, polled: usize) -> String {
    let host = runtime.engine.host().map(|host| host.host().name()).unwrap_or_default();
    let root = runtime.root.lock().filter(|_| polled == 0);
    let mut who = match root {
        Some(place) => format!("the future of block_on at {place}"),
        None => "a task that is gone".to_owned(),
    };
    runtime.tasks.each(|task| {
        if task.address() == polled {
            who = format!("task {}, spawned at {}", task.meta().id, task.meta().spawned_at);
        }
    });
    format!("host {host}, {who}")
}

fn message(who: &str, time: Duration) -> String {
    format!(
        "{who} has been in one poll for more than {time:?} of real time. Nothing else in its \
         simulated world can go on meanwhile: a wait of a foreign block_on, or for another thread \
         that waits for this one, never ends there. Await instead, or use Handle::block_on"
    )
}
