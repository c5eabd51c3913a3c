//! The queue for tasks that are woken by threads which hold no core of the runtime.

use std::collections::VecDeque;

use crate::sync::{AtomicUsize, Mutex, Ordering};

/// A queue that every thread may push to, and every core pops from.
pub(crate) struct Injector<T> {
    queue: Mutex<VecDeque<T>>,
    /// How many are in it: tells without the lock that it is empty.
    len: AtomicUsize,
}

impl<T> Default for Injector<T> {
    fn default() -> Self {
        Self { queue: Mutex::new(VecDeque::new()), len: AtomicUsize::new(0) }
    }
}

impl<T> Injector<T> {
    pub(crate) fn push(&self, item: T) {
        let mut queue = self.queue.lock();
        queue.push_back(item);
        self.len.store(queue.len(), Ordering::SeqCst);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.pop_batch(1, drop)
    }

    /// Pops up to `limit` items and hands all but the first to `rest`.
    pub(crate) fn pop_batch(&self, limit: usize, mut rest: impl FnMut(T)) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        let mut queue = self.queue.lock();
        let first = queue.pop_front();
        for _ in 1..limit {
            match queue.pop_front() {
                Some(item) => rest(item),
                None => break,
            }
        }
        self.len.store(queue.len(), Ordering::SeqCst);
        first
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::SeqCst)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
