//! A worker: a thread that holds a core of a multi-thread runtime and runs its tasks.

use std::task::Waker;
use std::time::Duration;

use super::context::{self, Context};
use super::core::Core;
use super::inner::RuntimeInner;
use super::pool::Pool;
use super::siblings::Siblings;
use crate::reactor::watch::TurnedBy;
use crate::sync::Arc;
use crate::task::Runnable;
use crate::time::clock::real_now;

/// Runs the tasks of `core` on this thread, until the runtime ends or the core is handed over.
pub(super) fn run(shared: &Arc<RuntimeInner>, pool: &Pool, core: Box<Core>) {
    core.reactor.set_turned_by(TurnedBy::CoreHolder);
    let index = core.index;
    // It may get stuck before its first turn.
    pool.has_turned(index);
    let siblings = Siblings::new(index);
    let context = Context::enter_new(shared.clone(), Some(core));
    context.set_at_work();
    Worker {
        shared,
        pool,
        index,
        context: &context,
        siblings,
        is_looking: true,
        rounds: 0,
        searching: false,
        was_standby: false,
    }
    .run();
}

struct Worker<'a> {
    shared: &'a Arc<RuntimeInner>,
    pool: &'a Pool,
    index: usize,
    context: &'a Context,
    /// The other workers, as this one watches them.
    siblings: Siblings,
    /// Whether the worker has searched or parked, and has polled nothing since.
    is_looking: bool,
    /// How often it has polled tasks since it was last found busy.
    rounds: u32,
    /// Whether this worker is the one that searches.
    searching: bool,
    /// Whether it was the standby worker until it woke up.
    was_standby: bool,
}

/// A core that its worker still has; `None` if it was passed on to another thread.
type StillHeld = Option<Box<Core>>;

impl Worker<'_> {
    fn run(&mut self) {
        let Some(mut core) = self.context.take() else { return };
        core.begin_work(self.shared);
        while !self.pool.is_ending() {
            match self.step(core) {
                Some(held) => core = held,
                None => return,
            }
        }
        self.leave(core);
    }

    /// Polls tasks, or looks for some and sleeps if there are none.
    fn step(&mut self, mut core: Box<Core>) -> StillHeld {
        if self.is_looking {
            // 1. The first task after a pause: from now on others search and watch.
            let Some(runnable) = self.find(&mut core) else { return self.park(core) };
            self.go_to_work(&mut core);
            return context::between_polls(|| core.run(self.context, runnable));
        }
        // 2. The core's own tasks, and those from other threads.
        let (core, more) = context::between_polls(|| core.run_batch(self.context))?;
        self.rounds += 1;
        let is_busy = more || self.rounds >= core.intervals.turn_interval;
        self.is_looking = !is_busy && !core.queue.has_yielded();
        if self.is_looking { Some(core) } else { self.turn(core, is_busy) }
    }

    /// Turns the reactor without waiting. If the worker is busy, that is the time to look at a
    /// sibling, unless a sleeper does.
    fn turn(&mut self, mut core: Box<Core>, is_busy: bool) -> StillHeld {
        if is_busy {
            self.rounds = 0;
            core.intervals.adjust(real_now());
            core.go_on_working(self.shared);
        }
        let core = core.turn(self.context, Some(Duration::ZERO))?;
        if is_busy && self.pool.is_fully_awake() {
            return self.check_a_sibling(core);
        }
        Some(core)
    }

    /// A task of the core, from another thread, or of a sibling.
    fn find(&mut self, core: &mut Core) -> Option<Runnable> {
        core.next_or_injected(self.shared).or_else(|| {
            self.searching = self.searching || self.pool.begin_search();
            if self.searching { self.pool.steal(core) } else { None }
        })
    }

    /// Leaves searching and watching to others.
    #[cold]
    fn go_to_work(&mut self, core: &mut Core) {
        self.is_looking = false;
        core.is_unparked();
        if std::mem::take(&mut self.was_standby) {
            self.siblings.release();
            self.pool.choose_standby();
        }
        if std::mem::take(&mut self.searching) {
            self.pool.end_search();
            if self.pool.has_work(self.shared) {
                self.pool.wake_searcher(None);
            }
        }
    }

    /// Sleeps until there is something to do.
    fn park(&mut self, mut core: Box<Core>) -> StillHeld {
        // 1. Leave the search: a thread that queues a task from now on wakes a worker to search.
        if std::mem::take(&mut self.searching) {
            self.pool.end_search();
        }
        // 2. Count as asleep, and look for work once more: a thread that queued a task before this
        //    could not know that a worker must be woken. If another worker is out searching, the
        //    task is its business: to stay awake for it would be to wait in a loop.
        let is_standby = self.pool.fall_asleep(self.index);
        // 3. The standby worker looks at its siblings, and may turn a stuck one's reactor.
        let mut timeout = None;
        if !self.pool.must_search(self.shared) {
            if is_standby {
                (core, timeout) = self.watch_siblings(core)?;
            }
            // 4. Sleep, unless the siblings' tasks are now here.
            if !self.pool.has_task(&mut core) {
                core = core.begin_park(self.context)?;
                let Self { pool, shared, .. } = self;
                let is_ready = |core: &mut Core| {
                    pool.has_task(core) || pool.must_search(shared) || pool.is_ending()
                };
                // What is called at a park may have given it something to do.
                if !shared.observes_parks() || !is_ready(&mut core) {
                    core = core.sleep(self.context, timeout, is_ready)?;
                }
                core = core.end_park(self.context)?;
            }
        }
        // 5. Learn why it woke up. A sleeper that was woken is the one that searches.
        let woken = self.pool.wake_up(self.index);
        self.searching = woken.to_search;
        self.was_standby = woken.was_standby;
        Some(core)
    }

    /// Looks at all siblings as the standby worker, before it sleeps; returns how long it may.
    fn watch_siblings(&mut self, core: Box<Core>) -> Option<(Box<Core>, Option<Duration>)> {
        let (pool, now) = (self.pool, real_now());
        let check = |siblings: &mut Siblings, wakers: &mut _| siblings.check_all(pool, now, wakers);
        let (core, next) = self.check_siblings(core, check)?;
        Some((core, self.siblings.say_until_when(pool, now, next)))
    }

    /// Looks at one sibling, since no worker sleeps that would.
    fn check_a_sibling(&mut self, core: Box<Core>) -> StillHeld {
        let pool = self.pool;
        let check = |siblings: &mut Siblings, wakers: &mut _| {
            siblings.check_next(pool, real_now(), wakers);
        };
        self.check_siblings(core, check).map(|(core, ())| core)
    }

    /// Looks at siblings by `check`, and takes the tasks of those that are stuck.
    fn check_siblings<T>(
        &mut self,
        mut core: Box<Core>,
        check: impl FnOnce(&mut Siblings, &mut Vec<Waker>) -> T,
    ) -> Option<(Box<Core>, T)> {
        let mut wakers = std::mem::take(&mut core.wakers);
        // Turning a reactor calls wakers, which may be foreign code.
        let (core, output) = self.context.lend(core, || check(&mut self.siblings, &mut wakers));
        let mut core = core?;
        self.siblings.stuck().for_each(|index| self.pool.steal_from_stuck(index, &mut core));
        core.wakers = wakers;
        self.pool.call_for_help(&core);
        Some((core, output))
    }

    /// Drops the tasks that are left: the runtime ends.
    fn leave(&self, mut core: Box<Core>) {
        core.queue.end_yields();
        while let Some(runnable) = core.next(self.shared).or_else(|| self.shared.injector.pop()) {
            match self.context.lend(core, || drop(runnable)).0 {
                Some(held) => core = held,
                None => return,
            }
        }
        core.is_unparked();
        core.end_work();
        self.context.put(core);
        if let Some(core) = self.context.take_core() {
            core.reactor.set_turned_by(TurnedBy::Nobody);
        }
    }
}
