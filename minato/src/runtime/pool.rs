//! The cores of a multi-thread runtime: their queues as siblings see them, and who sleeps.
//!
//! # Where a task goes
//!
//! A task woken by a worker goes to that worker: into its LIFO slot, from which the task that stood
//! there moves on to the end of the queue. A task woken elsewhere goes to the injector.
//!
//! # Waking siblings
//!
//! Waking a sleeping thread costs more than running several short tasks, so a sibling is woken only
//! when tasks have queued up, and only one at a time is out searching; it wakes the next one if it
//! finds more than it needs.
//!
//! # No task may stall others
//!
//! A worker that is stuck in one poll cannot turn its reactor. A sibling does it: as long as any
//! worker sleeps, one of the sleepers is the *standby worker*, which watches the others (see
//! [`watch`](crate::reactor::watch) and [`Siblings`](super::siblings::Siblings)). When it finds
//! work, it names another sleeper. Where nobody sleeps, the busy workers look at each other now and
//! then. Only from a worker that is stuck do they take the task in its LIFO slot, and those that
//! have yielded.

use std::task::Waker;
use std::time::Instant;

use crossbeam_deque::{Steal, Stealer};
use crossbeam_utils::atomic::AtomicCell;

use super::core::Core;
use super::inner::RuntimeInner;
use super::queue::{Queue, Tasks};
use crate::reactor;
use crate::reactor::watch::Sleep;
use crate::sync::plain::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex};
use crate::task::Runnable;
use crate::task::threads::{ThreadConfig, Threads};
use crate::time::clock::real_now;

/// How many tasks must wait in a queue before a sibling is woken to help.
const QUEUE_TO_SHARE: usize = 3;

/// How often in a row a task is taken from the LIFO slot, before the queue has its turn: two tasks
/// that wake each other must not keep the others waiting.
const LIFO_POLLS: u32 = 3;

/// What siblings see of a core.
pub(super) struct Remote {
    pub(super) stealer: Stealer<Runnable>,
    yielded: Stealer<Runnable>,
    pub(super) lifo: AtomicCell<Option<Runnable>>,
    pub(super) reactor: Arc<reactor::ReactorInner>,
}

/// The cores and the threads that hold them.
pub(crate) struct Pool {
    pub(super) remotes: Box<[Remote]>,
    sleepers: Mutex<Sleepers>,
    sleeping: AtomicUsize,
    searching: AtomicUsize,
    /// Until when the standby worker sleeps.
    pub(super) standby_sleep: Sleep,
    ending: AtomicBool,
    /// In a box, so that a current-thread runtime has no room for it.
    pub(super) threads: Box<Threads<Box<Core>>>,
}

#[derive(Default)]
struct Sleepers {
    /// Who sleeps, the last to fall asleep last.
    all: Vec<usize>,
    /// Which of them watches the siblings; it may have been woken already and not know yet.
    standby: Option<usize>,
}

/// How a sleeper was before it woke up.
pub(super) struct Woken {
    /// Whether somebody woke it to search.
    pub(super) to_search: bool,
    /// Whether it was the standby worker, and must name another one if it is going to work.
    pub(super) was_standby: bool,
}

impl Pool {
    pub(super) fn new(cores: &[Box<Core>], threads: ThreadConfig) -> Self {
        let remotes = cores.iter().map(|core| {
            let Queue { ready: Tasks::Shared(ready), yielded: Tasks::Shared(yielded), .. } =
                &core.queue
            else {
                unreachable!("the cores of a pool share their queues")
            };
            Remote {
                stealer: ready.stealer(),
                yielded: yielded.stealer(),
                lifo: AtomicCell::new(None),
                reactor: core.reactor.clone(),
            }
        });
        Self {
            remotes: remotes.collect(),
            sleepers: Mutex::default(),
            sleeping: AtomicUsize::new(0),
            searching: AtomicUsize::new(0),
            standby_sleep: Sleep::default(),
            ending: AtomicBool::new(false),
            threads: Box::new(Threads::new(threads)),
        }
    }

    /// Whether the workers are to end.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }

    /// Queues a task with the core that this thread holds.
    pub(super) fn queue_with(&self, core: &mut Core, runnable: Runnable, yielded: bool) {
        if yielded {
            core.queue.push(runnable);
        } else if let Some(before) = self.remotes[core.index].lifo.swap(Some(runnable)) {
            core.queue.push(before);
        }
    }

    /// Wakes the last of `wakers`, if it is of a task of the runtime at `address`: its runnable.
    pub(super) fn wake_last(&self, address: usize, wakers: &mut Vec<Waker>) -> Option<Runnable> {
        let last = wakers.pop_if(|waker| Runnable::is_of(address, waker))?;
        Runnable::by_waking(last).unwrap_or_else(|complete| {
            drop(complete);
            None
        })
    }

    /// The next task of `core` itself.
    #[inline]
    pub(super) fn next_of(&self, core: &mut Core) -> Option<Runnable> {
        let lifo = &self.remotes[core.index].lifo;
        if core.lifo_polls < LIFO_POLLS
            && let Some(runnable) = lifo.take()
        {
            core.lifo_polls += 1;
            return Some(runnable);
        }
        core.lifo_polls = 0;
        core.queue.pop().or_else(|| lifo.take())
    }

    /// Whether `core` has a task of its own. What is in its LIFO slot goes to its queue.
    pub(super) fn has_task(&self, core: &mut Core) -> bool {
        if let Some(runnable) = self.remotes[core.index].lifo.take() {
            core.queue.push(runnable);
        }
        !core.queue.is_empty()
    }

    /// Wakes a sibling if tasks have queued up with `core`.
    pub(super) fn call_for_help(&self, core: &Core) {
        if core.queue.len() >= QUEUE_TO_SHARE
            && self.has_siblings()
            && self.sleeping.load(Ordering::SeqCst) > 0
        {
            self.wake_searcher(Some(core.index));
        }
    }

    /// Wakes a worker other than `own` to search, unless one is out searching anyway.
    pub(super) fn wake_searcher(&self, own: Option<usize>) {
        let none = self.searching.compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst);
        if none.is_err() {
            return;
        }
        let sleeper = {
            let mut sleepers = self.sleepers.lock();
            // The standby worker only if nobody else sleeps.
            let last_but = |standby| {
                let is_other = |index: &usize| ![standby, own].contains(&Some(*index));
                sleepers.all.iter().rposition(is_other)
            };
            let at = last_but(sleepers.standby).or_else(|| last_but(None));
            let sleeper = at.map(|at| sleepers.all.remove(at));
            self.sleeping.store(sleepers.all.len(), Ordering::SeqCst);
            if sleeper.is_none() {
                // Under the lock: who falls asleep after this finds nobody searching.
                self.end_search();
            }
            sleeper
        };
        if let Some(index) = sleeper {
            self.remotes[index].reactor.unpark();
        }
    }

    /// Whether there is more than one worker: one that is alone neither searches nor watches.
    #[inline]
    fn has_siblings(&self) -> bool {
        self.remotes.len() > 1
    }

    /// Puts a worker to the sleepers; says whether it is the standby worker.
    pub(super) fn fall_asleep(&self, index: usize) -> bool {
        let mut sleepers = self.sleepers.lock();
        sleepers.all.push(index);
        self.sleeping.store(sleepers.all.len(), Ordering::SeqCst);
        self.has_siblings() && *sleepers.standby.get_or_insert(index) == index
    }

    /// Takes a worker from the sleepers.
    pub(super) fn wake_up(&self, index: usize) -> Woken {
        let mut sleepers = self.sleepers.lock();
        let was_standby = sleepers.standby.take_if(|standby| *standby == index).is_some();
        if was_standby {
            // Under the lock: the next one says later until when it sleeps.
            self.standby_sleep.wake_up();
        }
        let at = sleepers.all.iter().position(|sleeper| *sleeper == index);
        if let Some(at) = at {
            sleepers.all.remove(at);
            self.sleeping.store(sleepers.all.len(), Ordering::SeqCst);
        }
        Woken { to_search: at.is_none(), was_standby }
    }

    /// Makes another sleeper the standby worker, since the former one has work.
    pub(super) fn choose_standby(&self) {
        let next = {
            let mut sleepers = self.sleepers.lock();
            if sleepers.standby.is_none() {
                sleepers.standby = sleepers.all.last().copied();
                sleepers.standby
            } else {
                None
            }
        };
        if let Some(index) = next {
            self.remotes[index].reactor.unpark();
        }
    }

    /// Whether no worker sleeps: then there is no standby worker.
    pub(super) fn is_fully_awake(&self) -> bool {
        self.sleeping.load(Ordering::SeqCst) == 0
    }

    /// The worker `index` has turned: the standby worker looks again if it sleeps.
    #[inline]
    pub(super) fn has_turned(&self, index: usize) {
        if self.standby_sleep.is_asleep() {
            self.wake_standby(index);
        }
    }

    #[cold]
    fn wake_standby(&self, index: usize) {
        let standby = {
            // The lock is kept until the word is changed: it is that of this standby worker.
            let sleepers = self.sleepers.lock();
            let standby = sleepers.standby.filter(|standby| *standby != index);
            standby.filter(|_| self.standby_sleep.must_wake(real_now()))
        };
        if let Some(standby) = standby {
            self.remotes[standby].reactor.unpark();
        }
    }

    /// Joins the search, if not enough are out already.
    pub(super) fn begin_search(&self) -> bool {
        let join = || self.searching.compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst);
        self.has_siblings() && join().is_ok()
    }

    pub(super) fn end_search(&self) {
        self.searching.fetch_sub(1, Ordering::SeqCst);
    }

    /// Takes tasks from a sibling's queue into that of `core`; returns the first.
    pub(super) fn steal(&self, core: &mut Core) -> Option<Runnable> {
        let count = self.remotes.len();
        let Tasks::Shared(ready) = &core.queue.ready else { return None };
        for offset in 1..count {
            let victim = &self.remotes[(core.index + offset) % count];
            loop {
                match victim.stealer.steal_batch_and_pop(ready) {
                    Steal::Success(runnable) => {
                        core.reactor.counters.steals.add(1 + ready.len() as u64);
                        return Some(runnable);
                    }
                    Steal::Empty => break,
                    Steal::Retry => {}
                }
            }
        }
        None
    }

    /// Takes over tasks of a sibling that is stuck in a poll, also from its LIFO slot and of those
    /// that have yielded.
    pub(super) fn steal_from_stuck(&self, stuck: usize, core: &mut Core) {
        let remote = &self.remotes[stuck];
        if let Some(runnable) = remote.lifo.take() {
            core.queue.push(runnable);
        }
        if let Tasks::Shared(ready) = &core.queue.ready {
            // What it does not get now comes with the next look.
            _ = remote.stealer.steal_batch(ready);
            _ = remote.yielded.steal_batch(ready);
        }
    }

    /// Whether a worker that counts as asleep must search instead: there is something to take, and
    /// nobody is out searching. Who is out looks once more when it has ended its search, and then
    /// finds the sleeper.
    pub(super) fn must_search(&self, shared: &RuntimeInner) -> bool {
        self.has_work(shared) && self.searching.load(Ordering::SeqCst) == 0
    }

    /// Whether there is anything to take for a worker without tasks.
    pub(super) fn has_work(&self, shared: &RuntimeInner) -> bool {
        !shared.injector.is_empty() || self.remotes.iter().any(|remote| !remote.stealer.is_empty())
    }

    /// Ends the workers and waits for their threads until `deadline`. A task may drop its own
    /// runtime: its worker ends when this poll returns.
    pub(super) fn shut_down(&self, deadline: Option<Instant>) {
        self.ending.store(true, Ordering::SeqCst);
        self.threads.stop();
        for remote in &self.remotes {
            remote.reactor.unpark();
        }
        self.threads.join(deadline);
    }
}

#[cfg(test)]
mod tests {
    use std::thread::yield_now;

    use crate::runtime::inner::Flavor;
    use crate::runtime::{Builder, Handle};

    /// A worker that counts as asleep and finds work must not stay awake for it in a loop, while
    /// the one that is out searching has no processor.
    #[test]
    fn work_is_the_business_of_who_is_out_searching() {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let shared = Handle::clone(runtime.handle()).shared;
        let Flavor::MultiThread(pool) = &shared.flavor else { unreachable!() };
        while !pool.begin_search() {
            yield_now();
        }
        // Nobody is woken, since somebody is out searching.
        let task = runtime.spawn(async {});
        let (had_work, searched) = (pool.has_work(&shared), !pool.must_search(&shared));
        pool.end_search();
        // Otherwise a worker that was still on its way to sleep has found it.
        assert!(searched || !had_work);
        if pool.has_work(&shared) {
            pool.wake_searcher(None);
        }
        runtime.block_on(task).unwrap();
        assert!(!pool.must_search(&shared));
    }

    /// Who finds nobody to wake is no longer out searching when the next worker falls asleep.
    #[test]
    fn a_search_for_a_sleeper_in_vain_ends() {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let shared = Handle::clone(runtime.handle()).shared;
        let Flavor::MultiThread(pool) = &shared.flavor else { unreachable!() };
        for _ in 0..1000 {
            pool.wake_searcher(Some(0));
        }
        while !pool.begin_search() {
            yield_now();
        }
        pool.end_search();
    }
}
