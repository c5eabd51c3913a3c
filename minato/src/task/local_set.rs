//! Sets of local tasks, which run wherever the set is polled.

use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::thread;

use super::cell::{NewTask, Runnable, Schedule, TaskMeta, TaskRef};
use super::local_queue::LocalQueue;
use super::registry::Registry;
use super::{Id, JoinHandle, local, spawn};
use crate::panics::{Finally, Payload};
use crate::reactor::process::{Living, forks};
use crate::runtime::{Runtime, context};
use crate::sync::Arc;

/// How many tasks one poll of a set polls, before it lets others have their turn.
const POLLS_PER_TURN: usize = 61;

/// Tasks whose futures need not be `Send`, since they stay on the thread of the set.
///
/// The set is a future: its tasks run while it is polled, or while the future of
/// [`run_until`](Self::run_until) is. That works on any executor, with a runtime or without one. In
/// every other respect they are tasks like others: they have an id, a join handle, and a budget for
/// each poll, and any thread may wake or abort them.
///
/// A set that is awaited is ready when all its tasks have ended. Dropping it drops the tasks, in
/// the order in which they were spawned.
///
/// # Examples
///
/// ```
/// use std::rc::Rc;
/// use minato::task::{LocalSet, spawn_local};
///
/// let local = LocalSet::new();
/// let text = Rc::new("stays here");
/// let length = local.run_until(async {
///     let text = text.clone();
///     spawn_local(async move { text.len() }).await
/// });
/// assert_eq!(pollster::block_on(length).unwrap(), 10);
/// ```
pub struct LocalSet {
    tasks: Arc<LocalTasks>,
    /// Its key when it is awaited itself.
    driver: usize,
    /// Neither the set nor a reference to it leaves the thread.
    stays_here: PhantomData<*const ()>,
}

/// What a set and its tasks share.
pub(crate) struct LocalTasks {
    queue: LocalQueue<Runnable>,
    living: Registry,
}

/// All sets of this process.
static ALL: Living<LocalTasks> = Living::new();

impl LocalSet {
    /// A set without tasks.
    pub fn new() -> Self {
        let queue = LocalQueue::new();
        let driver = queue.add_driver();
        let tasks = Arc::new(LocalTasks { queue, living: Registry::default() });
        ALL.add(&tasks);
        Self { tasks, driver, stays_here: PhantomData }
    }

    /// Has [`task::spawn_local`](super::spawn_local) on this thread spawn into this set, until the
    /// result is dropped. The tasks run when the set is polled.
    ///
    /// Guards are to be dropped in the reverse order of their making.
    pub fn enter(&self) -> LocalEnterGuard {
        let before = context::exchange_local_set(Some(self.tasks.clone()));
        LocalEnterGuard { before, stays_here: PhantomData }
    }

    /// Spawns a task into the set.
    ///
    /// # Examples
    ///
    /// ```
    /// use minato::task::LocalSet;
    ///
    /// let local = LocalSet::new();
    /// let task = local.spawn_local(async { 5 });
    /// pollster::block_on(local);
    /// assert_eq!(pollster::block_on(task).unwrap(), 5);
    /// ```
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.tasks.spawn(future)
    }

    /// Runs `future` on `runtime` and this thread to its end, and the tasks of the set beside it.
    ///
    /// It is the same as `runtime.block_on(local.run_until(future))`.
    ///
    /// # Panics
    ///
    /// As [`Runtime::block_on`].
    #[track_caller]
    pub fn block_on<F: Future>(&self, runtime: &Runtime, future: F) -> F::Output {
        runtime.block_on(self.run_until(future))
    }

    /// Runs `future` to its end, and the tasks of the set beside it.
    ///
    /// Several such futures may run at a time. Tasks that are left at the end run on when the set
    /// is polled again.
    ///
    /// # Cancel safety
    ///
    /// If it is dropped before it is ready, `future` is dropped too, and the tasks are still there.
    pub async fn run_until<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let driver = self.tasks.queue.add_driver();
        let _end = Finally(|| self.tasks.queue.remove_driver(driver));
        let poll = |cx: &mut Context<'_>| {
            self.poll_as(driver, cx, |cx| {
                let polled = future.as_mut().poll(cx);
                if polled.is_pending() {
                    self.poll_tasks(cx);
                }
                polled
            })
        };
        poll_fn(poll).await
    }

    /// Calls `poll`, a part of the poll of the driver with this key, within the set.
    fn poll_as<T>(
        &self,
        driver: usize,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let _entered = self.enter();
        self.tasks.queue.poll(driver, cx.waker(), || poll(cx))
    }

    fn poll_tasks(&self, cx: &mut Context<'_>) {
        context::polls_within(cx.waker(), || {
            for _ in 0..POLLS_PER_TURN {
                let Some(task) = self.tasks.queue.pop() else { break };
                task.run();
            }
        });
        // Who has yielded runs in the next poll, when the reactor was looked at.
        if self.tasks.queue.end_yields() {
            context::give_way(cx);
        }
    }
}

impl Future for LocalSet {
    type Output = ();

    /// Ready when no task is left.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_as(self.driver, cx, |cx| {
            self.poll_tasks(cx);
            if self.tasks.living.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
    }
}

impl Drop for LocalSet {
    fn drop(&mut self) {
        let _entered = self.enter();
        self.tasks.queue.remove_driver(self.driver);
        self.tasks.living.close();
        loop {
            let mut aborted = Vec::from(self.tasks.queue.take());
            if aborted.is_empty() {
                if self.tasks.living.is_empty() {
                    break;
                }
                // Another thread has just woken the last ones, and is about to queue them.
                thread::yield_now();
            }
            aborted.sort_by_key(|task| task.meta().number());
            aborted.into_iter().for_each(Runnable::run);
        }
    }
}

impl Default for LocalSet {
    fn default() -> Self {
        Self::new()
    }
}

crate::debug::opaque!(LocalSet);

/// Keeps a [`LocalSet`] entered; see [`LocalSet::enter`].
#[must_use = "dropping it leaves the set"]
pub struct LocalEnterGuard {
    before: Option<Arc<LocalTasks>>,
    stays_here: PhantomData<*const ()>,
}

impl Drop for LocalEnterGuard {
    fn drop(&mut self) {
        context::exchange_local_set(self.before.take());
    }
}

crate::debug::opaque!(LocalEnterGuard);

impl LocalTasks {
    /// Calls `visit` with each task of every set.
    pub(crate) fn each(mut visit: impl FnMut(&TaskRef)) {
        ALL.all().iter().for_each(|set| set.living.each(&mut visit));
    }

    /// A task that is not to be polled by a set, but by whoever gets its runnable. It must not
    /// wait.
    pub(super) fn unattended<F>(
        place: &'static Location<'static>,
        future: F,
    ) -> (Option<Runnable>, JoinHandle<F::Output>)
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let tasks = Self { queue: LocalQueue::new(), living: Registry::default() };
        let meta = spawn::meta(None, place, false);
        spawn::handle_of(NewTask::new(Arc::new(tasks), meta, future), Some(forks()))
    }

    /// Spawns a task, on the thread of the set.
    #[track_caller]
    pub(super) fn spawn<F>(self: &Arc<Self>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let meta = spawn::meta(context::host().as_ref(), Location::caller(), true);
        spawn::start(local::new_task(self.clone(), meta, future), None)
    }
}

/// A set as its tasks see it: each of them goes to the queue, and is polled with a budget of its
/// own.
impl Schedule for Arc<LocalTasks> {
    fn address(&self) -> usize {
        Arc::as_ptr(self).addr()
    }

    fn admit(&self, task: TaskRef) -> Result<(), &'static str> {
        self.living.insert(task).map_err(|_| "its LocalSet has been dropped")
    }

    fn queue_here(address: usize, runnable: Runnable, yielded: bool) -> Result<(), Runnable> {
        // Who yields is polled by its set, which is entered meanwhile.
        let set = context::local_set().filter(|set| yielded && set.address() == address);
        match set.filter(|_| context::take_yield()) {
            Some(set) => set.queue.push_yielded(runnable),
            None => return Err(runnable),
        }
        Ok(())
    }

    fn inject(self, runnable: Runnable) {
        self.queue.push(runnable);
    }

    fn poll<F: Future>(
        &self,
        meta: &TaskMeta,
        future: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        context::poll_within(meta.id, future, cx)
    }

    fn within<T>(task: Id, run: impl FnOnce() -> T) -> T {
        context::within_task(task, run)
    }

    fn panicked(&self, meta: &TaskMeta, panic: &Payload) {
        if let Some(runtime) = context::runtime() {
            runtime.note_panic(|| self.living.get(meta), panic);
        }
    }

    fn panic_was_taken(&self, meta: &TaskMeta) {
        if let Some(runtime) = context::runtime() {
            runtime.panic_was_taken(meta);
        }
    }

    fn ended(&self, meta: &TaskMeta) -> Option<TaskRef> {
        self.living.remove(meta)
    }
}
