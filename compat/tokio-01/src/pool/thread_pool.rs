//! A pool of threads, and what owns it.

use std::fmt;

use futures::Future;

use super::shutdown::{self, When};
use super::{Builder, Sender, Shutdown};
use crate::reactor;

/// A pool of threads that run tasks.
///
/// Dropping it drops the tasks, and waits for the threads; within a runtime it does not wait.
pub struct ThreadPool {
    sender: Sender,
}

impl ThreadPool {
    /// A pool with a thread per processor.
    pub fn new() -> Self {
        Builder::new().build()
    }

    pub(super) fn of(sender: Sender) -> Self {
        Self { sender }
    }

    /// Spawns a task.
    ///
    /// # Panics
    ///
    /// When the pool cannot be started.
    #[track_caller]
    pub fn spawn<F>(&self, future: F)
    where
        F: Future<Item = (), Error = ()> + Send + 'static,
    {
        if let Err(error) = self.sender.spawn(future) {
            panic!("ThreadPool::spawn: {error}");
        }
    }

    /// What spawns tasks on the pool.
    pub fn sender(&self) -> &Sender {
        &self.sender
    }

    /// What spawns tasks on the pool.
    pub fn sender_mut(&mut self) -> &mut Sender {
        &mut self.sender
    }

    /// Ends the pool when no task is left. Until then it takes more.
    pub fn shutdown_on_idle(self) -> Shutdown {
        Shutdown::begin(self.sender.shared().clone(), When::Idle)
    }

    /// Ends the pool when no task is left. It takes no more.
    pub fn shutdown(self) -> Shutdown {
        Shutdown::begin(self.sender.shared().clone(), When::Done)
    }

    /// Ends the pool and drops its tasks.
    pub fn shutdown_now(self) -> Shutdown {
        Shutdown::begin(self.sender.shared().clone(), When::Now)
    }

    /// Ends the pool on this thread when no task is left.
    pub(crate) fn finish(self) {
        shutdown::end(self.sender.shared(), When::Idle);
    }

    /// Names a reactor of the pool.
    #[track_caller]
    pub(crate) fn reactor(&self) -> &reactor::Handle {
        self.sender.shared().reactor()
    }

    /// Runs a future on the pool, while this thread waits.
    #[track_caller]
    pub(crate) fn block_on<F>(&self, future: F) -> Result<F::Item, F::Error>
    where
        F: Future + Send + 'static,
        F::Item: Send + 'static,
        F::Error: Send + 'static,
    {
        self.sender.shared().block_on(future)
    }
}

impl Default for ThreadPool {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        shutdown::end(self.sender.shared(), When::Now);
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool").finish_non_exhaustive()
    }
}
