//! Who runs tasks: runtimes, their cores and their workers.
//!
//! A *core* is a run queue with a reactor. A [`Runtime`] has one (current-thread) or one per worker
//! (multi-thread). The core is a value apart from threads: a worker holds it, or `block_on` does; a
//! worker that is about to block hands it to another thread; and a simulation steps several of them
//! on one thread.
//!
//! Sockets and timers need none of this: outside a runtime they work as well, on the background
//! reactor (see [`reactor`](crate::reactor)).
//!
//! ```
//! # fn main() -> std::io::Result<()> {
//! let runtime = minato::runtime::Runtime::new()?;
//! let sum = runtime.block_on(async {
//!     let handles: Vec<_> = (1..=4).map(|n| minato::spawn(async move { n * n })).collect();
//!     let mut sum = 0;
//!     for handle in handles {
//!         sum += handle.await.unwrap();
//!     }
//!     sum
//! });
//! assert_eq!(sum, 30);
//! # Ok(())
//! # }
//! ```

mod builder;
pub(crate) mod context;
pub(crate) mod core;
pub(crate) mod current;
pub(crate) mod default_runtime;
pub(crate) mod enter;
mod handle;
pub(crate) mod handover;
pub(crate) mod implicit;
mod injector;
pub(crate) mod inner;
mod intervals;
pub(crate) mod metrics;
pub(crate) mod nesting;
pub(crate) mod pool;
mod queue;
mod schedule;
mod siblings;
pub(crate) mod simulation;
mod step;
mod stuck;
mod worker;

pub use self::builder::{Builder, LocalOptions};
pub use self::default_runtime::set_default;
pub use self::enter::Enter;
pub use self::handle::{EnterGuard, Handle, Id, RuntimeFlavor, TryCurrentError};
pub use self::implicit::forbid_implicit;
pub(crate) use self::metrics::CoreCounters;
pub use self::metrics::{CoreMetrics, RuntimeMetrics};
pub use minato_sim::picker;

use std::future::{Future, poll_fn};
use std::io::{self, Write};
use std::marker::PhantomData;
use std::panic::Location;
use std::time::Duration;

use self::inner::RuntimeInner;
use crate::sync::Arc;
use crate::task::{self, JoinHandle};

/// What the owner of a runtime can do, of either type.
macro_rules! runtime_owner {
    ($owner:ty) => {
        impl $owner {
            /// A handle of this runtime, by which other threads may spawn `Send` tasks.
            pub fn handle(&self) -> &Handle {
                &self.handle
            }

            /// Makes this the runtime that the thread is in until the guard is dropped; see
            /// [`Handle::enter`].
            pub fn enter(&self) -> EnterGuard<'_> {
                self.handle.enter()
            }

            /// Runs a closure that may block on a thread made for that; see
            /// [`task::spawn_blocking`](crate::task::spawn_blocking). If the runtime has been shut
            /// down, the job ends as cancelled.
            #[track_caller]
            pub fn spawn_blocking<F, R>(&self, job: F) -> JoinHandle<R>
            where
                F: FnOnce() -> R + Send + 'static,
                R: Send + 'static,
            {
                self.handle.spawn_blocking(job)
            }

            /// What the runtime does, in numbers.
            pub fn metrics(&self) -> RuntimeMetrics {
                self.handle.metrics()
            }

            /// Runs a future to its end on this thread, and gives its output.
            ///
            /// On a current-thread runtime the tasks run along with it; if another thread is doing
            /// that already, this one takes over when the other leaves.
            ///
            /// It may be called anywhere, also in a task or within another `block_on`, of this
            /// runtime or another one. If that is a current-thread runtime, none of its tasks runs
            /// meanwhile, and to wait for one of them in `future` is an error of its
            /// [`JoinHandle`]. (A blocking wait that is not Minato's, such as another executor's
            /// `block_on`, cannot tell, and would hang.)
            ///
            /// # Panics
            ///
            /// If the future does. On a simulated engine also when nothing can go on: no task can
            /// run and no event is due; the message names the tasks that are alive.
            #[track_caller]
            pub fn block_on<F: Future>(&self, future: F) -> F::Output {
                self.handle.block_on(future)
            }

            /// Waits until no task and no blocking job of this runtime is alive. Tasks run
            /// meanwhile.
            ///
            /// # Panics
            ///
            /// Where it could never return: in a task or blocking job of this runtime, which would
            /// wait for itself; and within a `block_on` of a current-thread runtime, as long as
            /// there are tasks, which need this very thread. The message says which.
            #[track_caller]
            pub fn wait_idle(&self) {
                wait_idle(&self.handle.shared);
            }

            /// Shuts the runtime down and waits for its workers and running blocking jobs,
            /// `timeout` at most. What still runs then goes on by itself.
            pub fn shutdown_timeout(self, timeout: Duration) {
                self.handle.shared.shut_down(Some(timeout));
            }

            /// Shuts the runtime down and waits for nothing.
            pub fn shutdown_background(self) {
                self.shutdown_timeout(Duration::ZERO);
            }
        }

        impl Drop for $owner {
            fn drop(&mut self) {
                // Within a runtime this waits for nothing, since that may need this very thread.
                let timeout = context::runtime().map(|_| Duration::ZERO);
                self.handle.shared.shut_down(timeout);
            }
        }
    };
}

runtime_owner!(Runtime);
runtime_owner!(LocalRuntime);

/// Cores, the threads that hold them, a pool of blocking threads, and a clock.
///
/// Dropping it drops every task at its next await point and waits for the workers and for running
/// blocking jobs; within a runtime it does not wait. It never panics.
pub struct Runtime {
    handle: Handle,
}

impl Runtime {
    /// Makes a multi-thread runtime with a worker per processor.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors or threads.
    pub fn new() -> io::Result<Self> {
        Builder::new_multi_thread().build()
    }

    /// Spawns a task on the runtime; see [`Handle::spawn`].
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }
}

crate::debug::opaque!(Runtime, |it| cores: it.handle.core_count());

/// A current-thread runtime that stays on the thread where it was made, so that its tasks need not
/// be `Send`.
///
/// Its core runs, and its tasks are dropped, on that thread only.
///
/// ```
/// use std::rc::Rc;
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = minato::runtime::LocalRuntime::new()?;
/// let text = Rc::new("stays here");
/// let length = runtime.block_on(async move {
///     minato::task::spawn_local(async move { text.len() }).await.unwrap()
/// });
/// assert_eq!(length, 10);
/// # Ok(())
/// # }
/// ```
pub struct LocalRuntime {
    handle: Handle,
    /// Not to be sent to other threads.
    _local: PhantomData<*const ()>,
}

impl LocalRuntime {
    /// Makes a local runtime on this thread.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors.
    pub fn new() -> io::Result<Self> {
        Builder::new_current_thread().build_local(LocalOptions::default())
    }

    /// Spawns a task that stays on this thread.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        task::spawn_local_at(self.handle.shared.clone(), Location::caller(), future)
    }
}

crate::debug::opaque!(LocalRuntime);

/// Runs a future on a fresh multi-thread runtime, and returns when the runtime is idle: when the
/// future, everything it spawned and everything that spawned in turn is done.
///
/// # Panics
///
/// If the runtime cannot be started, or the future panics.
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// static DONE: AtomicBool = AtomicBool::new(false);
/// minato::run(async {
///     minato::spawn(async { DONE.store(true, Ordering::SeqCst) });
/// });
/// assert!(DONE.load(Ordering::SeqCst));
/// ```
#[track_caller]
pub fn run<F: Future>(future: F) -> F::Output {
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => panic!("minato::run: the runtime cannot be started: {error}"),
    };
    let output = runtime.block_on(future);
    runtime.wait_idle();
    output
}

#[track_caller]
fn wait_idle(shared: &Arc<RuntimeInner>) {
    let place = Location::caller();
    if nesting::is_at_work_for(shared) {
        panic!(
            "wait_idle at {place}: it is called in a task or blocking job of the same runtime, \
             and would wait for the end of that for ever"
        );
    }
    let idle = poll_fn(|cx| {
        let idle = shared.tasks.poll_idle(cx);
        if idle.is_pending()
            && shared.tasks.on_cores() > 0
            && nesting::nested_at(shared.address()).is_some()
        {
            panic!(
                "wait_idle at {place}: the thread that runs the tasks of the runtime is in this \
                 call, and would wait for them for ever; {}",
                shared.describe_tasks()
            );
        }
        idle
    });
    current::block_on(shared, idle);
}

/// Whether this thread is running tasks of a runtime, or the future of a `block_on`, so that to
/// block it would hold those up.
///
/// False in blocking jobs and within [`block_in_place`](crate::task::block_in_place).
///
/// ```
/// use minato::runtime::drives_tasks;
///
/// # fn main() -> std::io::Result<()> {
/// assert!(!drives_tasks());
/// minato::runtime::Runtime::new()?.block_on(async {
///     assert!(drives_tasks());
///     assert!(!minato::task::spawn_blocking(drives_tasks).await.unwrap());
/// });
/// # Ok(())
/// # }
/// ```
pub fn drives_tasks() -> bool {
    context::is_polling()
}

/// Which worker of its runtime this thread is, as [`RuntimeMetrics`] counts them from 0: the one
/// that holds the core of this index. On a current-thread runtime that is 0 for the thread in
/// `block_on`, as long as it runs the tasks.
///
/// `None` elsewhere: outside of runtimes, in blocking jobs, in a `block_on` that does not run the
/// tasks, and in [`block_in_place`](crate::task::block_in_place).
///
/// ```
/// use minato::runtime::{Runtime, worker_index};
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = Runtime::new()?;
/// let index = runtime.block_on(runtime.spawn(async { worker_index() })).unwrap();
/// assert!(index < Some(runtime.metrics().num_workers()));
/// assert_eq!(runtime.block_on(async { worker_index() }), None);
/// # Ok(())
/// # }
/// ```
pub fn worker_index() -> Option<usize> {
    context::core_index()
}

/// Whether an error says that an operation failed because its runtime was shut down.
///
/// No socket and no timer of Minato's fails like that, since they outlive every runtime. Libraries
/// that run on blocking threads may, with the error that is known from tokio.
///
/// ```
/// use minato::runtime::is_rt_shutdown_err;
///
/// assert!(!is_rt_shutdown_err(&std::io::Error::other("the disk is full")));
/// ```
pub fn is_rt_shutdown_err(error: &io::Error) -> bool {
    const SHUT_DOWN: &str = "A Tokio 1.x context was found, but it is being shutdown.";
    error.kind() == io::ErrorKind::Other
        && error.get_ref().is_some_and(|inner| inner.to_string() == SHUT_DOWN)
}

/// Reports what has nobody to be returned to. Standard error may be a pipe that nobody reads any
/// more, on which `eprintln!` would panic.
pub(crate) fn report(message: &str) {
    _ = writeln!(io::stderr(), "minato: {message}");
}
