//! A runtime with one queue, and counts of what becomes of futures and wakers.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use super::super::Id;
use super::super::cell::{Join, NewTask, Runnable, Schedule, TaskMeta, TaskRef};
use super::super::raw::Caught;

/// A runtime with one queue.
#[derive(Clone, Default)]
pub(super) struct Queue(pub(super) Arc<Inner>);

#[derive(Default)]
pub(super) struct Inner {
    /// Whether only the thread of the test runs and drops runnables.
    runs_alone: bool,
    pub(super) injected: Mutex<VecDeque<Runnable>>,
    /// The registry.
    pub(super) kept: Mutex<Option<TaskRef>>,
    pub(super) ended: AtomicUsize,
}

/// Tasks, and whether each woke while it was polled.
pub(super) type Queued = VecDeque<(Runnable, bool)>;

thread_local! {
    /// The tasks queued on this thread, while it counts as holding a core.
    pub(super) static HERE: RefCell<Option<Queued>> = const { RefCell::new(None) };
}

impl Schedule for Queue {
    fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    fn run_alone(&self, _: &TaskMeta) -> bool {
        self.0.runs_alone
    }

    fn admit(&self, _: TaskRef) -> Result<(), &'static str> {
        Ok(())
    }

    fn queue_here(_: usize, runnable: Runnable, yielded: bool) -> Result<(), Runnable> {
        HERE.with_borrow_mut(|here| match here {
            Some(here) => {
                here.push_back((runnable, yielded));
                Ok(())
            }
            None => Err(runnable),
        })
    }

    fn inject(self, runnable: Runnable) {
        lock(&self.0.injected).push_back(runnable);
    }

    fn poll<F: Future>(
        &self,
        _: &TaskMeta,
        future: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        future.poll(cx)
    }

    fn ended(&self, _: &TaskMeta) -> Option<TaskRef> {
        self.0.ended.fetch_add(1, Ordering::SeqCst);
        lock(&self.0.kept).take()
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queue {
    pub(super) fn alone() -> Self {
        Self(Arc::new(Inner { runs_alone: true, ..Inner::default() }))
    }

    pub(super) fn make<F>(&self, future: F) -> (Runnable, Join<F::Output>, TaskRef)
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        let meta = TaskMeta::new(Id::next(), Location::caller(), true);
        let NewTask { runnable, join, .. } = NewTask::new(self.clone(), meta, future);
        let task = join.task();
        (runnable, join, task)
    }

    /// A task as the library makes them: queued, and kept until its future is gone.
    pub(super) fn spawn<F>(&self, future: F) -> Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        let (runnable, join, task) = self.make(future);
        *lock(&self.0.kept) = Some(task);
        runnable.schedule();
        join
    }

    pub(super) fn next(&self) -> Option<Runnable> {
        lock(&self.0.injected).pop_front()
    }

    pub(super) fn run_all(&self) {
        while let Some(runnable) = self.next() {
            runnable.run();
        }
    }

    pub(super) fn ended(&self) -> usize {
        self.0.ended.load(Ordering::SeqCst)
    }

    /// Whether no cell is left that knows this queue.
    pub(super) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

/// Counts how many were made and dropped.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) made: AtomicUsize,
    pub(super) dropped: AtomicUsize,
}

impl Tally {
    pub(super) fn token(self: &Arc<Self>) -> Token {
        self.made.fetch_add(1, Ordering::SeqCst);
        Token(self.clone())
    }

    pub(super) fn is_even(&self) -> bool {
        self.made.load(Ordering::SeqCst) == self.dropped.load(Ordering::SeqCst)
    }
}

pub(super) struct Token(pub(super) Arc<Tally>);

impl Drop for Token {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

#[derive(Default)]
pub(super) struct Count(pub(super) AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub(super) fn counting() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (count.clone(), Waker::from(count))
}

pub(super) fn poll<T>(join: &mut Join<T>, waker: &Waker) -> Poll<Option<Caught<T>>> {
    join.poll(&mut Context::from_waker(waker))
}

pub(super) fn on_another_thread(run: impl FnOnce() + Send) {
    thread::scope(|scope| scope.spawn(run).join().unwrap());
}
