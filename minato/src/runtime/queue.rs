//! The queue of a core: the tasks that are ready to run, the longest waiting first.
//!
//! A task that yields may wait for an event that is there already, and that only a look at the
//! reactor shows. So it stands apart until the reactor was turned, and then comes after all others.

use std::collections::VecDeque;
use std::task::Waker;

use crossbeam_deque::Worker as Deque;

use crate::task::Runnable;

/// The ready tasks of one core.
pub(crate) enum Queue {
    /// Of a core that shares its tasks with nobody.
    Own(OwnQueue),
    /// Of a core whose siblings may steal.
    Shared(SharedQueue),
}

/// A queue that siblings may steal from.
pub(crate) struct SharedQueue {
    pub(super) ready: Deque<Runnable>,
    pub(super) yielded: Deque<Runnable>,
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
    yielded: Vec<Runnable>,
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
    /// An empty queue that siblings may steal from.
    pub(super) fn shared() -> Self {
        Self::Shared(SharedQueue { ready: Deque::new_fifo(), yielded: Deque::new_fifo() })
    }

    #[inline]
    pub(crate) fn push(&mut self, runnable: Runnable) {
        match self {
            Self::Own(queue) => queue.ready.push_back(runnable),
            Self::Shared(queue) => queue.ready.push(runnable),
        }
    }

    /// Takes a task that has yielded. It is not popped before the next
    /// [`end_yields`](Self::end_yields).
    pub(crate) fn push_yielded(&mut self, runnable: Runnable) {
        match self {
            Self::Own(queue) => queue.yielded.push(runnable),
            Self::Shared(queue) => queue.yielded.push(runnable),
        }
    }

    /// Whether a task has yielded since the last [`end_yields`](Self::end_yields).
    #[inline]
    pub(crate) fn has_yielded(&self) -> bool {
        match self {
            Self::Own(queue) => !queue.yielded.is_empty(),
            Self::Shared(queue) => !queue.yielded.is_empty(),
        }
    }

    /// Puts the tasks that have yielded behind the others, since the reactor was turned.
    pub(crate) fn end_yields(&mut self) {
        match self {
            Self::Own(queue) => queue.ready.extend(queue.yielded.drain(..)),
            Self::Shared(queue) => {
                while let Some(runnable) = queue.yielded.pop() {
                    queue.ready.push(runnable);
                }
            }
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
            Self::Shared(queue) => queue.ready.pop(),
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
            Self::Shared(queue) => queue.ready.len(),
        }
    }

    /// Whether no task is here, nor one that has yielded.
    pub(crate) fn is_empty(&self) -> bool {
        let none_is_ready = match self {
            Self::Own(queue) => queue.is_empty(),
            Self::Shared(queue) => queue.ready.is_empty(),
        };
        none_is_ready && !self.has_yielded()
    }
}
