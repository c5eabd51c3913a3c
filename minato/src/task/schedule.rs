//! The runtime as its tasks see it: where a woken task goes, and how one is polled.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, RawWakerVTable};

use super::cell::{self, Schedule, TaskMeta, TaskRef};
use super::raw::waker_table;
use crate::panics::Payload;
use crate::runtime::context;
use crate::runtime::inner::RuntimeInner;

/// A task of a runtime that is ready to be polled once.
pub(crate) type Runnable = cell::Runnable<Arc<RuntimeInner>>;

/// A reference to a task of a runtime.
pub(crate) type Task = TaskRef<Arc<RuntimeInner>>;

/// Gets the output of a task of a runtime.
pub(super) type Join<T> = cell::Join<T, Arc<RuntimeInner>>;

impl Schedule for Arc<RuntimeInner> {
    #[inline]
    fn address(&self) -> usize {
        RuntimeInner::address(self)
    }

    #[inline]
    fn wakers() -> &'static RawWakerVTable {
        // A static has one address, by which its wakers are known; a constant may have several.
        static WAKERS: RawWakerVTable = waker_table::<Arc<RuntimeInner>>();
        &WAKERS
    }

    #[inline]
    fn queue_here(address: usize, runnable: Runnable, yielded: bool) -> Result<(), Runnable> {
        context::queue_here(address, runnable, yielded)
    }

    #[cold]
    fn inject(self, runnable: Runnable) {
        RuntimeInner::inject(&self, runnable);
    }

    #[inline]
    fn poll<F: Future>(&self, future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
        context::poll_next(future, cx, self.budget())
    }

    #[cold]
    fn panicked(&self, meta: &TaskMeta, panic: &Payload) {
        self.note_panic(meta, panic);
    }

    fn ended(&self, meta: &TaskMeta) -> Option<Task> {
        meta.key().and_then(|key| self.tasks().remove(key))
    }
}
