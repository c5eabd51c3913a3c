//! A core: a run queue with its reactor. A value, apart from the thread that holds it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use crossbeam_deque::Worker as Deque;

use super::metrics::CoreCounters;
use super::picker::Picker;
use super::spin::Spin;
use crate::reactor;
use crate::task::Runnable;

/// A run queue with its reactor.
pub(crate) struct Core {
    /// Which of the runtime's cores this is.
    pub(crate) index: usize,
    pub(crate) reactor: Arc<reactor::Shared>,
    pub(crate) queue: Queue,
    pub(crate) counters: Arc<CoreCounters>,
    /// Counts polls, to look at the reactor and the injector now and then.
    pub(crate) tick: u32,
    /// How often in a row the next task came from the LIFO slot.
    pub(crate) lifo_polls: u32,
    pub(crate) spin: Spin,
    /// Room for the wakers of one turn.
    pub(crate) wakers: Vec<Waker>,
}

/// The tasks that are ready to run, the longest waiting first.
pub(crate) enum Queue {
    /// Of a core that shares its tasks with nobody.
    Own(VecDeque<Runnable>),
    /// Of a core whose siblings may steal.
    Shared(Deque<Runnable>),
}

impl Queue {
    #[inline]
    pub(crate) fn push(&mut self, runnable: Runnable) {
        match self {
            Self::Own(queue) => queue.push_back(runnable),
            Self::Shared(queue) => queue.push(runnable),
        }
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Runnable> {
        match self {
            Self::Own(queue) => queue.pop_front(),
            Self::Shared(queue) => queue.pop(),
        }
    }

    /// Takes out the task that `picker` chooses.
    pub(crate) fn pick(&mut self, picker: &mut dyn Picker) -> Option<Runnable> {
        match self {
            Self::Own(queue) if queue.len() > 1 => {
                let ready: Vec<u64> =
                    queue.iter().map(|runnable| runnable.facts().number()).collect();
                let at = picker.pick(&ready).min(queue.len() - 1);
                queue.remove(at)
            }
            _ => self.pop(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Own(queue) => queue.len(),
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

impl Core {
    /// The next task of the queue, which is going to be polled.
    pub(crate) fn next_own(&mut self) -> Option<Runnable> {
        let runnable = self.queue.pop();
        self.counters.polls.add(u64::from(runnable.is_some()));
        runnable
    }

    pub(crate) fn new(index: usize, reactor: Arc<reactor::Shared>, queue: Queue) -> Self {
        Self {
            index,
            reactor,
            queue,
            counters: Arc::default(),
            tick: 0,
            lifo_polls: 0,
            spin: Spin::default(),
            wakers: Vec::new(),
        }
    }
}
