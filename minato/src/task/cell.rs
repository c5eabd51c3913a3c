//! What a task is to the rest of the library: its metadata, and the handles of its cell.
//!
//! A [`Runnable`] is the right to run the task once, a [`TaskRef`] knows it and can abort it, and a
//! [`Join`] gets its output. With the wakers they share one allocation; [`raw`](super::raw) says
//! how.

use std::future::Future;
use std::marker::PhantomData;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::Id;
use super::finished::Finished;
use super::raw::{Awaiter, Caught, RawTask, with_task};
use super::state::Action;
use crate::panics::{Payload, contain};
use crate::spans::Span;
use crate::sync::plain::{AtomicU64, AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex};

/// From which size on a future gets an allocation of its own, so that it need not be moved about.
const LARGE: usize = 2048;

/// The runtime as a task sees it.
///
/// The methods that may hand a task on to others take nothing that lies in its cell.
pub(crate) trait Schedule: Clone + Send + Sync + 'static {
    /// Names the runtime while any of its tasks lives.
    fn address(&self) -> usize;

    /// Whether the tasks run alone: nobody runs or drops a runnable of a task but the holder of the
    /// runtime's one core.
    fn run_alone(&self, _meta: &TaskMeta) -> bool {
        false
    }

    /// Takes a new task in and keeps `task` until its future is gone, or says why it does not.
    fn admit(&self, task: TaskRef) -> Result<(), &'static str>;

    /// Queues a task with the core of the runtime at `address` that this thread holds; gives it
    /// back if there is none. `yielded` says that the task woke while it was polled.
    fn queue_here(address: usize, runnable: Runnable, yielded: bool) -> Result<(), Runnable>;

    /// Queues a task for any thread of the runtime.
    fn inject(self, runnable: Runnable);

    /// Polls the future of a task, one of several that its caller polls one after the other.
    fn poll<F: Future>(
        &self,
        meta: &TaskMeta,
        future: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output>;

    /// Calls `run`, which drops the future or the output of a task.
    fn within<T>(_task: Id, run: impl FnOnce() -> T) -> T {
        run()
    }

    /// A task has panicked. Its output is on the way to the join handle, if there is one.
    fn panicked(&self, _meta: &TaskMeta, _panic: &Payload) {}

    /// The join handle has got the panic of a task.
    fn panic_was_taken(&self, _meta: &TaskMeta) {}

    /// The future of a task is gone; gives back the reference that was kept for it.
    fn ended(&self, meta: &TaskMeta) -> Option<TaskRef>;
}

/// What is known about a task.
#[derive(Debug)]
pub(crate) struct TaskMeta {
    pub(crate) id: Id,
    pub(crate) spawned_at: &'static Location<'static>,
    /// Whether a core of its runtime runs it; else it is a blocking job, with a thread of its own.
    pub(crate) on_core: bool,
    /// Where the task stands in the registry; far beyond its end if the task is in none.
    key: AtomicUsize,
    number: AtomicU64,
    pub(super) span: Span,
}

impl TaskMeta {
    pub(crate) fn new(id: Id, spawned_at: &'static Location<'static>, on_core: bool) -> Self {
        let (key, number) = (AtomicUsize::new(usize::MAX), AtomicU64::new(u64::MAX));
        let span = Span::new_task(&id, spawned_at);
        Self { id, spawned_at, on_core, key, number, span }
    }

    /// Enters the task's place in the registry, before the task is scheduled for the first time,
    /// which passes it on to all who ask.
    pub(crate) fn set_place(&self, key: usize, number: u64) {
        self.key.store(key, Ordering::Relaxed);
        self.number.store(number, Ordering::Relaxed);
    }

    /// Where the task stands in the registry, if it is in one.
    pub(crate) fn key(&self) -> usize {
        self.key.load(Ordering::Relaxed)
    }

    /// Its number among the tasks of its runtime: unlike the id the same in every run.
    pub(crate) fn number(&self) -> u64 {
        self.number.load(Ordering::Relaxed)
    }
}

/// A fresh task: what runs it, unless its scheduler has refused it, and its join handle.
pub(super) struct NewTask<T> {
    pub(super) runnable: Runnable,
    pub(super) join: Join<T>,
    pub(super) admitted: Result<(), &'static str>,
}

impl<T> NewTask<T> {
    /// Makes a task.
    pub(super) fn new<F, S>(scheduler: S, meta: TaskMeta, future: F) -> Self
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
        S: Schedule,
    {
        // SAFETY: the future and its output are `Send`.
        unsafe { Self::from_local(scheduler, meta, future) }
    }

    /// Makes a task of a future that sees itself to it that it stays on its thread.
    ///
    /// # Safety
    ///
    /// As for [`RawTask::new`].
    pub(super) unsafe fn from_local<F, S>(scheduler: S, meta: TaskMeta, future: F) -> Self
    where
        F: Future<Output = T> + 'static,
        S: Schedule,
    {
        let (raw, admitted) = if const { size_of::<F>() >= LARGE } {
            // SAFETY: `Box<F>` is `Send` iff `F` is, and polls and drops `F` only when it is itself
            // polled and dropped.
            unsafe { RawTask::new(scheduler, meta, Box::pin(future)) }
        } else {
            // SAFETY: the caller answers for the future.
            unsafe { RawTask::new(scheduler, meta, future) }
        };
        let join = Join { raw: raw.again(), is_done: false, output: PhantomData };
        Self { runnable: Runnable { raw }, join, admitted }
    }
}

/// A task that is ready to be polled once. Dropping it cancels the task: its future is dropped, and
/// its join handle is told.
pub(crate) struct Runnable {
    pub(super) raw: RawTask,
}

impl Runnable {
    /// Whether `waker` is of a task of the runtime at `address`.
    #[inline]
    pub(crate) fn is_of(address: usize, waker: &Waker) -> bool {
        with_task(waker, |raw| raw.owner == address).unwrap_or(false)
    }

    /// Wakes the task that `waker` is of and returns its runnable, if that made one. Gives the
    /// waker back, not woken, if it is of no task of ours, or the task is complete.
    #[inline]
    pub(crate) fn by_waking(waker: Waker) -> Result<Option<Self>, Waker> {
        let woken = with_task(&waker, |raw| {
            let after = raw.state.wake_unless_complete()?;
            // The other holds of a task that is not complete outlive the wake.
            debug_assert!(after != Action::Last, "a task ended before it was complete");
            // A runnable that is not ours must not even be made, since dropping it cancels.
            Some((after == Action::Submit).then(|| Self { raw: raw.again() }))
        });
        match woken.flatten() {
            Some(runnable) => {
                // The wake took its hold.
                mem::forget(waker);
                Ok(runnable)
            }
            None => Err(waker),
        }
    }

    fn into_raw(self) -> RawTask {
        let raw = self.raw.again();
        mem::forget(self);
        raw
    }

    pub(crate) fn meta(&self) -> &TaskMeta {
        &self.raw.meta
    }

    /// What the data of each of the task's wakers is.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        self.raw.address()
    }

    /// Polls the task once, or drops its future if it was aborted. Never panics.
    #[inline]
    pub(crate) fn run(self) {
        self.into_raw().run();
    }

    /// Gives it to the runtime, to be run there.
    pub(crate) fn schedule(self) {
        self.into_raw().submit(false);
    }
}

impl Drop for Runnable {
    fn drop(&mut self) {
        self.raw.again().cancel();
    }
}

/// A reference to a task: keeps its cell, but not its future.
pub(crate) struct TaskRef {
    pub(super) raw: RawTask,
}

impl TaskRef {
    pub(crate) fn meta(&self) -> &TaskMeta {
        &self.raw.meta
    }

    /// Has the future dropped instead of polled, unless it is done by then.
    pub(crate) fn abort(&self) {
        let after = self.raw.state.abort();
        self.raw.again().follow(after);
    }

    /// Whether the future is gone.
    pub(crate) fn is_complete(&self) -> bool {
        self.raw.state.is_complete()
    }

    /// What the data of each of its wakers is.
    pub(crate) fn address(&self) -> usize {
        self.raw.address()
    }

    /// The name of its future's type.
    pub(crate) fn name(&self) -> &'static str {
        self.raw.name()
    }

    /// The address of the task that waits for the end of this one, if a task does.
    pub(crate) fn joiner(&self) -> Option<usize> {
        self.raw.with_awaiter(|awaiter| match awaiter {
            Awaiter::Waker(waker) => Some(waker.data().addr()),
            Awaiter::Set(set) => set.as_ref()?.waiter(),
        })
    }

    /// Whether it is to be polled, and whether it is being polled.
    pub(crate) fn is_scheduled_or_running(&self) -> (bool, bool) {
        self.raw.state.is_scheduled_or_running()
    }

    /// Whether its state does not say that it is being polled.
    pub(crate) fn runs_alone(&self) -> bool {
        self.raw.runs_alone
    }

    /// Whether there is a join handle.
    pub(crate) fn has_joiner(&self) -> bool {
        self.raw.state.has_joiner()
    }

    /// Turns it into a number of references to take away.
    pub(super) fn into_count(self) -> usize {
        mem::forget(self);
        1
    }
}

impl Clone for TaskRef {
    fn clone(&self) -> Self {
        self.raw.state.add_reference();
        Self { raw: self.raw.again() }
    }
}

impl Drop for TaskRef {
    fn drop(&mut self) {
        let after = self.raw.state.drop_reference();
        self.raw.again().follow(after);
    }
}

/// The one who gets the output of a task. Dropping it detaches the task.
pub(super) struct Join<T> {
    raw: RawTask,
    /// Whether [`poll`](Self::poll) was ready.
    pub(super) is_done: bool,
    /// The holder of this gets the output: it goes to another thread only if it is `Send`.
    output: PhantomData<Mutex<T>>,
}

impl<T> Unpin for Join<T> {}

impl<T> Join<T> {
    pub(super) fn meta(&self) -> &TaskMeta {
        &self.raw.meta
    }

    /// The address of the task's runtime or set.
    pub(super) fn owner(&self) -> usize {
        self.raw.owner
    }

    pub(super) fn is_complete(&self) -> bool {
        self.raw.state.is_complete()
    }

    /// Has the future dropped instead of polled, unless it is done by then.
    pub(super) fn abort(&self) {
        let after = self.raw.state.abort();
        self.raw.again().follow(after);
    }

    /// A counted reference to the task.
    pub(super) fn task(&self) -> TaskRef {
        self.raw.state.add_reference();
        TaskRef { raw: self.raw.again() }
    }

    /// Ready with the output when the task is complete; with `None` if it was cancelled, or if the
    /// output was given before.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Caught<T>>> {
        if !self.is_complete() && self.wait(cx.waker()) {
            return Poll::Pending;
        }
        self.is_done = true;
        // SAFETY: this is the join handle, and the task is complete.
        Poll::Ready(unsafe { self.raw.take::<T>() })
    }

    /// Leaves a waker with the task; false if the task is complete.
    fn wait(&mut self, waker: &Waker) -> bool {
        let is_known = |awaiter: &Awaiter| match awaiter {
            Awaiter::Waker(before) => before.will_wake(waker),
            Awaiter::Set(_) => false,
        };
        self.raw.with_awaiter(is_known) || self.leave_awaiter(Awaiter::Waker(waker.clone()))
    }

    /// Has the task add itself to a set's list when it is complete; false if it is already.
    pub(super) fn tell(&mut self, finished: &Arc<Finished>) -> bool {
        self.leave_awaiter(Awaiter::Set(Some(finished.clone())))
    }

    /// Leaves with the task whom it is to tell; false if the task is complete, and tells nobody.
    fn leave_awaiter(&mut self, awaiter: Awaiter) -> bool {
        drop(self.raw.replace_awaiter(awaiter));
        if !self.is_complete() {
            return true;
        }
        // It may have been told in between.
        let left = self.raw.replace_awaiter(Awaiter::NOBODY);
        matches!(left, Awaiter::Set(None))
    }
}

impl<T> Drop for Join<T> {
    fn drop(&mut self) {
        if self.is_done {
            let after = self.raw.state.leave_completed();
            return self.raw.again().follow(after);
        }
        let awaiter = self.raw.replace_awaiter(Awaiter::NOBODY);
        _ = contain(|| drop(awaiter));
        let after = self.raw.state.leave().unwrap_or_else(|| {
            // SAFETY: this is the join handle, and the task is complete.
            unsafe { (self.raw.vtable.abandon)(&self.raw) };
            self.raw.state.leave_completed()
        });
        self.raw.again().follow(after);
    }
}
