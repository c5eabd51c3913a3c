//! Sets of tasks that are joined in the order in which they finish.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::task::{Context, Poll, ready};

use super::finished::Finished;
use super::{AbortHandle, Id, JoinError, JoinHandle, LocalSet, budget};
use crate::runtime::Handle;
use crate::sync::Arc;

/// A set of tasks with one type of output, which are joined in the order in which they finish.
///
/// Dropping the set aborts its tasks. The tasks may be of several runtimes, and the set may be
/// awaited on any executor. To join a task takes no longer in a large set than in a small one.
///
/// Waiting within a nested `block_on` for tasks which all cannot run until that returns gives an
/// error that says so ([`JoinError::is_deadlock`]). The task that it is of has left the set then,
/// and is detached.
///
/// # Examples
///
/// ```
/// use minato::task::JoinSet;
///
/// # pollster::block_on(async {
/// let mut tasks: JoinSet<u32> = (1..=4).map(|number| async move { number * number }).collect();
/// let mut sum = 0;
/// while let Some(square) = tasks.join_next().await {
///     sum += square?;
/// }
/// assert_eq!(sum, 30);
/// # Ok::<(), minato::task::JoinError>(())
/// # }).unwrap();
/// ```
pub struct JoinSet<T> {
    /// By id, which is the order of spawning.
    tasks: BTreeMap<Id, JoinHandle<T>>,
    finished: Arc<Finished>,
}

impl<T> JoinSet<T> {
    /// An empty set.
    pub fn new() -> Self {
        Self { tasks: BTreeMap::new(), finished: Arc::default() }
    }

    /// How many tasks are in the set, finished ones included that nobody has joined yet.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether no task is in the set.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}

impl<T: 'static> JoinSet<T> {
    /// Spawns a task into the set, as [`task::spawn`](super::spawn) does.
    ///
    /// # Panics
    ///
    /// As [`task::spawn`](super::spawn).
    #[track_caller]
    pub fn spawn<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert(super::spawn(task))
    }

    /// Spawns a task of the runtime of `handle` into the set.
    #[track_caller]
    pub fn spawn_on<F>(&mut self, task: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert(handle.spawn(task))
    }

    /// Spawns a task that stays on this thread into the set, as
    /// [`task::spawn_local`](super::spawn_local) does.
    ///
    /// # Panics
    ///
    /// As [`task::spawn_local`](super::spawn_local).
    #[track_caller]
    pub fn spawn_local<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.insert(super::spawn_local(task))
    }

    /// Spawns a task of `local_set`, which runs whenever that does, into this set.
    #[track_caller]
    pub fn spawn_local_on<F>(&mut self, task: F, local_set: &LocalSet) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.insert(local_set.spawn_local(task))
    }

    /// Starts a blocking job as a task of the set, as
    /// [`task::spawn_blocking`](super::spawn_blocking) does. It cannot be aborted once it runs.
    ///
    /// # Panics
    ///
    /// As [`task::spawn_blocking`](super::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, job: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.insert(super::spawn_blocking(job))
    }

    /// Starts a blocking job of the runtime of `handle` as a task of the set.
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, job: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.insert(handle.spawn_blocking(job))
    }

    fn insert(&mut self, mut task: JoinHandle<T>) -> AbortHandle {
        let (id, abort) = (task.id(), task.abort_handle());
        if !task.join.tell(&self.finished) {
            self.finished.add(id);
        }
        self.tasks.insert(id, task);
        abort
    }

    /// Waits for the next task to finish and gives its output; `None` if the set is empty.
    ///
    /// # Errors
    ///
    /// If the task panicked or was aborted; it has left the set all the same.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is ready, no task has left the set.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// Like [`join_next`](Self::join_next), with the task's id. The error of a task that failed has
    /// the id in [`JoinError::id`].
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    ///
    /// # Cancel safety
    ///
    /// As [`join_next`](Self::join_next).
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        poll_fn(|cx| self.poll_join_next_with_id(cx)).await
    }

    /// The output of a task that has finished already; `None` if there is none.
    ///
    /// It does not count against the budget of the poll that it is called in, since it could not
    /// say that there is none left.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.try_join_next_with_id().map(without_id)
    }

    /// Like [`try_join_next`](Self::try_join_next), with the task's id.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        self.first_of(|finished| finished.next())
    }

    /// Ready with the output of the next task that finishes; with `None` if the set is empty.
    ///
    /// When it is pending the waker of `cx` will be woken. Of several calls only that of the last
    /// one is. It is also pending, with its waker woken, when the budget of the poll that it is
    /// called in is used up.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.poll_join_next_with_id(cx).map(|joined| joined.map(without_id))
    }

    /// Like [`poll_join_next`](Self::poll_join_next), with the task's id.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        if self.is_empty() {
            return Poll::Ready(None);
        }
        ready!(budget::poll_leave(cx));
        if let Some(joined) = self.first_of(|finished| finished.next_or_wait(cx.waker())) {
            budget::spend();
            return Poll::Ready(Some(joined));
        }
        self.deadlock().map_or(Poll::Pending, |error| Poll::Ready(Some(Err(error))))
    }

    /// Takes out the first of the tasks that `next` names. It names some that have left the set if
    /// they were detached while they finished.
    fn first_of(
        &mut self,
        mut next: impl FnMut(&Finished) -> Option<Id>,
    ) -> Option<Result<(Id, T), JoinError>> {
        loop {
            let id = next(&self.finished)?;
            if let Some(task) = self.tasks.remove(&id) {
                return Some(task.into_output().map(|output| (id, output)));
            }
        }
    }

    /// If none of the tasks can run while it is waited for here: takes one out, with the error that
    /// says why.
    fn deadlock(&mut self) -> Option<JoinError> {
        // This ends at the first task that can run, and nearly always that is the first of all.
        if self.tasks.values().any(|task| task.deadlock().is_none()) {
            return None;
        }
        self.tasks.pop_first()?.1.deadlock()
    }

    /// Aborts all tasks, and waits until they have ended. The set is empty then.
    ///
    /// Outputs and panics of the tasks are dropped.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is ready, those that have not ended yet are still in the
    /// set, aborted.
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Waits for all tasks, and gives their outputs in the order in which they finished.
    ///
    /// # Panics
    ///
    /// If a task failed: with the panic of that task, or with the text of its error. The other
    /// tasks are aborted then.
    ///
    /// # Examples
    ///
    /// ```
    /// use minato::task::JoinSet;
    ///
    /// let texts = ["a", "bc"].into_iter();
    /// let tasks: JoinSet<usize> = texts.map(|text| async move { text.len() }).collect();
    /// let mut lengths = pollster::block_on(tasks.join_all());
    /// lengths.sort();
    /// assert_eq!(lengths, [1, 2]);
    /// ```
    pub async fn join_all(mut self) -> Vec<T> {
        let mut outputs = Vec::with_capacity(self.len());
        while let Some(joined) = self.join_next().await {
            match joined.map_err(JoinError::try_into_panic) {
                Ok(output) => outputs.push(output),
                Err(Ok(panic)) => resume_unwind(panic),
                Err(Err(error)) => panic!("{error}"),
            }
        }
        outputs
    }

    /// Asks for all tasks to be dropped instead of being polled again. They stay in the set until
    /// they are joined.
    pub fn abort_all(&mut self) {
        self.tasks.values().for_each(JoinHandle::abort);
    }

    /// Takes all tasks out of the set, and lets them run on.
    pub fn detach_all(&mut self) {
        self.tasks.clear();
        self.finished.clear();
    }
}

fn without_id<T>(joined: Result<(Id, T), JoinError>) -> Result<T, JoinError> {
    joined.map(|(_, output)| output)
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.tasks.values().for_each(JoinHandle::abort);
    }
}

crate::debug::opaque!(JoinSet<T>, |it| len: it.len());

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// A set of the futures of an iterator, each spawned as by [`JoinSet::spawn`].
impl<T, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    fn from_iter<I: IntoIterator<Item = F>>(tasks: I) -> Self {
        let mut set = Self::new();
        set.extend(tasks);
        set
    }
}

/// Spawns each future of an iterator as by [`JoinSet::spawn`].
impl<T, F> Extend<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    fn extend<I: IntoIterator<Item = F>>(&mut self, tasks: I) {
        for task in tasks {
            self.spawn(task);
        }
    }
}
