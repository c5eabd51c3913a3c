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
//! A worker that is stuck in one poll cannot turn its reactor. Its siblings do it: an idle one
//! looks after them, the *sentinel*, which is the last that went to sleep; see
//! [`Ward`](crate::reactor::ward::Ward). Only while it turns the reactor of a stuck worker does it
//! empty that worker's LIFO slot. When nothing has turned for a second the sentinel dozes, and the
//! next worker that turns rouses it.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_deque::{Steal, Stealer};
use crossbeam_utils::atomic::AtomicCell;

use super::core::{Core, Queue};
use super::shared::Shared;
use super::worker;
use crate::reactor;
use crate::task::Runnable;
use crate::time::clock::real_now;

/// How many tasks must wait in a queue before a sibling is woken to help.
const CROWD: usize = 3;

/// What siblings see of a core.
pub(super) struct Remote {
    pub(super) stealer: Stealer<Runnable>,
    pub(super) lifo: AtomicCell<Option<Runnable>>,
    pub(super) reactor: Arc<reactor::Shared>,
}

/// The cores and the threads that hold them.
pub(crate) struct Pool {
    pub(super) remotes: Box<[Remote]>,
    sleepers: Mutex<Vec<usize>>,
    sleeping: AtomicUsize,
    searching: AtomicUsize,
    dozing: AtomicBool,
    ending: AtomicBool,
    threads: Mutex<Threads>,
}

#[derive(Default)]
struct Threads {
    handles: Vec<JoinHandle<()>>,
}

impl Pool {
    pub(super) fn new(cores: &[Box<Core>]) -> Self {
        let remotes = cores.iter().map(|core| Remote {
            stealer: match &core.queue {
                Queue::Shared(queue) => queue.stealer(),
                Queue::Own(_) => unreachable!("the cores of a pool share their queues"),
            },
            lifo: AtomicCell::new(None),
            reactor: core.reactor.clone(),
        });
        Self {
            remotes: remotes.collect(),
            sleepers: Mutex::default(),
            sleeping: AtomicUsize::new(0),
            searching: AtomicUsize::new(0),
            dozing: AtomicBool::new(false),
            ending: AtomicBool::new(false),
            threads: Mutex::default(),
        }
    }

    fn threads(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleepers(&self) -> MutexGuard<'_, Vec<usize>> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a thread that holds `core`; gives it back if there is no thread to be had.
    pub(super) fn start_worker(
        &self,
        shared: &Arc<Shared>,
        core: Box<Core>,
    ) -> Result<(), (Box<Core>, io::Error)> {
        let core = Arc::new(Mutex::new(Some(core)));
        let take = |core: &Mutex<Option<Box<Core>>>| {
            core.lock().unwrap_or_else(PoisonError::into_inner).take()
        };
        let mut threads = self.threads();
        let name = (shared.config.thread_name)();
        let (runtime, given) = (shared.clone(), core.clone());
        let started =
            crate::task::blocking::spawn_thread(name, shared.config.stack_size, move || {
                if let Some(core) = take(&given) {
                    worker::run(runtime, core);
                }
            });
        match started {
            Ok(handle) => {
                threads.handles.retain(|handle| !handle.is_finished());
                threads.handles.push(handle);
                Ok(())
            }
            Err(error) => match take(&core) {
                Some(core) => Err((core, error)),
                None => Ok(()),
            },
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

    /// Wakes a sibling if tasks have queued up with `core`.
    pub(super) fn call_for_help(&self, core: &Core) {
        if core.queue.len() >= CROWD && self.sleeping.load(Ordering::SeqCst) > 0 {
            self.wake_searcher();
        }
    }

    /// Wakes a worker to search, unless one is out searching anyway.
    pub(super) fn wake_searcher(&self) {
        let none = self.searching.compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst);
        if none.is_err() {
            return;
        }
        let sleeper = {
            let mut sleepers = self.sleepers();
            let sleeper = sleepers.pop();
            self.sleeping.store(sleepers.len(), Ordering::SeqCst);
            sleeper
        };
        match sleeper {
            Some(index) => self.remotes[index].reactor.unpark(),
            None => {
                self.searching.fetch_sub(1, Ordering::SeqCst);
            }
        }
    }

    /// Puts a worker to the sleepers.
    pub(super) fn fall_asleep(&self, index: usize) {
        let mut sleepers = self.sleepers();
        sleepers.push(index);
        self.sleeping.store(sleepers.len(), Ordering::SeqCst);
    }

    /// Takes a worker from the sleepers; false if somebody woke it to search.
    pub(super) fn wake_up(&self, index: usize) -> bool {
        let mut sleepers = self.sleepers();
        let at = sleepers.iter().position(|sleeper| *sleeper == index);
        if let Some(at) = at {
            sleepers.remove(at);
            self.sleeping.store(sleepers.len(), Ordering::SeqCst);
        }
        at.is_some()
    }

    /// Whether the worker is the sentinel: the last of the sleepers.
    pub(super) fn is_sentinel(&self, index: usize) -> bool {
        self.sleepers().last() == Some(&index)
    }

    /// The sentinel sleeps without looking from now on.
    pub(super) fn doze(&self) {
        self.dozing.store(true, Ordering::SeqCst);
    }

    /// Rouses a sentinel that dozes: a worker has turned.
    pub(super) fn rouse(&self) {
        if self.dozing.load(Ordering::Relaxed) && self.dozing.swap(false, Ordering::SeqCst) {
            if let Some(last) = self.sleepers().last() {
                self.remotes[*last].reactor.unpark();
            }
        }
    }

    /// Joins the search, if not enough are out already.
    pub(super) fn begin_search(&self) -> bool {
        self.searching.compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    pub(super) fn end_search(&self) {
        self.searching.fetch_sub(1, Ordering::SeqCst);
    }

    /// Takes tasks from a sibling's queue into that of `core`; returns the first.
    pub(super) fn steal(&self, core: &mut Core) -> Option<Runnable> {
        let count = self.remotes.len();
        let Queue::Shared(queue) = &core.queue else { return None };
        for offset in 1..count {
            let victim = &self.remotes[(core.index + offset) % count];
            loop {
                match victim.stealer.steal_batch_and_pop(queue) {
                    Steal::Success(runnable) => {
                        core.counters.steals.add(1 + queue.len() as u64);
                        return Some(runnable);
                    }
                    Steal::Empty => break,
                    Steal::Retry => {}
                }
            }
        }
        None
    }

    /// Whether there is anything to take for a worker that is about to sleep.
    pub(super) fn has_work(&self, shared: &Shared) -> bool {
        !shared.injector.is_empty() || self.remotes.iter().any(|remote| !remote.stealer.is_empty())
    }

    /// Ends the workers and waits for their threads until `deadline`; false if some still run.
    pub(super) fn shut_down(&self, deadline: Option<Instant>) -> bool {
        self.ending.store(true, Ordering::SeqCst);
        for remote in &self.remotes {
            remote.reactor.unpark();
        }
        let handles = std::mem::take(&mut self.threads().handles);
        let own = std::thread::current().id();
        let mut done = true;
        for handle in handles {
            if handle.thread().id() == own {
                // A task drops its own runtime: its worker ends when this poll returns.
                done = false;
                continue;
            }
            if !wait_for(&handle, deadline) {
                done = false;
                continue;
            }
            // Its panic, if any, was reported by the hook.
            _ = handle.join();
        }
        done
    }
}

/// Waits until a thread is done or the deadline has passed.
fn wait_for(handle: &JoinHandle<()>, deadline: Option<Instant>) -> bool {
    let Some(deadline) = deadline else { return true };
    while !handle.is_finished() {
        let left = deadline.saturating_duration_since(real_now());
        if left.is_zero() {
            return false;
        }
        std::thread::sleep(left.min(Duration::from_millis(1)));
    }
    true
}

/// The error of a pool that could not start a worker.
pub(super) fn no_worker(error: &io::Error) -> io::Error {
    let text = format!("a worker thread of the runtime cannot be started: {error}");
    io::Error::new(error.kind(), text)
}
