//! The monitor: the background thread's list of cores that somebody outside waits on.
//!
//! A wait from outside a core's own tasks puts the core on this list. The background thread looks
//! at each core on it between its own turns; see the states in the [module above](super).

use std::io;
use std::task::Waker;
use std::time::Duration;

use super::polls::WatchedPoll;
use super::{STUCK_AFTER, TurnedBy, WatchedCore, earlier};
use crate::reactor::process::PerProcess;
use crate::reactor::{ReactorInner, fallback};
use crate::runtime::report;
use crate::sync::plain::{AtomicBool, Ordering};
use crate::sync::{Arc, Weak};
use crate::time::clock::real_now;

/// Cores that are to be watched from now on, on their way to the monitor.
static ARRIVALS: PerProcess<Vec<Weak<ReactorInner>>> = PerProcess::new(Vec::new());

/// Whether there are any: a turn of the background reactor need not take the lock to know.
static HAS_ARRIVALS: AtomicBool = AtomicBool::new(false);

/// Has the monitor watch the core of `reactor`. `from_outside` is false for a wait within a poll of
/// the thread that holds the core.
///
/// # Errors
///
/// When the background thread cannot be started, or `reactor` is simulated and nobody steps it: the
/// monitor must not move a simulated clock.
pub(super) fn watch(reactor: &Arc<ReactorInner>, from_outside: bool) -> io::Result<()> {
    if reactor.driver.host().is_some() {
        return match reactor.turned_by() {
            TurnedBy::Nobody => {
                Err(io::Error::other("nobody steps the simulated host that this socket belongs to"))
            }
            _ => Ok(()),
        };
    }
    if from_outside {
        reactor.watched_from_outside.store(true, Ordering::Relaxed);
    }
    let is_new = reactor.watcher.begin_watch();
    if is_new || from_outside {
        let monitoring = fallback::monitoring().inspect_err(|_| {
            if is_new {
                reactor.watcher.give_up();
            }
        })?;
        if is_new {
            ARRIVALS.lock().push(Arc::downgrade(reactor));
            HAS_ARRIVALS.store(true, Ordering::SeqCst);
        }
        monitoring.unpark();
    }
    Ok(())
}

/// Has the monitor look at its cores now.
#[cold]
pub(crate) fn wake() {
    // It runs, or there is nothing to look at.
    if let Ok(monitoring) = fallback::monitoring() {
        monitoring.unpark();
    }
}

/// The monitor on the background thread.
pub(crate) struct Monitor {
    own: Arc<ReactorInner>,
    cores: Vec<(WatchedCore, WatchedPoll)>,
    wakers: Vec<Waker>,
}

impl Monitor {
    /// `own` is the background reactor, which this thread turns.
    pub(crate) fn new(own: Arc<ReactorInner>) -> Self {
        Self { own, cores: Vec::new(), wakers: Vec::new() }
    }

    /// Turns the background reactor, and looks at the cores in between, until it ends.
    pub(crate) fn run(mut self) {
        let mut timeout = None;
        let mut wakers = Vec::new();
        while !self.own.has_ended() {
            if let Err(error) = self.own.turn(&mut wakers, timeout) {
                // A wait that fails cannot be mended from here; ending wakes everybody, and the
                // next wait starts a fresh reactor.
                report(&format!("the background reactor cannot wait, and ends: {error}"));
                self.own.end();
                return;
            }
            self.take_arrivals();
            timeout = if self.cores.is_empty() { None } else { self.check() };
        }
    }

    fn take_arrivals(&mut self) {
        if !HAS_ARRIVALS.load(Ordering::SeqCst) {
            return;
        }
        HAS_ARRIVALS.store(false, Ordering::SeqCst);
        // The lock is released first: with the last reference to a reactor go the wakers in it.
        let arrivals = std::mem::take(&mut *ARRIVALS.lock());
        let arrivals = arrivals.iter().filter_map(Weak::upgrade);
        let watched = |reactor| (WatchedCore::new(&reactor), WatchedPoll::default());
        self.cores.extend(arrivals.map(watched));
    }

    /// Looks at every core once; returns how long until the next look.
    fn check(&mut self) -> Option<Duration> {
        let now = real_now();
        let mut next = None;
        // 1. Look at each core, and turn for those that nobody turns.
        self.cores.retain_mut(|(core, poll)| {
            let Some(reactor) = core.reactor() else { return false };
            reactor.watcher.wake_up();
            core.may_be_late = !reactor.watched_from_outside.load(Ordering::Relaxed);
            next = earlier(next, core.check(Some(&self.own), now, &mut self.wakers));
            poll.check(&reactor, now);
            true
        });
        // 2. Tell those that are quiet until when the monitor sleeps.
        let end = next.and_then(|next| now.checked_add(next));
        // 3. Look at those once more: one may have turned between the two steps.
        for (core, _) in self.cores.iter().filter(|(core, _)| core.is_quiet) {
            core.reactor().inspect(|reactor| reactor.watcher.sleep_until(end));
            if core.has_stirred() {
                next = earlier(next, Some(STUCK_AFTER));
            }
        }
        next
    }
}
