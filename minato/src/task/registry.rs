//! The living tasks of a runtime.
//!
//! Every task is here from its spawning until its future is gone. A shutdown wakes them all once,
//! so that each comes by the queue and can be dropped there; a handle finds its task here to abort
//! it; and "idle" means that nobody is left.

use std::panic::Location;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use slab::Slab;

use super::Id;

/// The living tasks and running blocking jobs of one runtime.
#[derive(Default)]
pub(crate) struct Registry {
    state: Mutex<State>,
    /// How many living tasks are to be aborted, and [`CLOSED`]: while it is 0, which is nearly
    /// always, nobody need ask for one of them.
    to_abort: AtomicUsize,
}

/// The bit that says that all of them are to be dropped.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// The key of a task that came after the end: it is dropped before anybody looks for it.
const NOWHERE: usize = usize::MAX;

#[derive(Default)]
struct State {
    tasks: Slab<Entry>,
    closed: bool,
    idle_waiters: Vec<Waker>,
    /// How many were ever added.
    added: u64,
}

struct Entry {
    id: Id,
    spawned_at: &'static Location<'static>,
    waker: Waker,
    aborted: bool,
}

impl Registry {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a task that `make` builds when it is told its key and its number among all that were
    /// ever added. After [`close`](Self::close) the task is an error: built, but not to be run.
    pub(crate) fn insert<T>(
        &self,
        id: Id,
        spawned_at: &'static Location<'static>,
        make: impl FnOnce(usize, u64) -> (T, Waker),
    ) -> Result<T, T> {
        let mut state = self.state();
        if state.closed {
            drop(state);
            return Err(Self::refuse(make));
        }
        let number = state.added;
        state.added += 1;
        let place = state.tasks.vacant_entry();
        let (task, waker) = make(place.key(), number);
        place.insert(Entry { id, spawned_at, waker, aborted: false });
        Ok(task)
    }

    /// Builds a task that is in no registry.
    pub(crate) fn refuse<T>(make: impl FnOnce(usize, u64) -> (T, Waker)) -> T {
        make(NOWHERE, u64::MAX).0
    }

    /// Takes a task out: its future is gone.
    pub(crate) fn remove(&self, key: usize, id: Id) {
        if key == NOWHERE {
            return;
        }
        let mut state = self.state();
        let found = state.tasks.get(key).is_some_and(|entry| entry.id == id);
        let entry = found.then(|| state.tasks.remove(key));
        if entry.as_ref().is_some_and(|entry| entry.aborted) {
            self.to_abort.fetch_sub(1, Ordering::Relaxed);
        }
        let idle = if state.tasks.is_empty() {
            std::mem::take(&mut state.idle_waiters)
        } else {
            Vec::new()
        };
        drop(state);
        drop(entry);
        idle.into_iter().for_each(Waker::wake);
    }

    /// Whether the task still lives.
    pub(crate) fn contains(&self, key: usize, id: Id) -> bool {
        self.state().tasks.get(key).is_some_and(|entry| entry.id == id)
    }

    /// Has a task dropped instead of polled, if it still lives.
    pub(crate) fn abort(&self, key: usize, id: Id) {
        let waker = {
            let mut state = self.state();
            let Some(entry) = state.tasks.get_mut(key).filter(|entry| entry.id == id) else {
                return;
            };
            if !entry.aborted {
                entry.aborted = true;
                self.to_abort.fetch_add(1, Ordering::Relaxed);
            }
            entry.waker.clone()
        };
        waker.wake();
    }

    /// Whether a task is to be dropped instead of polled.
    ///
    /// The wakes of [`abort`](Self::abort) and [`close`](Self::close) come after their marks, so a
    /// poll that they cause finds them. But the wake of a task that waits to be polled anyway
    /// causes no poll: so whoever polls asks here *after* the task has ceased to count as woken.
    #[inline]
    pub(crate) fn is_aborted(&self, key: usize, id: Id) -> bool {
        self.to_abort.load(Ordering::Relaxed) != 0 && self.is_marked(key, id)
    }

    #[cold]
    fn is_marked(&self, key: usize, id: Id) -> bool {
        self.is_closed() || {
            let state = self.state();
            state.tasks.get(key).is_some_and(|entry| entry.id == id && entry.aborted)
        }
    }

    /// Whether [`close`](Self::close) was called.
    pub(crate) fn is_closed(&self) -> bool {
        self.to_abort.load(Ordering::Acquire) & CLOSED != 0
    }

    /// Takes no more tasks, and has those that are here dropped instead of polled: wakes them, so
    /// that they come by the queue.
    pub(crate) fn close(&self) {
        let wakers: Vec<Waker> = {
            let mut state = self.state();
            state.closed = true;
            self.to_abort.fetch_or(CLOSED, Ordering::AcqRel);
            state.tasks.iter().map(|(_, entry)| entry.waker.clone()).collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.state().tasks.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.state().tasks.len()
    }

    /// Leaves a waker for when nobody is left; false if nobody is.
    pub(crate) fn wait_idle(&self, waker: &Waker) -> bool {
        let mut state = self.state();
        if state.tasks.is_empty() {
            return false;
        }
        if !state.idle_waiters.iter().any(|waiting| waiting.will_wake(waker)) {
            state.idle_waiters.push(waker.clone());
        }
        true
    }

    /// Who lives, for reports: the id and the place of each task's spawning.
    pub(crate) fn list(&self) -> Vec<(Id, &'static Location<'static>)> {
        self.state().tasks.iter().map(|(_, entry)| (entry.id, entry.spawned_at)).collect()
    }
}
