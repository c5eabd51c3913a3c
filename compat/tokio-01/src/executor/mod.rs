//! Who runs spawned tasks.
//!
//! [`spawn`] hands a future to the executor of the thread that calls it:
//!
//! | on a thread | the task goes to |
//! |---|---|
//! | of a [`Runtime`](crate::runtime::Runtime) | that runtime |
//! | that runs a [`current_thread`](crate::runtime::current_thread) one | that runtime |
//! | in a runtime of [`minato`] | that runtime |
//! | anywhere else | Minato's default runtime, which starts with the first such task |
//!
//! [`DefaultExecutor`] is the same as a value, and the traits [`Executor`] and [`TypedExecutor`]
//! are for libraries that are handed an executor. All executors here have the trait
//! `futures::future::Executor` as well.
//!
//! # Where it differs from tokio 0.1
//!
//! There, `spawn` outside of a runtime panicked with a `SpawnError`, and left the thread behind in
//! a state in which no current-thread runtime could be started any more. Here it works, as sockets
//! and timers do. A program that wants no hidden threads calls
//! [`minato::runtime::forbid_implicit`]; then it is an error again, which says so, and leaves
//! nothing behind.
//!
//! A task that panics does not take its executor down, and the panic is not swallowed: a pool calls
//! its [`panic_handler`](crate::runtime::Builder::panic_handler), and without one a line on
//! standard error says where the task was spawned. On a current-thread runtime, as in tokio 0.1,
//! the panic goes on in the caller of `block_on` or `run`.
//!
//! # Left out
//!
//! Of the deprecated modules `current_thread` and `thread_pool` there is only what programs can use
//! without building an executor of their own.

mod default_executor;
pub(crate) mod enter;
mod error;
pub(crate) mod place;
pub(crate) mod task;
mod traits;

pub use self::default_executor::DefaultExecutor;
pub use self::error::SpawnError;
pub(crate) use self::traits::implement_executors;
pub use self::traits::{Executor, TypedExecutor};

use futures::future::{self, FutureResult};
use futures::{Future, IntoFuture};

/// Spawns a task on the executor of this thread, or Minato's default runtime; see
/// [the module](self).
///
/// # Panics
///
/// When the executor has been shut down; and outside of every runtime when the default one cannot
/// be started, or hidden threads are [forbidden](minato::runtime::forbid_implicit). The message
/// says which.
///
/// ```
/// use futures::{Future, future, sync::oneshot};
///
/// let (tell, told) = oneshot::channel();
/// tokio::spawn(future::lazy(move || tell.send("done").map_err(drop)));
/// assert_eq!(told.wait(), Ok("done"));
/// ```
#[track_caller]
pub fn spawn<F>(f: F) -> Spawn
where
    F: Future<Item = (), Error = ()> + Send + 'static,
{
    match place::spawn(f) {
        Ok(()) => Spawn(()),
        Err((error, _)) => panic!("tokio::spawn: {error}"),
    }
}

/// What [`spawn`] returns: a future that is ready at once, so that a closure of `for_each` may end
/// with a `spawn`.
#[derive(Debug)]
pub struct Spawn(());

impl IntoFuture for Spawn {
    type Future = FutureResult<(), ()>;
    type Item = ();
    type Error = ();

    fn into_future(self) -> Self::Future {
        future::ok(())
    }
}

/// What is left of the executor without a reactor. It is what
/// [`runtime::current_thread`](crate::runtime::current_thread) is now.
#[deprecated(since = "0.1.8", note = "use tokio::runtime::current_thread instead")]
#[doc(hidden)]
pub mod current_thread {
    pub use crate::runtime::current_thread::{Handle, RunError, TaskExecutor, block_on_all, spawn};
}

/// The pool of threads behind [`runtime::Runtime`](crate::runtime::Runtime).
#[deprecated(since = "0.1.8", note = "use tokio::runtime instead")]
#[doc(hidden)]
pub mod thread_pool {
    pub use crate::pool::{Builder, Sender, Shutdown, ThreadPool};
}
