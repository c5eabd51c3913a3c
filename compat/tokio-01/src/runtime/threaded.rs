//! The runtime with threads.

use std::io;

use futures::Future;

use super::{Builder, TaskExecutor};
use crate::executor::enter::Enter;
use crate::pool::{Shutdown, ThreadPool};
use crate::reactor::Handle;

/// Runs a future on a fresh runtime, and returns when the runtime is idle: when the future,
/// everything it spawned and everything that spawned in turn is done.
///
/// A task that panics ends only itself; see [`executor`](crate::executor).
///
/// # Panics
///
/// When it is called by a task, or by a thread that is in the `block_on` or `run` of another
/// runtime of this crate; and when the runtime cannot be started.
///
/// ```
/// use futures::future;
///
/// tokio::run(future::lazy(|| {
///     tokio::spawn(future::ok(println!("from a task of the task")));
///     Ok(())
/// }));
/// ```
#[track_caller]
pub fn run<F>(future: F)
where
    F: Future<Item = (), Error = ()> + Send + 'static,
{
    let _entered = Enter::or_panic("nested tokio::run");
    let pool = match Runtime::new() {
        Ok(runtime) => runtime.pool,
        Err(error) => panic!("tokio::run: the runtime cannot be started: {error}"),
    };
    if let Err(error) = pool.sender().spawn(future) {
        panic!("tokio::run: {error}");
    }
    pool.finish();
}

/// Threads that run tasks; each turns a reactor.
///
/// The threads start with the first task. Dropping the runtime drops its tasks and waits for its
/// threads, as `shutdown_now().wait()` does; within a runtime it does not wait.
#[derive(Debug)]
pub struct Runtime {
    pool: ThreadPool,
}

impl Runtime {
    /// Makes a runtime as [`Builder::new`] describes it.
    ///
    /// # Errors
    ///
    /// None at present: what can fail is done with the first task.
    pub fn new() -> io::Result<Self> {
        Builder::new().build()
    }

    pub(super) fn of(pool: ThreadPool) -> Self {
        Self { pool }
    }

    /// Names the reactor of one of the runtime's threads, which are started if they were not yet.
    ///
    /// # Panics
    ///
    /// If the runtime cannot be started.
    #[deprecated(since = "0.1.5", note = "there is a reactor per thread, which sockets find")]
    #[doc(hidden)]
    #[track_caller]
    pub fn handle(&self) -> &Handle {
        self.pool.reactor()
    }

    /// Names the reactor of one of the runtime's threads, which are started if they were not yet.
    ///
    /// # Panics
    ///
    /// If the runtime cannot be started.
    #[deprecated(since = "0.1.11", note = "there is a reactor per thread, which sockets find")]
    #[track_caller]
    pub fn reactor(&self) -> &Handle {
        self.pool.reactor()
    }

    /// What spawns tasks on this runtime from elsewhere.
    pub fn executor(&self) -> TaskExecutor {
        TaskExecutor::new(self.pool.sender().clone())
    }

    /// Spawns a task.
    ///
    /// # Panics
    ///
    /// If the runtime cannot be started.
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> &mut Self
    where
        F: Future<Item = (), Error = ()> + Send + 'static,
    {
        if let Err(error) = self.pool.sender().spawn(future) {
            panic!("Runtime::spawn: {error}");
        }
        self
    }

    /// Runs a future on the runtime's threads, waits for it here, and gives what it gives.
    ///
    /// # Errors
    ///
    /// Those of the future.
    ///
    /// # Panics
    ///
    /// If the future does. When it is called by a task, or by a thread that is in the `block_on`
    /// or `run` of another runtime of this crate. If the runtime cannot be started.
    #[track_caller]
    pub fn block_on<F, R, E>(&mut self, future: F) -> Result<R, E>
    where
        F: Future<Item = R, Error = E> + Send + 'static,
        R: Send + 'static,
        E: Send + 'static,
    {
        let _entered = Enter::or_panic("nested block_on");
        self.pool.block_on(future)
    }

    /// As [`block_on`](Self::block_on), and then waits until the runtime is idle, and ends it.
    ///
    /// # Errors
    ///
    /// Those of the future.
    ///
    /// # Panics
    ///
    /// As `block_on`.
    #[track_caller]
    pub fn block_on_all<F, R, E>(self, future: F) -> Result<R, E>
    where
        F: Future<Item = R, Error = E> + Send + 'static,
        R: Send + 'static,
        E: Send + 'static,
    {
        let _entered = Enter::or_panic("nested block_on_all");
        let result = self.pool.block_on(future);
        self.pool.finish();
        result
    }

    /// Ends the runtime when no task is left. Until then it takes more.
    pub fn shutdown_on_idle(self) -> Shutdown {
        self.pool.shutdown_on_idle()
    }

    /// Ends the runtime and drops its tasks.
    pub fn shutdown_now(self) -> Shutdown {
        self.pool.shutdown_now()
    }
}
