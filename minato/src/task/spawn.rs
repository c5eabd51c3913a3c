//! Spawning: how a future or a closure becomes a task of a runtime.

use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::task::Waker;

use async_task::{Builder, Schedule, ScheduleInfo, WithInfo};

use super::cell::{Body, Caught, Runnable, TaskMeta};
use super::registry::Registry;
use super::{Id, JoinHandle};
use crate::panics::contain;
use crate::runtime::context::{self, Seat};
use crate::runtime::default_runtime;
use crate::runtime::shared::Shared;

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
    spawn_on(&current("spawn"), future)
}

/// Spawns a task that stays on this thread, on the `LocalRuntime` that is running here.
///
/// # Panics
///
/// Outside a [`LocalRuntime`](crate::runtime::LocalRuntime).
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    match context::runtime().filter(|runtime| runtime.is_local_here()) {
        Some(runtime) => spawn_local_on(&runtime, future),
        None => panic!("spawn_local must be called within a LocalRuntime, on its own thread"),
    }
}

/// Runs a closure that may block on a thread made for that, and gives what it returns.
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
    spawn_blocking_on(&current("spawn_blocking"), job)
}

/// Calls a closure that may block on the present worker, after its core has been handed to another
/// thread, so that no other task waits for it.
///
/// On a thread that holds no core of a multi-thread runtime, the closure is just called.
#[track_caller]
pub fn block_in_place<T>(job: impl FnOnce() -> T) -> T {
    context::hand_cores_over();
    job()
}

/// The runtime of this thread, or the default one.
#[track_caller]
fn current(what: &str) -> Arc<Shared> {
    if let Some(runtime) = context::runtime() {
        return runtime;
    }
    match default_runtime::get() {
        Ok(runtime) => runtime,
        Err(error) => panic!("minato::{what}: {error}"),
    }
}

/// Spawns a task on `runtime`.
#[track_caller]
pub(crate) fn spawn_on<F>(runtime: &Arc<Shared>, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let place = Location::caller();
    let made = make(runtime, place, |meta| {
        let body = Body::new(future, runtime.clone(), meta.key, meta.id);
        Builder::new().metadata(meta).spawn(move |_| body, queue_of(runtime))
    });
    start(runtime, made, place)
}

/// Spawns a task that stays on the thread of `runtime`, which is this one.
#[track_caller]
pub(crate) fn spawn_local_on<F>(runtime: &Arc<Shared>, future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let place = Location::caller();
    let made = make(runtime, place, |meta| {
        let body = Body::new(future, runtime.clone(), meta.key, meta.id);
        Builder::new().metadata(meta).spawn_local(move |_| body, queue_of(runtime))
    });
    start(runtime, made, place)
}

/// Queues `job` for the blocking threads of `runtime`.
#[track_caller]
pub(crate) fn spawn_blocking_on<F, T>(runtime: &Arc<Shared>, job: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let place = Location::caller();
    let made = make(runtime, place, |meta| {
        let hold = runtime.hold_clock();
        let future = async move {
            let _hold = hold;
            job()
        };
        let body = Body::new(future, runtime.clone(), meta.key, meta.id);
        Builder::new().metadata(meta).spawn(move |_| body, queue_of(runtime))
    });
    let (runnable, mut handle) = finish(runtime, made, place);
    let Some(runnable) = runnable else { return handle };
    if runtime.engine().is_simulated() {
        runnable.schedule();
        return handle;
    }
    handle.needs_no_core();
    let slot = Arc::new(std::sync::Mutex::new(Some(runnable)));
    let (run, runner) = (slot.clone(), runtime.clone());
    let take = |slot: &std::sync::Mutex<Option<Runnable>>| {
        slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    };
    let queued = runtime.blocking().spawn(Box::new(move || {
        if let Some(runnable) = take(&run) {
            // A job is within its runtime, without a core.
            let _seat = Seat::take(runner.clone(), None);
            // The pool contains what may panic here.
            run_one(&runner, runnable);
        }
    }));
    if let Err(rejected) = queued {
        // The pool dropped its closure; dropping the task here as well cancels it.
        handle.set_reason(rejected.to_string());
        drop(take(&slot));
    }
    handle
}

/// Why a runtime takes no task in a forked child.
pub(crate) const FROM_BEFORE_FORK: &str =
    "the runtime was made before a fork, and this process has none of its threads";

/// A task and its runnable.
type Parts<T> = (Runnable, async_task::Task<Caught<T>, TaskMeta>);

/// A task that is to run, or one that is not and why.
type Made<T> = Result<Parts<T>, (Parts<T>, &'static str)>;

/// Signs a task into the registry and makes its cell.
fn make<T>(
    runtime: &Arc<Shared>,
    place: &'static Location<'static>,
    build: impl FnOnce(TaskMeta) -> Parts<T>,
) -> Made<T> {
    let id = Id::next();
    let make = |key, number| {
        let (runnable, task) = build(TaskMeta { id, key, number });
        let waker: Waker = runnable.waker();
        ((runnable, task), waker)
    };
    if runtime.is_from_before_fork() {
        // The registry's lock may be held by a thread that is not here.
        return Err((Registry::refuse(make), FROM_BEFORE_FORK));
    }
    runtime
        .tasks()
        .insert(id, place, make)
        .map_err(|parts| (parts, "the runtime has been shut down"))
}

/// The handle of a task, and what runs it: nothing if it was refused, in which case its future is
/// dropped here.
fn finish<T>(
    runtime: &Arc<Shared>,
    made: Made<T>,
    place: &'static Location<'static>,
) -> (Option<Runnable>, JoinHandle<T>) {
    match made {
        Ok((runnable, task)) => (Some(runnable), JoinHandle::new(task, runtime, place)),
        Err(((runnable, task), reason)) => {
            let mut handle = JoinHandle::new(task, runtime, place);
            handle.set_reason(reason.to_owned());
            drop(runnable);
            (None, handle)
        }
    }
}

fn start<T>(
    runtime: &Arc<Shared>,
    made: Made<T>,
    place: &'static Location<'static>,
) -> JoinHandle<T> {
    let (runnable, handle) = finish(runtime, made, place);
    if let Some(runnable) = runnable {
        runnable.schedule();
    }
    handle
}

/// Where a task goes when it is woken.
fn queue_of(runtime: &Arc<Shared>) -> impl Schedule<TaskMeta> + Send + Sync + 'static {
    let runtime = runtime.clone();
    WithInfo(move |runnable: Runnable, info: ScheduleInfo| {
        runtime.schedule(runnable, info.woken_while_running);
    })
}

/// Polls a task once, or drops it if it is to be aborted.
///
/// The body catches what the user's code may do. What can still panic is a waker of whoever joins
/// the task; [`shielded`] keeps that from taking the worker down.
#[inline]
pub(crate) fn run_one(runtime: &Shared, runnable: Runnable) {
    let meta = runnable.metadata();
    if runtime.tasks().is_aborted(meta.key, meta.id) {
        return drop(runnable);
    }
    runnable.run();
}

/// Calls `run`, which polls tasks, until it returns without a panic.
pub(crate) fn shielded<T>(mut run: impl FnMut() -> T) -> T {
    loop {
        // The hook has reported the panic, and the task it came from is complete.
        if let Ok(output) = contain(&mut run) {
            return output;
        }
    }
}
