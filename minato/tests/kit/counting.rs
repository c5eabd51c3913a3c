//! Wakers that count, and polling a future step by step.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Counts how often its waker is called, and passes the call on.
pub(crate) struct Counting {
    count: AtomicUsize,
    next: Option<Waker>,
}

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.count.fetch_add(1, Ordering::SeqCst);
        if let Some(next) = &self.next {
            next.wake_by_ref();
        }
    }
}

impl Counting {
    /// A waker that only counts.
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        Self::before(None)
    }

    /// A waker that counts, and then calls `next`.
    pub(crate) fn before(next: Option<Waker>) -> (Arc<Self>, Waker) {
        let counting = Arc::new(Self { count: AtomicUsize::new(0), next });
        (counting.clone(), Waker::from(counting))
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

/// Polls once with a waker that does nothing.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Unparks a thread, for loops of a test's own.
pub(crate) struct Unpark(pub(crate) Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// A waker that unparks the present thread.
pub(crate) fn unpark_here() -> Waker {
    Waker::from(Arc::new(Unpark(thread::current())))
}
