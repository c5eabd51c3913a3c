//! The queue of a core: the tasks that are ready to run, the longest waiting first.

use std::collections::VecDeque;
use std::task::Waker;

use crossbeam_deque::Worker as Deque;

use crate::task::Runnable;

/// The ready tasks of one core.
pub(crate) enum Queue {
    /// Of a core that shares its tasks with nobody.
    Own(OwnQueue),
    /// Of a core whose siblings may steal.
    Shared(Deque<Runnable>),
}

/// A queue that only the holder of the core sees.
///
/// When a turn finds the queue empty, which is the rule, the tasks that it is about to wake will be
/// the next ones to run. Then they are not woken, queued, taken out and started one after the
/// other: their wakers are kept as they came, and each task is woken and started in one step.
#[derive(Default)]
pub(crate) struct OwnQueue {
    /// They come before everything in `ready`, in this order.
    woken_wakers: Vec<Waker>,
    ready: VecDeque<Runnable>,
}

impl OwnQueue {
    fn is_empty(&self) -> bool {
        self.woken_wakers.is_empty() && self.ready.is_empty()
    }

    /// Takes `wakers` over, if nothing is queued and all of them are of tasks of the runtime at
    /// `address`.
    #[inline]
    fn take_over(&mut self, address: usize, wakers: &mut Vec<Waker>) -> bool {
        let all = self.is_empty() && wakers.iter().all(|waker| Runnable::is_of(address, waker));
        if all {
            std::mem::swap(&mut self.woken_wakers, wakers);
        }
        all
    }

    /// Wakes what was not woken yet, for code that looks at the runnables themselves.
    #[cold]
    fn wake(&mut self) {
        for waker in self.woken_wakers.drain(..).rev() {
            // A task that is complete just loses its reference.
            if let Ok(Some(runnable)) = Runnable::by_waking(waker) {
                self.ready.push_front(runnable);
            }
        }
    }
}

impl Queue {
    #[inline]
    pub(crate) fn push(&mut self, runnable: Runnable) {
        match self {
            Self::Own(queue) => queue.ready.push_back(runnable),
            Self::Shared(queue) => queue.push(runnable),
        }
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Runnable> {
        match self {
            Self::Own(queue) => {
                if !queue.woken_wakers.is_empty() {
                    queue.wake();
                }
                queue.ready.pop_front()
            }
            Self::Shared(queue) => queue.pop(),
        }
    }

    /// The wakers of the tasks that come before all others and were not woken yet, in the order in
    /// which the tasks run.
    #[inline]
    pub(crate) fn take_woken_wakers(&mut self) -> Vec<Waker> {
        match self {
            Self::Own(queue) => std::mem::take(&mut queue.woken_wakers),
            Self::Shared(_) => Vec::new(),
        }
    }

    /// Puts back what is left of them, before what came since.
    #[inline]
    pub(crate) fn put_back(&mut self, mut wakers: Vec<Waker>) {
        if let Self::Own(queue) = self {
            wakers.append(&mut queue.woken_wakers);
            queue.woken_wakers = wakers;
        }
    }

    /// The numbers of the ready tasks, for a picker to choose from.
    pub(crate) fn numbers(&mut self) -> Vec<u64> {
        let Self::Own(queue) = self else { return Vec::new() };
        queue.wake();
        queue.ready.iter().map(|runnable| runnable.meta().number()).collect()
    }

    /// Takes out the task at `index` of what [`numbers`](Self::numbers) gave. Tasks that were
    /// queued since then are behind all of those.
    pub(crate) fn remove(&mut self, index: usize) -> Option<Runnable> {
        let Self::Own(queue) = self else { return self.pop() };
        queue.ready.remove(index)
    }

    /// Wakes those of `wakers` that are of tasks of the runtime at `address`, to be run next if
    /// there is nothing else and at the end if there is. Returns how many, and leaves the others.
    pub(crate) fn push_woken(&mut self, address: usize, wakers: &mut Vec<Waker>) -> u64 {
        let count = wakers.len() as u64;
        if let Self::Own(queue) = self
            && queue.take_over(address, wakers)
        {
            return count;
        }
        let mut woken = 0;
        for waker in wakers.extract_if(.., |waker| Runnable::is_of(address, waker)) {
            woken += 1;
            // A task that is complete just loses its reference.
            if let Ok(Some(runnable)) = Runnable::by_waking(waker) {
                self.push(runnable);
            }
        }
        woken
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Own(queue) => queue.woken_wakers.len() + queue.ready.len(),
            Self::Shared(queue) => queue.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Own(queue) => queue.is_empty(),
            Self::Shared(queue) => queue.is_empty(),
        }
    }
}
