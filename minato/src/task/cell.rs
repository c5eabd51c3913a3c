//! What a task consists of: async-task's cell, what we know about it, and the body around the
//! user's future.
//!
//! The cell is one allocation. Its metadata holds the task's name and where it stands in the
//! registry. The body catches panics, also those of destructors, and signs the task out of the
//! registry when the future is gone.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::Id;
use crate::panics::{Payload, contain};
use crate::runtime::context;
use crate::runtime::shared::Shared;

/// A task that is ready to be polled once.
pub(crate) type Runnable = async_task::Runnable<TaskMeta>;

/// What came of a task's future.
pub(super) type Caught<T> = Result<Output<T>, Payload>;

/// What is known about a task, within its cell.
#[derive(Debug)]
pub(crate) struct TaskMeta {
    pub(crate) id: Id,
    /// Where the task stands in the registry.
    pub(crate) key: usize,
    /// Its number among the tasks of its runtime: unlike the id the same in every run.
    pub(crate) number: u64,
}

pin_project! {
    /// The body of a task: the user's future and what must happen around it.
    pub(super) struct Body<F> {
        #[pin]
        future: Option<F>,
        signed: Signed,
    }

    impl<F> PinnedDrop for Body<F> {
        fn drop(this: Pin<&mut Self>) {
            // Nobody is left who could be told of a panic here.
            _ = this.drop_future();
        }
    }
}

/// A task's place in the registry of its runtime.
struct Signed {
    runtime: Arc<Shared>,
    key: usize,
    id: Id,
}

impl Drop for Signed {
    fn drop(&mut self) {
        self.runtime.tasks().remove(self.key, self.id);
    }
}

impl<F> Body<F> {
    pub(super) fn new(future: F, runtime: Arc<Shared>, key: usize, id: Id) -> Self {
        Self { future: Some(future), signed: Signed { runtime, key, id } }
    }

    /// Drops the future; a panic of a destructor is returned.
    fn drop_future(self: Pin<&mut Self>) -> Result<(), Payload> {
        let mut future = self.project().future;
        contain(|| future.set(None))
    }
}

impl<F: Future> Future for Body<F> {
    type Output = Caught<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.as_mut().project();
        let Signed { runtime, key, id } = &*this.signed;
        if runtime.tasks().is_aborted(*key, *id) {
            // Comes by the queue once more, and is dropped there.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(future) = this.future.as_pin_mut() else {
            unreachable!("a task is not polled after its end")
        };
        let budget = runtime.budget();
        let polled = contain(|| context::poll(future, cx, budget));
        let output = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(Output(Some(output))),
            Err(panic) => Err(panic),
        };
        match (output, self.drop_future()) {
            (Ok(output), Ok(())) => Poll::Ready(Ok(output)),
            (Ok(_), Err(panic)) | (Err(panic), _) => Poll::Ready(Err(panic)),
        }
    }
}

/// A task's output on its way to whoever joins it.
///
/// If nobody does, it is dropped within the cell, where a panic would end the process.
pub(super) struct Output<T>(Option<T>);

impl<T> Output<T> {
    pub(super) fn into_inner(mut self) -> T {
        match self.0.take() {
            Some(output) => output,
            None => unreachable!("an output is taken once, by value"),
        }
    }
}

impl<T> Drop for Output<T> {
    fn drop(&mut self) {
        if let Some(output) = self.0.take() {
            _ = contain(|| drop(output));
        }
    }
}
