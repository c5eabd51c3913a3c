//! Handles of tasks: waiting for the output, and aborting.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};

use async_task::FallibleTask;

use super::cell::{Caught, TaskMeta};
use super::{Id, budget};
use crate::runtime::context;
use crate::runtime::shared::Shared;

/// Waits for a task's output.
///
/// Dropping it detaches the task, which runs on.
///
/// # Cancel safety
///
/// The handle may be polled by reference in a `select!` and awaited again later.
#[must_use = "dropping a JoinHandle detaches its task; use `drop` or `_ =` if that is wanted"]
pub struct JoinHandle<T> {
    task: Option<FallibleTask<Caught<T>, TaskMeta>>,
    runtime: Weak<Shared>,
    key: usize,
    id: Id,
    spawned_at: &'static Location<'static>,
    /// Why the task was cancelled, if it never had a chance.
    reason: Option<String>,
}

impl<T> JoinHandle<T> {
    pub(super) fn new(
        task: async_task::Task<Caught<T>, TaskMeta>,
        runtime: &Arc<Shared>,
        spawned_at: &'static Location<'static>,
    ) -> Self {
        let TaskMeta { id, key, .. } = *task.metadata();
        let runtime = Arc::downgrade(runtime);
        Self { task: Some(task.fallible()), runtime, key, id, spawned_at, reason: None }
    }

    pub(super) fn set_reason(&mut self, reason: String) {
        self.reason = Some(reason);
    }

    fn task(&self) -> &FallibleTask<Caught<T>, TaskMeta> {
        match &self.task {
            Some(task) => task,
            None => unreachable!("the task is taken only when the handle is dropped"),
        }
    }

    /// The task's id.
    pub fn id(&self) -> Id {
        self.id
    }

    /// Where the task was spawned.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.spawned_at
    }

    /// Asks for the task to be dropped at its next await point instead of being polled again. A
    /// task that has finished by then keeps its output.
    pub fn abort(&self) {
        if let Some(runtime) = self.runtime.upgrade() {
            runtime.tasks().abort(self.key, self.id);
        }
    }

    /// Whether the task has ended, one way or another.
    pub fn is_finished(&self) -> bool {
        self.task().is_finished()
    }

    /// A handle that can abort the task and nothing else.
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle { runtime: self.runtime.clone(), key: self.key, id: self.id }
    }

    /// The error of waiting for a task from within a `block_on` that keeps it from running.
    fn deadlock(&self) -> Option<JoinError> {
        let seat = context::seat()?;
        let nested_at = seat.nested_at()?;
        let same = std::ptr::eq(Arc::as_ptr(&seat.runtime), self.runtime.as_ptr());
        same.then(|| self.error(Why::Deadlock { nested_at }))
    }

    fn error(&self, why: Why) -> JoinError {
        JoinError { id: self.id, spawned_at: self.spawned_at, why }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        std::task::ready!(budget::poll_leave(cx));
        let Some(task) = &mut self.task else {
            unreachable!("the task is taken only when the handle is dropped")
        };
        let output = match Pin::new(task).poll(cx) {
            Poll::Ready(output) => output,
            Poll::Pending => {
                return match self.deadlock() {
                    Some(error) => Poll::Ready(Err(error)),
                    None => Poll::Pending,
                };
            }
        };
        budget::spend();
        Poll::Ready(match output {
            Some(Ok(output)) => Ok(output.into_inner()),
            Some(Err(panic)) => Err(self.error(Why::Panic(Mutex::new(panic)))),
            None => Err(self.error(Why::Cancelled(self.reason.clone()))),
        })
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.detach();
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// Aborts a task, and tells whether it has ended. Cheap to clone; does not keep the output.
#[derive(Clone)]
pub struct AbortHandle {
    runtime: Weak<Shared>,
    key: usize,
    id: Id,
}

impl AbortHandle {
    /// Asks for the task to be dropped at its next await point instead of being polled again.
    pub fn abort(&self) {
        if let Some(runtime) = self.runtime.upgrade() {
            runtime.tasks().abort(self.key, self.id);
        }
    }

    /// Whether the task has ended, one way or another.
    pub fn is_finished(&self) -> bool {
        match self.runtime.upgrade() {
            Some(runtime) => !runtime.tasks().contains(self.key, self.id),
            None => true,
        }
    }

    /// The task's id.
    pub fn id(&self) -> Id {
        self.id
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why a task gave no output.
pub struct JoinError {
    id: Id,
    spawned_at: &'static Location<'static>,
    why: Why,
}

enum Why {
    Cancelled(Option<String>),
    /// Behind a lock only to make the error shareable between threads.
    Panic(Mutex<Box<dyn Any + Send>>),
    Deadlock {
        nested_at: &'static Location<'static>,
    },
}

impl JoinError {
    /// Whether the task was dropped before its end: aborted, or its runtime was shut down.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.why, Why::Cancelled(_))
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.why, Why::Panic(_))
    }

    /// What the task panicked with.
    ///
    /// # Panics
    ///
    /// If it did not; see [`try_into_panic`](Self::try_into_panic).
    pub fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        match self.try_into_panic() {
            Ok(panic) => panic,
            Err(error) => panic!("JoinError::into_panic: {error}"),
        }
    }

    /// What the task panicked with.
    ///
    /// # Errors
    ///
    /// The error itself, if the task did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send + 'static>, JoinError> {
        match self.why {
            Why::Panic(panic) => Ok(panic.into_inner().unwrap_or_else(PoisonError::into_inner)),
            why => Err(Self { why, ..self }),
        }
    }

    /// The task's id.
    pub fn id(&self) -> Id {
        self.id
    }

    fn panic_message(panic: &(dyn Any + Send)) -> Option<&str> {
        let text = panic.downcast_ref::<&'static str>().copied();
        text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, spawned_at, why } = self;
        write!(f, "task {id}, spawned at {spawned_at}, ")?;
        match why {
            Why::Cancelled(None) => f.write_str("was cancelled"),
            Why::Cancelled(Some(reason)) => write!(f, "was cancelled: {reason}"),
            Why::Panic(panic) => {
                match Self::panic_message(&**panic.lock().unwrap_or_else(PoisonError::into_inner)) {
                    Some(message) => write!(f, "panicked: {message}"),
                    None => f.write_str("panicked"),
                }
            }
            Why::Deadlock { nested_at } => write!(
                f,
                "cannot run while the block_on at {nested_at} holds its only thread, and would be \
                 waited for in vain"
            ),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl std::error::Error for JoinError {}

impl From<JoinError> for std::io::Error {
    fn from(error: JoinError) -> Self {
        std::io::Error::other(error)
    }
}
