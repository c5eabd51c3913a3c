//! A runtime that may not be dropped where it would hold tasks up.

use std::fmt;
use std::future::Future;
use std::io;
use std::ops::Deref;
use std::thread;
use std::time::Duration;

use minato::runtime::{self as m, EnterGuard, Handle, RuntimeMetrics};

use crate::task::JoinHandle;

/// Minato's runtime. The one difference: dropping it within a runtime panics, as in tokio, because
/// published libraries rely on it. Minato itself shuts down there without blocking.
pub struct Runtime {
    // It comes first, so that it is dropped first.
    guard: NotWithin,
    inner: m::Runtime,
}

impl Runtime {
    pub(super) fn of(inner: m::Runtime) -> Self {
        Self { guard: NotWithin, inner }
    }

    /// A runtime with as many workers as the machine has processors.
    #[cfg(feature = "rt-multi-thread")]
    pub fn new() -> io::Result<Self> {
        super::Builder::new_multi_thread().enable_all().build()
    }

    /// What other threads spawn by.
    pub fn handle(&self) -> &Handle {
        self.inner.handle()
    }

    /// Starts a task.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.inner.spawn(future)
    }

    /// Starts a job on a thread of its own, where it may block.
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, job: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.inner.spawn_blocking(job)
    }

    /// Runs a future to its end on this thread.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.inner.block_on(future)
    }

    /// Makes this the runtime of the thread until the guard is dropped.
    pub fn enter(&self) -> EnterGuard<'_> {
        self.inner.enter()
    }

    /// Ends the runtime, and waits at most so long for blocking jobs.
    ///
    /// # Panics
    ///
    /// Within a runtime, unless the time is zero.
    pub fn shutdown_timeout(self, timeout: Duration) {
        let Self { guard, inner } = self;
        if timeout.is_zero() {
            std::mem::forget(guard);
        }
        inner.shutdown_timeout(timeout);
    }

    /// Ends the runtime without waiting, also within a runtime.
    pub fn shutdown_background(self) {
        let Self { guard, inner } = self;
        std::mem::forget(guard);
        inner.shutdown_background();
    }

    /// What the runtime has done so far.
    pub fn metrics(&self) -> RuntimeMetrics {
        self.inner.metrics()
    }
}

/// For what takes Minato's runtime, such as `LocalSet::block_on`.
impl Deref for Runtime {
    type Target = m::Runtime;

    fn deref(&self) -> &m::Runtime {
        &self.inner
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

struct NotWithin;

impl Drop for NotWithin {
    fn drop(&mut self) {
        if m::drives_tasks() && !thread::panicking() {
            panic!(
                "Cannot drop a runtime in a context where blocking is not allowed. This happens \
                 when a runtime is dropped from within an asynchronous context."
            );
        }
    }
}
