//! Handles of tasks: waiting for the output, and aborting.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::cell::{Join, TaskRef};
use super::spawn::FROM_BEFORE_FORK;
use super::{Id, budget};
use crate::panics;
use crate::reactor::process::has_forked_since;
use crate::runtime::nesting;
use crate::sync::Mutex;

/// Waits for a task's output.
///
/// Dropping it detaches the task, which runs on.
///
/// # Panics
///
/// When it is polled again after it was ready.
///
/// # Cancel safety
///
/// The handle may be polled by reference in a `select!` and awaited again later.
pub struct JoinHandle<T> {
    pub(super) join: Join<T>,
    /// Why the task was cancelled, if it never had a chance.
    pub(super) reason: Option<String>,
    /// How often the process had forked when it had the threads that run the task. `None` for a
    /// task of a set, which needs none.
    pub(super) forks: Option<u32>,
}

impl<T> JoinHandle<T> {
    /// The task's id.
    pub fn id(&self) -> Id {
        self.join.meta().id
    }

    /// Where the task was spawned.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.join.meta().spawned_at
    }

    /// Asks for the task to be dropped at its next await point instead of being polled again. A
    /// task that has finished by then keeps its output.
    pub fn abort(&self) {
        self.join.abort();
    }

    /// Whether the task has ended, one way or another.
    pub fn is_finished(&self) -> bool {
        self.join.is_complete()
    }

    /// A handle that can abort the task and nothing else.
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle { task: self.join.task() }
    }

    /// The output of a task that is complete.
    pub(super) fn into_output(mut self) -> Result<T, JoinError> {
        match self.poll_output(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => unreachable!("the task is complete"),
        }
    }

    fn poll_output(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        Poll::Ready(match std::task::ready!(self.join.poll(cx)) {
            Some(Ok(output)) => Ok(output),
            Some(Err(panic)) => Err(self.error(Why::Panic(Mutex::new(panic.into_inner())))),
            None => Err(self.error(Why::Cancelled(self.reason.clone()))),
        })
    }

    /// The error of waiting for a task that cannot run: from within a `block_on` that keeps it from
    /// running, or in a forked child, where its runtime has no threads.
    pub(super) fn deadlock(&self) -> Option<JoinError> {
        if self.forks.is_some_and(has_forked_since) {
            return Some(self.error(Why::Cancelled(Some(FROM_BEFORE_FORK.to_owned()))));
        }
        let nested_at =
            nesting::nested_at(self.join.owner()).filter(|_| self.join.meta().on_core)?;
        Some(self.error(Why::Deadlock { nested_at }))
    }

    fn error(&self, why: Why) -> JoinError {
        JoinError { id: self.id(), spawned_at: self.spawned_at(), why }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(!self.join.is_done, "JoinHandle polled after it gave the task's output");
        std::task::ready!(budget::poll_leave(cx));
        match self.poll_output(cx) {
            Poll::Ready(output) => {
                budget::spend();
                Poll::Ready(output)
            }
            Poll::Pending => self.deadlock().map_or(Poll::Pending, |error| Poll::Ready(Err(error))),
        }
    }
}

// What a panic leaves behind is either in the cell, which no panic gets into, or was taken out.
impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}

crate::debug::opaque!(JoinHandle<T>, |it| id: it.id());

/// Aborts a task, and tells whether it has ended. Cheap to clone; does not keep the output.
#[derive(Clone)]
pub struct AbortHandle {
    task: TaskRef,
}

impl AbortHandle {
    /// Asks for the task to be dropped at its next await point instead of being polled again.
    pub fn abort(&self) {
        self.task.abort();
    }

    /// Whether the task has ended, one way or another.
    pub fn is_finished(&self) -> bool {
        self.task.is_complete()
    }

    /// The task's id.
    pub fn id(&self) -> Id {
        self.task.meta().id
    }
}

impl UnwindSafe for AbortHandle {}
impl RefUnwindSafe for AbortHandle {}

crate::debug::opaque!(AbortHandle, |it| id: it.id());

/// Why a task gave no output: exactly one of [`is_cancelled`](Self::is_cancelled),
/// [`is_panic`](Self::is_panic) and [`is_deadlock`](Self::is_deadlock) is true. tokio has no third
/// case: code that matches on the first two needs an arm for it if it waits in a nested `block_on`.
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
    /// Whether the task was dropped before its end: aborted, or its runtime was shut down. If a
    /// destructor of the task panics then, it counts as a panic instead.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.why, Why::Cancelled(_))
    }

    /// Whether the task panicked, while it was polled or while it was dropped.
    pub fn is_panic(&self) -> bool {
        matches!(self.why, Why::Panic(_))
    }

    /// Whether the task can never end while it is waited for here: the `block_on` that waits keeps
    /// the task's only thread. Such an error is neither [`is_cancelled`](Self::is_cancelled) nor
    /// [`is_panic`](Self::is_panic), and the task may still run later.
    pub fn is_deadlock(&self) -> bool {
        matches!(self.why, Why::Deadlock { .. })
    }

    /// What the task panicked with.
    ///
    /// # Panics
    ///
    /// If it did not; see [`try_into_panic`](Self::try_into_panic).
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        match self.try_into_panic() {
            Ok(panic) => panic,
            Err(error) => panic!("`JoinError` reason is not a panic. It is: {error}"),
        }
    }

    /// What the task panicked with.
    ///
    /// # Errors
    ///
    /// The error itself, if the task did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send + 'static>, JoinError> {
        match self.why {
            Why::Panic(panic) => Ok(panic.into_inner()),
            why => Err(Self { why, ..self }),
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
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, spawned_at, why } = self;
        write!(f, "task {id}")?;
        match why {
            Why::Cancelled(None) => f.write_str(" was cancelled"),
            Why::Cancelled(Some(reason)) => write!(f, " was cancelled: {reason}"),
            Why::Panic(panic) => match panics::message(&**panic.lock()) {
                Some(message) => write!(f, " panicked with message {message:?}"),
                None => f.write_str(" panicked"),
            },
            Why::Deadlock { nested_at } => write!(
                f,
                ", spawned at {spawned_at}, cannot run while the block_on at {nested_at} holds its \
                 only thread, and would be waited for in vain"
            ),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, spawned_at, why } = self;
        match why {
            Why::Cancelled(None) => write!(f, "JoinError::Cancelled({id:?})"),
            Why::Cancelled(Some(reason)) => write!(f, "JoinError::Cancelled({id:?}, {reason:?})"),
            Why::Panic(panic) => match panics::message(&**panic.lock()) {
                Some(message) => write!(f, "JoinError::Panic({id:?}, {message:?}, ...)"),
                None => write!(f, "JoinError::Panic({id:?}, ...)"),
            },
            Why::Deadlock { nested_at } => {
                write!(f, "JoinError::Deadlock({id:?}, {spawned_at}, {nested_at})")
            }
        }
    }
}

impl std::error::Error for JoinError {}

impl From<JoinError> for std::io::Error {
    fn from(error: JoinError) -> Self {
        std::io::Error::other(error)
    }
}
