//! A worker: a thread that holds a core of a multi-thread runtime and runs its tasks.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use super::context::{self, Seat, Seated};
use super::core::Core;
use super::current::run_measured;
use super::pool::Pool;
use super::shared::Shared;
use super::spin::Spin;
use crate::reactor::shared::Keeper;
use crate::reactor::ward::{self, Look, Ward};
use crate::task::Runnable;

/// After how many polls the reactor and the injector are looked at, however much there is to do.
pub(super) const POLLS_PER_LOOK: u32 = 61;

/// How often in a row a task is taken from the LIFO slot, before the queue has its turn: two tasks
/// that wake each other must not keep the others waiting.
const LIFO_POLLS: u32 = 3;

/// How many tasks a worker takes from the injector at a time.
const INJECTOR_BATCH: usize = 32;

/// Runs the tasks of `core` on this thread, until the runtime ends or the core is handed over.
pub(super) fn run(shared: &Arc<Shared>, pool: &Pool, core: Box<Core>) {
    core.reactor.set_keeper(Keeper::Core);
    let wards = pool
        .remotes
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != core.index)
        .map(|(index, remote)| (index, Ward::new(Arc::downgrade(&remote.reactor))))
        .collect();
    let index = core.index;
    let seat = Seat::take(shared.clone(), Some(core));
    seat.set_at_work();
    let (searching, has_duty) = (false, false);
    let mut worker = Worker { shared, pool, index, seat, wards, searching, has_duty };
    worker.run();
}

struct Worker<'a> {
    shared: &'a Arc<Shared>,
    pool: &'a Pool,
    index: usize,
    seat: Seated,
    /// The siblings, in case this worker is the sentinel.
    wards: Vec<(usize, Ward)>,
    /// Whether this worker is the one that searches.
    searching: bool,
    /// Whether it was the sentinel until it woke up.
    has_duty: bool,
}

impl Worker<'_> {
    fn run(&mut self) {
        if self.run_to_end() {
            self.leave();
        }
    }

    /// Runs tasks until the runtime ends; false if the core was handed over.
    fn run_to_end(&mut self) -> bool {
        while !self.pool.is_ending() {
            match self.next() {
                Some(runnable) => self.poll(runnable),
                None if self.seat.core.borrow().is_none() => return false,
                None => self.park(),
            }
        }
        true
    }

    fn poll(&mut self, runnable: Runnable) {
        if self.searching || self.has_duty {
            self.go_to_work();
        }
        context::between_polls(|| run_measured(self.shared, &self.seat, runnable));
    }

    /// Leaves searching and looking after siblings to others.
    #[cold]
    fn go_to_work(&mut self) {
        if std::mem::take(&mut self.has_duty) {
            self.wards.iter_mut().for_each(|(_, ward)| ward.release());
            self.pool.pass_duty_on();
        }
        if std::mem::take(&mut self.searching) {
            self.pool.end_search();
            if self.pool.has_work(self.shared) {
                self.pool.wake_searcher();
            }
        }
    }

    /// The next task to poll; `None` if there is none to be found, or the core is gone.
    fn next(&mut self) -> Option<Runnable> {
        let look = {
            let mut core = self.seat.core.borrow_mut();
            let core = core.as_deref_mut()?;
            core.tick = core.tick.wrapping_add(1);
            core.tick % POLLS_PER_LOOK == 0
        };
        if look {
            self.turn(Some(Duration::ZERO));
            self.look_after_siblings(false);
        }
        let mut core = self.seat.core.borrow_mut();
        let core = core.as_deref_mut()?;
        if look && let Some(runnable) = self.shared.injector.pop() {
            return Some(runnable);
        }
        let next = match Self::next_of(self.pool, core) {
            Some(runnable) => Some(runnable),
            None => Self::search(self.shared, self.pool, &mut self.searching, core),
        };
        core.counters.polls.add(u64::from(next.is_some()));
        next
    }

    /// The next task of the core itself.
    fn next_of(pool: &Pool, core: &mut Core) -> Option<Runnable> {
        let lifo = &pool.remotes[core.index].lifo;
        if core.lifo_polls < LIFO_POLLS
            && let Some(runnable) = lifo.take()
        {
            core.lifo_polls += 1;
            return Some(runnable);
        }
        core.lifo_polls = 0;
        core.queue.pop().or_else(|| lifo.take())
    }

    /// A task from the injector or from a sibling.
    fn search(
        shared: &Shared,
        pool: &Pool,
        searching: &mut bool,
        core: &mut Core,
    ) -> Option<Runnable> {
        let queue = &mut core.queue;
        let injected = shared.injector.pop_batch(INJECTOR_BATCH, |rest| queue.push(rest));
        if injected.is_some() {
            return injected;
        }
        if !*searching && !pool.begin_search() {
            return None;
        }
        *searching = true;
        pool.steal(core)
    }

    /// Sleeps until there is something to do.
    fn park(&mut self) {
        if self.searching {
            self.searching = false;
            self.pool.end_search();
        }
        let sentinel = self.pool.fall_asleep(self.index);
        // Who queued something before we counted as asleep could not know that we must be woken.
        if self.pool.has_work(self.shared) {
            return self.wake_up();
        }
        let timeout = if sentinel { self.watch_siblings() } else { None };
        if self.has_task() {
            return self.wake_up();
        }
        if let Some(core) = self.seat.core.borrow().as_deref() {
            core.counters.parks.add(1);
        }
        self.sleep(timeout);
        self.wake_up();
    }

    fn wake_up(&mut self) {
        let woken = self.pool.wake_up(self.index);
        // Whoever wakes a sleeper makes it the one that searches.
        self.searching = woken.to_search;
        self.has_duty = woken.as_sentinel;
    }

    /// Turns the reactor until something happens; looks for a while first if that pays.
    fn sleep(&self, timeout: Option<Duration>) {
        let mut spin = self.seat.core.borrow().as_deref().map_or_else(Spin::default, |c| c.spin);
        spin.before(
            self.shared.config.spin,
            || {
                self.turn(Some(Duration::ZERO));
                self.has_task() || self.pool.has_work(self.shared) || self.pool.is_ending()
            },
            || self.turn(timeout),
        );
        if let Some(core) = self.seat.core.borrow_mut().as_deref_mut() {
            core.spin = spin;
        }
    }

    fn has_task(&self) -> bool {
        let mut core = self.seat.core.borrow_mut();
        core.as_deref_mut().is_some_and(|core| match Self::next_of(self.pool, core) {
            Some(runnable) => {
                core.queue.push(runnable);
                true
            }
            None => false,
        })
    }

    fn turn(&self, timeout: Option<Duration>) {
        let Some((reactor, mut wakers)) = self.take_wakers() else { return };
        if let Err(error) = reactor.turn(&mut wakers, timeout) {
            // Sockets and timers move to other reactors; from now on the turns only park.
            super::report(&format!("a reactor of the runtime cannot wait, and ends: {error}"));
            reactor.end();
        }
        self.pool.rouse(self.index);
        self.put_wakers(wakers);
    }

    /// The reactor and the room for wakers of the held core.
    fn take_wakers(&self) -> Option<(Arc<crate::reactor::Shared>, Vec<Waker>)> {
        let mut core = self.seat.core.borrow_mut();
        let core = core.as_deref_mut()?;
        Some((core.reactor.clone(), std::mem::take(&mut core.wakers)))
    }

    fn put_wakers(&self, wakers: Vec<Waker>) {
        if let Some(core) = self.seat.core.borrow_mut().as_deref_mut() {
            core.wakers = wakers;
            self.pool.call_for_help(core);
        }
    }

    /// Looks at the siblings as the sentinel, which is going to sleep; how long it may.
    fn watch_siblings(&mut self) -> Option<Duration> {
        if let Some(until) = self.look_after_siblings(true) {
            return Some(until);
        }
        self.pool.doze();
        // Who turned after the look and before that had nobody to rouse.
        self.look_after_siblings(true)
    }

    /// Looks at the siblings; how long until the next look. A worker that goes to sleep watches the
    /// descriptors of those who are stuck; one that works does not, since it may get stuck as well.
    fn look_after_siblings(&mut self, sleeps: bool) -> Option<Duration> {
        if self.wards.is_empty() {
            return None;
        }
        let (own, mut wakers) = self.take_wakers()?;
        let now = ward::now();
        let mut next: Option<Duration> = None;
        for (index, ward) in &mut self.wards {
            if let Look::Again(until) = ward.look(sleeps.then_some(&own), now, &mut wakers) {
                next = Some(next.map_or(until, |next| next.min(until)));
            }
            if ward.is_stuck()
                && let Some(core) = self.seat.core.borrow_mut().as_deref_mut()
            {
                self.pool.relieve(*index, core);
            }
        }
        self.put_wakers(wakers);
        next
    }

    /// Drops the tasks that are left: the runtime ends.
    fn leave(&mut self) {
        loop {
            let next = {
                let mut core = self.seat.core.borrow_mut();
                core.as_deref_mut().and_then(|core| Self::next_of(self.pool, core))
            };
            match next.or_else(|| self.shared.injector.pop()) {
                Some(runnable) => drop(runnable),
                None => break,
            }
        }
        if let Some(core) = self.seat.take_core() {
            core.reactor.set_keeper(Keeper::Nobody);
        }
    }
}
