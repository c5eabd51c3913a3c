//! A cheap clone that names a runtime.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::num::NonZeroU64;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::task::{Context as TaskContext, Poll};

use super::context::{self, Context};
use super::inner::{Flavor, RuntimeInner};
use super::metrics::{CoreMetrics, RuntimeMetrics};
use super::{current, default_runtime};
use crate::reactor;
use crate::sync::plain::{AtomicU64, Ordering};
use crate::sync::{Arc, MutexGuard};
use crate::task::{self, JoinHandle};

/// Names a runtime; cheap to clone. It does not keep the runtime from being shut down.
#[derive(Clone)]
pub struct Handle {
    pub(super) shared: Arc<RuntimeInner>,
}

impl Handle {
    /// The runtime that this thread is in, or the default runtime, which is started if need be.
    ///
    /// # Panics
    ///
    /// If the default runtime is needed and cannot be started, or hidden threads are forbidden.
    #[track_caller]
    pub fn current() -> Self {
        Self { shared: default_runtime::current("runtime::Handle::current") }
    }

    /// The same as [`current`](Self::current), for those who want no panic.
    ///
    /// # Errors
    ///
    /// If the default runtime is needed and cannot be started, or hidden threads are forbidden; the
    /// error names the call.
    #[track_caller]
    pub fn current_or_default() -> io::Result<Self> {
        Ok(Self { shared: default_runtime::try_current()? })
    }

    /// The runtime that this thread is in.
    ///
    /// # Errors
    ///
    /// When it is in none.
    pub fn try_current() -> Result<Self, TryCurrentError> {
        match context::runtime() {
            Some(shared) => Ok(Self { shared }),
            None => Err(TryCurrentError { ending: !context::is_there() }),
        }
    }

    /// Spawns a task on the runtime. A current-thread runtime runs it while a thread is in
    /// [`Runtime::block_on`](super::Runtime::block_on). If the runtime has been shut down, the
    /// task ends as cancelled.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        task::spawn_on(self.shared.clone(), future)
    }

    /// Runs a closure that may block on a thread made for that; see
    /// [`task::spawn_blocking`](crate::task::spawn_blocking). If the runtime has been shut down,
    /// the job ends as cancelled.
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, job: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        task::spawn_blocking_at(&self.shared, Location::caller(), job, false)
    }

    /// Like [`spawn_blocking`](Self::spawn_blocking), for a job that runs even if the runtime is
    /// shut down before a thread has begun it; see
    /// [`task::spawn_mandatory_blocking`](crate::task::spawn_mandatory_blocking).
    ///
    /// `None` if the runtime takes no more jobs.
    #[track_caller]
    pub fn spawn_mandatory_blocking<F, R>(&self, job: F) -> Option<JoinHandle<R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let _entered = self.enter();
        task::spawn_mandatory_blocking(job)
    }

    /// Runs a future to its end on this thread; see
    /// [`Runtime::block_on`](super::Runtime::block_on).
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        current::block_on(&self.shared, future)
    }

    /// Makes this the runtime that the thread is in until the guard is dropped: what is spawned or
    /// bound here belongs to it.
    ///
    /// Guards must be dropped in the reverse order of their making, or they panic.
    pub fn enter(&self) -> EnterGuard<'_> {
        let context = Context::enter_by_guard(self.shared.clone());
        EnterGuard { _entered: Entered { context, _thread: PhantomData }, _handle: PhantomData }
    }

    /// Tells runtimes apart.
    pub fn id(&self) -> Id {
        self.shared.id
    }

    /// The name that was given to [`Builder::name`](super::Builder::name).
    pub fn name(&self) -> Option<&str> {
        self.shared.name.as_deref()
    }

    /// Who runs the tasks.
    pub fn runtime_flavor(&self) -> RuntimeFlavor {
        match self.shared.flavor {
            Flavor::CurrentThread(_) => RuntimeFlavor::CurrentThread,
            Flavor::MultiThread(_) => RuntimeFlavor::MultiThread,
        }
    }

    /// What the runtime does, in numbers.
    pub fn metrics(&self) -> RuntimeMetrics {
        RuntimeMetrics::new(self.clone())
    }

    /// The simulated world that the runtime is a host of, if it is one.
    pub fn world(&self) -> Option<minato_sim::World> {
        self.shared.engine.host().map(|host| host.host().world().clone())
    }

    /// Whether the runtime has been shut down.
    #[doc(hidden)]
    pub fn has_ended(&self) -> bool {
        self.shared.tasks.is_closed()
    }

    /// How many cores the runtime has.
    pub fn core_count(&self) -> usize {
        self.shared.reactors.len()
    }

    /// What a core has done so far; `None` if there are not that many.
    pub fn core_metrics(&self, index: usize) -> Option<CoreMetrics> {
        self.shared.metrics(index)
    }

    /// How many tasks and blocking jobs are alive.
    pub fn alive_tasks(&self) -> usize {
        self.shared.tasks.len()
    }

    /// Ready when no task and no blocking job of the runtime is alive; else its waker is called
    /// when that is so.
    ///
    /// A task of the runtime itself that waits for this waits for its own end.
    ///
    /// ```
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = minato::runtime::Runtime::new()?;
    /// let task = runtime.spawn(async {});
    /// pollster::block_on(poll_fn(|cx| runtime.handle().poll_idle(cx)));
    /// assert!(task.is_finished());
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_idle(&self, cx: &mut TaskContext<'_>) -> Poll<()> {
        self.shared.tasks.poll_idle(cx)
    }

    /// How many blocking jobs run or wait for a thread.
    pub fn blocking_jobs(&self) -> usize {
        self.shared.blocking.running()
    }

    /// The reactor of the runtime's first core, for sockets that are bound explicitly.
    pub fn reactor(&self) -> reactor::Handle {
        reactor::Handle::from_inner(self.shared.reactors[0].clone())
    }
}

/// The reactor of the runtime's first core.
impl From<&Handle> for reactor::Handle {
    fn from(runtime: &Handle) -> Self {
        runtime.reactor()
    }
}

/// The reactor of the runtime's first core.
impl From<Handle> for reactor::Handle {
    fn from(runtime: Handle) -> Self {
        runtime.reactor()
    }
}

crate::debug::opaque!(Handle, |it| cores: it.core_count());

/// Why [`Handle::try_current`] found no runtime.
#[derive(Debug)]
pub struct TryCurrentError {
    /// Whether the locals of the thread are gone.
    ending: bool,
}

impl TryCurrentError {
    /// Whether the thread is in no runtime.
    pub fn is_missing_context(&self) -> bool {
        !self.ending
    }

    /// Whether the thread is about to end, and has destroyed its thread-locals, so that it cannot
    /// be in a runtime any more.
    pub fn is_thread_local_destroyed(&self) -> bool {
        self.ending
    }
}

impl fmt::Display for TryCurrentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.ending {
            false => "this thread is in no runtime",
            true => "this thread is ending, and is in no runtime any more",
        })
    }
}

impl Error for TryCurrentError {}

/// The user's code may panic in tasks and jobs, which changes nothing about the runtime.
impl UnwindSafe for Handle {}
impl RefUnwindSafe for Handle {}

/// Who runs the tasks of a runtime; see [`Handle::runtime_flavor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuntimeFlavor {
    /// The thread that is in `block_on`.
    CurrentThread,
    /// Workers.
    MultiThread,
}

/// Tells runtimes of one process apart; see [`Handle::id`].
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct Id(NonZeroU64);

impl Id {
    pub(super) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NonZeroU64::MIN.saturating_add(NEXT.fetch_add(1, Ordering::Relaxed)))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Keeps a thread in a runtime; see [`Handle::enter`].
///
/// # Panics
///
/// When it is dropped before a guard that was made later on the same thread, unless the thread is
/// panicking. It leaves its runtime all the same.
#[must_use = "the thread leaves the runtime when the guard is dropped"]
pub struct EnterGuard<'a> {
    _entered: Entered,
    _handle: PhantomData<&'a Handle>,
}

/// What a guard drops: not the borrow, so that the runtime may go before the guard.
struct Entered {
    /// The address of the context that the thread has entered.
    context: usize,
    /// Belongs to its thread, as the guard of a lock does.
    _thread: PhantomData<MutexGuard<'static, ()>>,
}

impl Drop for Entered {
    #[track_caller]
    fn drop(&mut self) {
        if !context::leave(self.context) && !std::thread::panicking() {
            panic!("`EnterGuard`s must be dropped in the reverse order of their making");
        }
    }
}

crate::debug::opaque!(EnterGuard<'a>);
