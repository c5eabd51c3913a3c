//! The queue of a core: the tasks that are ready to run, the longest waiting first.
//!
//! A task that yields may wait for an event that is there already, and that only a look at the
//! reactor shows. So it stands apart until the reactor was turned, and then comes after all others.

use std::collections::VecDeque;
use std::task::Waker;

use crossbeam_deque::Worker as Deque;

use crate::task::Runnable;

/// The ready tasks of one core.
///
/// When a turn finds the queue empty, which is the rule, the tasks that it is about to wake will be
/// the next ones to run. Where no sibling may steal, they are then not woken, queued, taken out and
/// started one after the other: their wakers are kept as they came, and each task is woken and
/// started in one step.
pub(crate) struct Queue {
    /// They come before everything in `ready`, in this order.
    woken_wakers: Vec<Waker>,
    pub(super) ready: Tasks,
    pub(super) yielded: Tasks,
}

/// Some tasks, first in, first out.
pub(super) enum Tasks {
    /// Of a core that shares its tasks with nobody.
    Own(VecDeque<Runnable>),
    /// Of a core whose siblings may steal.
    Shared(Deque<Runnable>),
}

impl Tasks {
    #[inline]
    fn push(&mut self, runnable: Runnable) {
        match self {
            Self::Own(tasks) => tasks.push_back(runnable),
            Self::Shared(tasks) => tasks.push(runnable),
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<Runnable> {
        match self {
            Self::Own(tasks) => tasks.pop_front(),
            Self::Shared(tasks) => tasks.pop(),
        }
    }

    #[inline]
    fn len(&self) -> usize {
        match self {
            Self::Own(tasks) => tasks.len(),
            Self::Shared(tasks) => tasks.len(),
        }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        match self {
            Self::Own(tasks) => tasks.is_empty(),
            Self::Shared(tasks) => tasks.is_empty(),
        }
    }
}

impl Queue {
    /// An empty queue that only the holder of the core sees.
    pub(super) fn own() -> Self {
        let [ready, yielded] = [(); 2].map(|()| Tasks::Own(VecDeque::new()));
        Self { woken_wakers: Vec::new(), ready, yielded }
    }

    /// An empty queue that siblings may steal from.
    pub(super) fn shared() -> Self {
        let [ready, yielded] = [(); 2].map(|()| Tasks::Shared(Deque::new_fifo()));
        Self { woken_wakers: Vec::new(), ready, yielded }
    }

    #[inline]
    pub(crate) fn push(&mut self, runnable: Runnable) {
        self.ready.push(runnable);
    }

    /// Takes a task that has yielded. It is not popped before the next
    /// [`end_yields`](Self::end_yields).
    pub(crate) fn push_yielded(&mut self, runnable: Runnable) {
        self.yielded.push(runnable);
    }

    /// Whether a task has yielded since the last [`end_yields`](Self::end_yields).
    #[inline]
    pub(crate) fn has_yielded(&self) -> bool {
        !self.yielded.is_empty()
    }

    /// Puts the tasks that have yielded behind the others, since the reactor was turned.
    pub(crate) fn end_yields(&mut self) {
        while let Some(runnable) = self.yielded.pop() {
            self.ready.push(runnable);
        }
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Runnable> {
        if !self.woken_wakers.is_empty() {
            self.wake();
        }
        self.ready.pop()
    }

    /// Wakes what was not woken yet, for code that looks at the runnables themselves.
    #[cold]
    fn wake(&mut self) {
        let Tasks::Own(ready) = &mut self.ready else { return };
        for waker in self.woken_wakers.drain(..).rev() {
            // A task that is complete just loses its reference.
            if let Ok(Some(runnable)) = Runnable::by_waking(waker) {
                ready.push_front(runnable);
            }
        }
    }

    /// The wakers of the tasks that come before all others and were not woken yet, in the order in
    /// which the tasks run.
    #[inline]
    pub(crate) fn take_woken_wakers(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.woken_wakers)
    }

    /// Puts back what is left of them, before what came since.
    #[inline]
    pub(crate) fn put_back(&mut self, mut wakers: Vec<Waker>) {
        wakers.append(&mut self.woken_wakers);
        self.woken_wakers = wakers;
    }

    /// The numbers of the ready tasks, for a picker to choose from.
    pub(crate) fn numbers(&mut self) -> Vec<u64> {
        self.wake();
        let Tasks::Own(ready) = &self.ready else { return Vec::new() };
        ready.iter().map(|runnable| runnable.meta().number()).collect()
    }

    /// Takes out the task at `index` of what [`numbers`](Self::numbers) gave. Tasks that were
    /// queued since then are behind all of those.
    pub(crate) fn remove(&mut self, index: usize) -> Option<Runnable> {
        let Tasks::Own(ready) = &mut self.ready else { return self.pop() };
        ready.remove(index)
    }

    /// Wakes those of `wakers` that are of tasks of the runtime at `address`, to be run next if
    /// there is nothing else and at the end if there is. Returns how many, and leaves the others.
    pub(crate) fn push_woken(&mut self, address: usize, wakers: &mut Vec<Waker>) -> u64 {
        let is_own = |waker: &Waker| Runnable::is_of(address, waker);
        let are_next = self.woken_wakers.is_empty()
            && matches!(&self.ready, Tasks::Own(ready) if ready.is_empty());
        if are_next && wakers.iter().all(is_own) {
            std::mem::swap(&mut self.woken_wakers, wakers);
            return self.woken_wakers.len() as u64;
        }
        let mut woken = 0;
        for waker in wakers.extract_if(.., |waker| is_own(waker)) {
            woken += 1;
            // A task that is complete just loses its reference.
            if let Ok(Some(runnable)) = Runnable::by_waking(waker) {
                self.ready.push(runnable);
            }
        }
        woken
    }

    pub(crate) fn len(&self) -> usize {
        self.woken_wakers.len() + self.ready.len()
    }

    /// Whether no task is here, nor one that has yielded.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0 && !self.has_yielded()
    }
}
