//! The living tasks of a runtime, or of a local set.
//!
//! Every task is here from its spawning until its future is gone, so that a task lives on while
//! nobody else knows it. A shutdown aborts them all, and "idle" means that nobody is left.

use std::task::{Context, Poll, Waker};

use slab::Slab;

use super::cell::{TaskMeta, TaskRef};
use crate::panics::contain;
use crate::sync::Mutex;

/// The living tasks and running blocking jobs of one runtime or local set.
#[derive(Default)]
pub(crate) struct Registry(Mutex<State>);

#[derive(Default)]
struct State {
    tasks: Slab<TaskRef>,
    /// How many of them need a core.
    on_cores: usize,
    closed: bool,
    idle_waiters: Vec<Waker>,
    /// How many were ever added.
    added: u64,
}

impl Registry {
    /// Adds a task that was not scheduled yet; gives it back after [`close`](Self::close).
    pub(crate) fn insert(&self, task: TaskRef) -> Result<(), TaskRef> {
        let mut state = self.0.lock();
        if state.closed {
            return Err(task);
        }
        let number = state.added;
        state.added += 1;
        state.on_cores += usize::from(task.meta().on_core);
        let place = state.tasks.vacant_entry();
        task.meta().set_place(place.key(), number);
        place.insert(task);
        Ok(())
    }

    /// Takes a task out: its future is gone.
    pub(crate) fn remove(&self, task: &TaskMeta) -> Option<TaskRef> {
        let mut state = self.0.lock();
        let task = state.tasks.try_remove(task.key())?;
        state.on_cores -= usize::from(task.meta().on_core);
        if state.tasks.is_empty() && !state.idle_waiters.is_empty() {
            let idle = std::mem::take(&mut state.idle_waiters);
            drop(state);
            idle.into_iter().for_each(|waker| _ = contain(|| waker.wake()));
        }
        Some(task)
    }

    /// A reference to a task that is here.
    pub(crate) fn get(&self, task: &TaskMeta) -> Option<TaskRef> {
        self.0.lock().tasks.get(task.key()).cloned()
    }

    /// Whether [`close`](Self::close) was called.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.lock().closed
    }

    /// Takes no more tasks, and aborts those that are here. Which blocking jobs still run is for
    /// their pool to say.
    pub(crate) fn close(&self) {
        let tasks: Vec<_> = {
            let mut state = self.0.lock();
            state.closed = true;
            let on_cores = state.tasks.iter().filter(|(_, task)| task.meta().on_core);
            on_cores.map(|(_, task)| task.clone()).collect()
        };
        tasks.iter().for_each(TaskRef::abort);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().tasks.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().tasks.len()
    }

    /// How many tasks are alive that need a core.
    pub(crate) fn on_cores(&self) -> usize {
        self.0.lock().on_cores
    }

    /// Ready when nobody is left; leaves a waker for that moment.
    pub(crate) fn poll_idle(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock();
        if state.tasks.is_empty() {
            return Poll::Ready(());
        }
        let waker = cx.waker();
        if !state.idle_waiters.iter().any(|waiting| waiting.will_wake(waker)) {
            state.idle_waiters.push(waker.clone());
        }
        Poll::Pending
    }

    /// Calls `visit` with each task, under the lock: so the looking holds none of them.
    pub(crate) fn each(&self, mut visit: impl FnMut(&TaskRef)) {
        let state = self.0.lock();
        state.tasks.iter().for_each(|(_, task)| visit(task));
    }

    /// How many tasks and jobs were ever added.
    pub(crate) fn added(&self) -> u64 {
        self.0.lock().added
    }
}
