//! The list of finished tasks that a set of tasks waits for.

use std::collections::VecDeque;
use std::task::Waker;

use super::Id;
use crate::sync::Mutex;

/// Which tasks of a set have finished. Each adds itself, so that nobody has to look for them.
#[derive(Default)]
pub(crate) struct Finished(Mutex<State>);

#[derive(Default)]
struct State {
    /// In the order in which they finished.
    tasks: VecDeque<Id>,
    /// Of the one who waits for the next.
    waker: Option<Waker>,
}

impl Finished {
    /// Adds a task that is complete, and wakes the one who waits.
    pub(crate) fn add(&self, task: Id) {
        let waker = {
            let mut state = self.0.lock();
            state.tasks.push_back(task);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes out the task that finished first.
    pub(crate) fn next(&self) -> Option<Id> {
        self.0.lock().tasks.pop_front()
    }

    /// Takes out the task that finished first, or leaves a waker in the place of that of the last
    /// call.
    pub(crate) fn next_or_wait(&self, waker: &Waker) -> Option<Id> {
        if let Some(task) = self.next() {
            return Some(task);
        }
        // Foreign code runs without the lock: that of a waker's clone, and the destructor of the
        // last one.
        let mut waker = Some(waker.clone());
        let mut state = self.0.lock();
        let task = state.tasks.pop_front();
        if task.is_none() {
            std::mem::swap(&mut state.waker, &mut waker);
        }
        drop(state);
        task
    }

    /// The data of the waker of the one who waits.
    pub(crate) fn waiter(&self) -> Option<usize> {
        self.0.lock().waker.as_ref().map(|waker| waker.data().addr())
    }

    /// Forgets the tasks. One that finishes at this moment may still be added.
    pub(crate) fn clear(&self) {
        self.0.lock().tasks.clear();
    }
}
