//! Turns the reactors of cores that nobody turns.
//!
//! A core's reactor is turned by the thread that holds the core, between polls of tasks. That
//! thread may be stuck in one poll (a task that blocks), or there may be none (`block_on` has
//! returned); then whoever waits *outside* the core's own tasks would sleep for ever. So a wait
//! from outside puts the core on this list, and the background thread looks after it,
//! each of them being a [`Ward`]. Looking every few milliseconds is only done while cores are
//! turned; after a second without any turn the monitor sleeps, and the next turn rouses it.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Duration;

use super::fallback;
use super::process::PerProcess;
use super::shared::{Keeper, Shared, Watch};
use super::ward::{self, Look, Ward};
use crate::runtime::report;

/// Cores that are to be watched from now on, on their way to the monitor.
static ARRIVALS: PerProcess<Vec<Weak<Shared>>> = PerProcess::new(Vec::new());

/// Has `shared` turned in its keeper's place whenever that keeper does not.
///
/// # Errors
///
/// When the background thread cannot be started, or `shared` is simulated: nobody but its keeper
/// can step a simulated host.
pub(crate) fn watch(shared: &Arc<Shared>) -> io::Result<()> {
    if shared.driver().host().is_some() {
        return match shared.keeper() {
            Keeper::Nobody => {
                Err(io::Error::other("nobody steps the simulated host that this socket belongs to"))
            }
            _ => Ok(()),
        };
    }
    if shared.change_watch(Watch::None, Watch::Active) {
        let monitoring = fallback::monitoring().inspect_err(|_| {
            shared.change_watch(Watch::Active, Watch::None);
        })?;
        ARRIVALS.lock().push(Arc::downgrade(shared));
        monitoring.unpark();
    }
    Ok(())
}

/// Tells the monitor that a watched core is turning again, or that its holder has left.
pub(crate) fn rouse(shared: &Shared) {
    shared.change_watch(Watch::Asleep, Watch::Active);
    // It runs already, since the core is watched; there is nothing to be told if it does not.
    if let Ok(monitoring) = fallback::monitoring() {
        monitoring.unpark();
    }
}

/// The monitor on the background thread.
pub(super) struct Monitor {
    own: Weak<Shared>,
    cores: HashMap<usize, Ward>,
    wakers: Vec<Waker>,
}

impl Monitor {
    pub(super) fn new(own: &Arc<Shared>) -> Self {
        Self { own: Arc::downgrade(own), cores: HashMap::new(), wakers: Vec::new() }
    }

    /// Turns the background reactor, and looks after the cores in between, for ever.
    pub(super) fn run(mut self, own: &Arc<Shared>) {
        let mut timeout = None;
        let mut wakers = Vec::new();
        while !own.has_ended() {
            if let Err(error) = own.turn(&mut wakers, timeout) {
                // A wait that fails cannot be mended from here; ending wakes everybody, and the
                // next wait starts a fresh reactor.
                report(&format!("the background reactor cannot wait, and ends: {error}"));
                own.end();
                return;
            }
            timeout = self.look();
        }
    }

    /// Looks after every core once; returns how long until the next look.
    fn look(&mut self) -> Option<Duration> {
        // The lock is released first: with the last reference to a reactor go the wakers in it.
        let arrivals = std::mem::take(&mut *ARRIVALS.lock());
        for shared in arrivals {
            self.cores.entry(shared.as_ptr().addr()).or_insert_with(|| Ward::new(shared));
        }
        if self.cores.is_empty() {
            return None;
        }
        let now = ward::now();
        let Self { own, cores, wakers } = self;
        let own = own.upgrade()?;
        let mut next: Option<Duration> = None;
        cores.retain(|_, ward| match ward.look(Some(&own), now, wakers) {
            Look::Again(until) => {
                next = Some(next.map_or(until, |next| next.min(until)));
                true
            }
            Look::Asleep => true,
            Look::Gone => false,
        });
        next
    }
}
