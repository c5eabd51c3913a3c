//! The current-thread runtime.

use std::error::Error;
use std::fmt;
use std::io;
use std::rc::Rc;

use futures::Future;

use super::local::Local;
use super::{Builder, Handle};
use crate::executor::enter::Enter;

const NESTED: &str = "Multiple executors at once";

/// Runs a future on this thread, and then all that it spawned, until all of it is done; gives what
/// the future gave.
///
/// # Errors
///
/// Those of the future. Then the tasks that it spawned are dropped.
///
/// # Panics
///
/// As [`Runtime::block_on`], and when the runtime cannot be made.
///
/// ```
/// use futures::future;
/// use tokio::runtime::current_thread::block_on_all;
///
/// assert_eq!(block_on_all(future::ok::<_, ()>(5)), Ok(5));
/// ```
#[track_caller]
pub fn block_on_all<F: Future>(future: F) -> Result<F::Item, F::Error> {
    let mut runtime = fresh();
    let output = runtime.block_on(future)?;
    runtime.run_all();
    Ok(output)
}

/// Runs a future on this thread, and all that it spawns, until all of it is done.
///
/// # Panics
///
/// As [`Runtime::run`], and when the runtime cannot be made.
#[track_caller]
pub fn run<F>(future: F)
where
    F: Future<Item = (), Error = ()> + 'static,
{
    fresh().spawn(future).run_all();
}

#[track_caller]
fn fresh() -> Runtime {
    match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => panic!("failed to start runtime on current thread: {error}"),
    }
}

/// Tasks, a reactor and timers, for one thread.
///
/// It stays on the thread that made it. Dropping it drops its tasks.
pub struct Runtime {
    local: Rc<Local>,
}

impl Runtime {
    /// Makes a runtime as [`Builder::new`] describes it.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors.
    pub fn new() -> io::Result<Self> {
        Builder::new().build()
    }

    pub(super) fn of(local: Rc<Local>) -> Self {
        Self { local }
    }

    /// What spawns tasks on this runtime from other threads.
    pub fn handle(&self) -> Handle {
        Handle::new(self.local.shared().clone())
    }

    /// Spawns a task, which will run in [`block_on`](Self::block_on) or [`run`](Self::run).
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> &mut Self
    where
        F: Future<Item = (), Error = ()> + 'static,
    {
        // While there is the runtime, it takes tasks.
        _ = self.local.try_spawn(future);
        self
    }

    /// Runs a future to its end, and the tasks along with it. Tasks that are not done then stay.
    ///
    /// # Errors
    ///
    /// Those of the future.
    ///
    /// # Panics
    ///
    /// If the future or a task does. When it is called by a task, or by a thread that is in the
    /// `block_on` or `run` of another runtime of this crate.
    #[track_caller]
    pub fn block_on<F: Future>(&mut self, f: F) -> Result<F::Item, F::Error> {
        let _entered = Enter::or_panic(NESTED);
        self.local.block_on(f)
    }

    /// Runs the tasks until none is left.
    ///
    /// # Errors
    ///
    /// None at present.
    ///
    /// # Panics
    ///
    /// If a task does. When it is called by a task, or by a thread that is in the `block_on` or
    /// `run` of another runtime of this crate.
    #[track_caller]
    pub fn run(&mut self) -> Result<(), RunError> {
        self.run_all();
        Ok(())
    }

    #[track_caller]
    fn run_all(&mut self) {
        let _entered = Enter::or_panic(NESTED);
        self.local.run();
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").finish_non_exhaustive()
    }
}

/// Why the tasks of a current-thread runtime could not be run.
#[derive(Debug)]
pub struct RunError(());

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the tasks cannot be run")
    }
}

impl Error for RunError {}
