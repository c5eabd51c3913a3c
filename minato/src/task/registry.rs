//! The living tasks of a runtime.
//!
//! Every task is here from its spawning until its future is gone. A shutdown wakes them all once,
//! so that each comes by the queue and can be dropped there; a handle finds its task here to abort
//! it; and "idle" means that nobody is left.

use std::io;
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
    /// How many living tasks are to be aborted: while there are none, which is nearly always,
    /// nobody need ask for one of them.
    to_abort: AtomicUsize,
}

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

    /// Adds a task that `make` builds when it is told its key and its number
    /// among all that were ever added; an error after [`close`](Self::close).
    pub(crate) fn insert<T>(
        &self,
        id: Id,
        spawned_at: &'static Location<'static>,
        make: impl FnOnce(usize, u64) -> (T, Waker),
    ) -> io::Result<T> {
        let mut state = self.state();
        if state.closed {
            return Err(io::Error::other("the runtime has been shut down"));
        }
        let number = state.added;
        state.added += 1;
        let place = state.tasks.vacant_entry();
        let (task, waker) = make(place.key(), number);
        place.insert(Entry { id, spawned_at, waker, aborted: false });
        Ok(task)
    }

    /// Takes a task out: its future is gone.
    pub(crate) fn remove(&self, key: usize, id: Id) {
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

    /// Whether a task is to be dropped instead of polled. The wake of [`abort`](Self::abort) comes
    /// after its mark, so a poll that it causes finds it.
    #[cold]
    pub(crate) fn is_aborted(&self, key: usize, id: Id) -> bool {
        self.state().tasks.get(key).is_some_and(|entry| entry.id == id && entry.aborted)
    }

    /// Whether any task is to be dropped instead of polled.
    #[inline]
    pub(crate) fn has_aborted(&self) -> bool {
        self.to_abort.load(Ordering::Relaxed) != 0
    }

    /// Takes no more tasks and wakes those that are here, so that they come by the queue.
    pub(crate) fn close(&self) {
        let wakers: Vec<Waker> = {
            let mut state = self.state();
            state.closed = true;
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
