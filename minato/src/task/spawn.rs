//! Spawning: how a future or a closure becomes a task of a runtime.

use std::future::Future;
use std::panic::Location;

use super::blocking::Job;
use super::cell::{NewTask, TaskMeta};
use super::{Id, JoinHandle, Runnable, local};
use crate::engine::SimHost;
use crate::reactor::process::forks;
use crate::runtime::context::{self, Context};
use crate::runtime::default_runtime::current;
use crate::runtime::handover::Passed;
use crate::runtime::inner::{ClockHold, RuntimeInner};
use crate::sync::Arc;

/// Spawns a task on the runtime that this thread is in, or on the default runtime.
///
/// The default runtime is a multi-thread one with as many workers as there are processors; it
/// starts with the first task that needs it and lives until the process ends.
///
/// # Panics
///
/// If the default runtime is needed and cannot be started, or hidden threads are forbidden; the
/// message says which, and names the call.
///
/// ```
/// let handle = minato::spawn(async { 6 * 7 });
/// assert_eq!(pollster::block_on(handle).unwrap(), 42);
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    spawn_on(current("spawn"), future)
}

/// Spawns a task that stays on this thread: on the [`LocalRuntime`](crate::runtime::LocalRuntime)
/// that the thread is in, else in the [`LocalSet`](super::LocalSet) that is being polled here or
/// was entered.
///
/// # Panics
///
/// If there is neither, or the `LocalRuntime` is that of another thread.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    match (context::runtime(), context::local_set()) {
        (Some(runtime), _) if runtime.is_local_here() => {
            spawn_local_at(runtime, Location::caller(), future)
        }
        (Some(runtime), _) if runtime.is_local_elsewhere() => panic!(
            "Local tasks can only be spawned on a LocalRuntime from the thread the runtime was \
             created on"
        ),
        (_, Some(set)) => set.spawn(future),
        (_, None) => panic!(
            "`spawn_local` called from outside of a `task::LocalSet` or `runtime::LocalRuntime`"
        ),
    }
}

/// Runs a closure that may block on a thread made for that, and gives what it returns.
///
/// The closure may run futures by any `block_on`: they have no [budget](super::coop).
///
/// A job that has started cannot be aborted. On a simulated runtime the closure runs as a task.
/// When the runtime's limit of such threads and waiting jobs is exhausted, or no thread can be
/// started, the handle ends as cancelled, and its error says why.
///
/// # Panics
///
/// As [`spawn`].
///
/// ```
/// let handle = minato::task::spawn_blocking(|| std::fs::read_to_string("/no/such/file"));
/// assert!(pollster::block_on(handle).unwrap().is_err());
/// ```
#[track_caller]
pub fn spawn_blocking<F, T>(job: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    spawn_blocking_at(&current("spawn_blocking"), Location::caller(), job, false)
}

/// Like [`spawn_blocking`], for a job that runs even if the runtime is shut down before a thread
/// has begun it, such as the last write to a file.
///
/// `None` if the runtime takes no more jobs: it has been shut down, or its limits are exhausted. On
/// a simulated runtime the job runs at once.
///
/// # Panics
///
/// As [`spawn`].
#[track_caller]
pub fn spawn_mandatory_blocking<F, R>(job: F) -> Option<JoinHandle<R>>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let runtime = current("spawn_mandatory_blocking");
    let handle = spawn_blocking_at(&runtime, Location::caller(), job, true);
    handle.reason.is_none().then_some(handle)
}

/// Calls a closure that may block on the present worker, after its core has been handed to another
/// thread, so that no other task waits for it.
///
/// On a thread that holds no core of a multi-thread runtime, the closure is just called. Futures
/// that it runs by any `block_on` have no [budget](super::coop).
#[track_caller]
pub fn block_in_place<T>(job: impl FnOnce() -> T) -> T {
    let _passed = Passed::here();
    context::outside_polls(job)
}

/// Spawns a task on `runtime`.
#[track_caller]
pub(crate) fn spawn_on<F>(runtime: Arc<RuntimeInner>, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let meta = meta(runtime.engine.host(), Location::caller(), true);
    start(NewTask::new(runtime, meta, future), Some(forks()))
}

/// Spawns a task that stays on the thread of `runtime`, which is this one. `place` asked for it.
pub(crate) fn spawn_local_at<F>(
    runtime: Arc<RuntimeInner>,
    place: &'static Location<'static>,
    future: F,
) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let meta = meta(runtime.engine.host(), place, true);
    start(local::new_task(runtime, meta, future), Some(forks()))
}

/// Queues `job`, which was asked for at `place`, for the blocking threads of `runtime`. Whether it
/// was refused stands in the handle.
pub(crate) fn spawn_blocking_at<F, T>(
    runtime: &Arc<RuntimeInner>,
    place: &'static Location<'static>,
    job: F,
    mandatory: bool,
) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let simulated = runtime.engine.is_simulated();
    let on_core = simulated && !mandatory;
    let meta = meta(runtime.engine.host(), place, on_core);
    let fresh = NewTask::new(runtime.clone(), meta, async move { context::outside_polls(job) });
    if on_core {
        return start(fresh, Some(forks()));
    }
    let (runnable, mut handle) = handle_of(fresh, Some(forks()));
    let Some(runnable) = runnable else { return handle };
    let queued = QueuedJob { runnable, _clock: runtime.hold_clock() };
    let runner = runtime.clone();
    if simulated {
        queued.run(runner);
        return handle;
    }
    let queued = runtime.blocking.spawn(Job::new(move || queued.run(runner), mandatory));
    // If it is refused the pool drops the runnable, which cancels the task.
    handle.reason = queued.err();
    handle
}

/// A blocking job on its way to a thread.
struct QueuedJob {
    /// Before the hold on the clock, because fields are dropped in this order: the job's handle is
    /// woken before a stopped clock may jump.
    runnable: Runnable,
    _clock: Option<ClockHold>,
}

impl QueuedJob {
    /// Runs the job within its runtime, without a core.
    fn run(self, runtime: Arc<RuntimeInner>) {
        let context = Context::enter_new(runtime, None);
        context.set_at_work();
        let Self { runnable, _clock } = self;
        context::between_polls(|| runnable.run());
    }
}

/// Why a runtime takes no task in a forked child.
pub(crate) const FROM_BEFORE_FORK: &str =
    "the runtime was made before a fork, and this process has none of its threads";

/// A new id for the task that is being spawned at `place`, on a simulated host or elsewhere.
pub(super) fn meta(
    host: Option<&Arc<SimHost>>,
    place: &'static Location<'static>,
    on_core: bool,
) -> TaskMeta {
    let id = match host {
        None => Id::next(),
        Some(host) => Id::on_host(host.host().number(), host.next_task()),
    };
    TaskMeta::new(id, place, on_core)
}

/// Has a task run. For `forks` see [`JoinHandle`].
pub(super) fn start<T>(fresh: NewTask<T>, forks: Option<u32>) -> JoinHandle<T> {
    let (runnable, handle) = handle_of(fresh, forks);
    if let Some(runnable) = runnable {
        runnable.schedule();
    }
    handle
}

/// The handle of a task, and what runs it. If it was refused its future is dropped here.
pub(super) fn handle_of<T>(
    fresh: NewTask<T>,
    forks: Option<u32>,
) -> (Option<Runnable>, JoinHandle<T>) {
    let NewTask { runnable, join, admitted } = fresh;
    let reason = admitted.err().map(str::to_owned);
    (reason.is_none().then_some(runnable), JoinHandle { join, reason, forks })
}
