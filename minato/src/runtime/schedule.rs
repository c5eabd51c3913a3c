//! A runtime as its tasks see it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::context;
use super::inner::{Flavor, RuntimeInner};
use crate::panics::Payload;
use crate::sync::Arc;
use crate::task::{FROM_BEFORE_FORK, Id, Runnable, Schedule, TaskMeta, TaskRef};

/// A task goes to the core that its thread holds, and is polled in that thread's context.
impl Schedule for Arc<RuntimeInner> {
    #[inline]
    fn address(&self) -> usize {
        RuntimeInner::address(self)
    }

    /// A simulation may stop a host while one of its tasks is being polled.
    fn run_alone(&self, meta: &TaskMeta) -> bool {
        let has_one_core = matches!(self.flavor, Flavor::CurrentThread(_));
        has_one_core && meta.on_core && !self.engine.is_simulated()
    }

    fn admit(&self, task: TaskRef) -> Result<(), &'static str> {
        if self.is_from_before_fork() {
            // The registry's lock may be held by a thread that is not here.
            return Err(FROM_BEFORE_FORK);
        }
        self.tasks.insert(task).map_err(|_| "the runtime has been shut down")
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
    fn poll<F: Future>(
        &self,
        meta: &TaskMeta,
        future: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        context::begin_poll(meta.id, cx, self.config.budget);
        future.poll(cx)
    }

    #[cold]
    fn within<T>(task: Id, run: impl FnOnce() -> T) -> T {
        context::within_task(task, run)
    }

    #[cold]
    fn panicked(&self, meta: &TaskMeta, panic: &Payload) {
        self.note_panic(|| self.tasks.get(meta), panic);
    }

    #[cold]
    fn panic_was_taken(&self, meta: &TaskMeta) {
        if let Some(panics) = self.panics.get() {
            panics.was_taken(meta.id);
        }
    }

    fn ended(&self, meta: &TaskMeta) -> Option<TaskRef> {
        self.tasks.remove(meta)
    }
}
