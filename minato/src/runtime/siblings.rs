//! The other workers of a multi-thread runtime, as one of them watches them.
//!
//! The standby worker looks at all of them before each sleep, and watches the descriptors of those
//! that are stuck. Where no worker sleeps, each looks at one sibling whenever it turns its reactor
//! without waiting, in turn. It watches no descriptor then, since it may get stuck itself. See the
//! states in [`watch`](crate::reactor::watch).

use std::task::Waker;
use std::time::{Duration, Instant};

use super::pool::Pool;
use crate::reactor::watch::{STUCK_AFTER, WatchedCore, earlier};

/// The siblings of the worker at `own`.
pub(super) struct Siblings {
    own: usize,
    /// With their indices; empty until the first look.
    all: Vec<(usize, WatchedCore)>,
    /// Which one a busy worker looks at next.
    next: usize,
}

impl Siblings {
    pub(super) fn new(own: usize) -> Self {
        Self { own, all: Vec::new(), next: 0 }
    }

    /// Looks at every sibling as the standby worker; returns how long until the next look.
    pub(super) fn check_all(
        &mut self,
        pool: &Pool,
        now: Instant,
        wakers: &mut Vec<Waker>,
    ) -> Option<Duration> {
        self.fill(pool);
        let own = &pool.remotes[self.own].reactor;
        let checks = self.all.iter_mut().map(|(_, core)| core.check(Some(own), now, wakers));
        checks.fold(None, earlier)
    }

    /// Tells the siblings that the standby worker sleeps for `next` from `now` on; returns how long
    /// it may, which is less if one of them has turned since the look.
    pub(super) fn say_until_when(
        &self,
        pool: &Pool,
        now: Instant,
        next: Option<Duration>,
    ) -> Option<Duration> {
        pool.standby_sleep.sleep_until(next.and_then(|next| now.checked_add(next)));
        let has_stirred = self.all.iter().any(|(_, core)| core.has_stirred());
        if has_stirred { earlier(next, Some(STUCK_AFTER)) } else { next }
    }

    /// Looks at one sibling, another one each time.
    pub(super) fn check_next(&mut self, pool: &Pool, now: Instant, wakers: &mut Vec<Waker>) {
        self.fill(pool);
        self.next += 1;
        let count = self.all.len();
        if let Some((_, core)) = self.all.get_mut(self.next % count.max(1)) {
            core.check(None, now, wakers);
        }
    }

    /// Those that were stuck when they were last looked at.
    pub(super) fn stuck(&self) -> impl Iterator<Item = usize> {
        self.all.iter().filter(|(_, core)| core.is_stuck).map(|(index, _)| *index)
    }

    /// Stops watching descriptors.
    pub(super) fn release(&mut self) {
        self.all.iter_mut().for_each(|(_, core)| core.release());
    }

    fn fill(&mut self, pool: &Pool) {
        if self.all.is_empty() {
            let others = pool.remotes.iter().enumerate().filter(|(index, _)| *index != self.own);
            let watched = others.map(|(index, remote)| (index, WatchedCore::new(&remote.reactor)));
            self.all.extend(watched);
        }
    }
}
