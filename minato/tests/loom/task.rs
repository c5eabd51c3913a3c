//! The cell of a task.

#[path = "../../src/task/cell.rs"]
pub(crate) mod cell;
#[path = "../../src/task/finished.rs"]
pub(crate) mod finished;
#[path = "../../src/task/id.rs"]
mod id;
#[path = "../../src/task/local_queue.rs"]
pub(crate) mod local_queue;
#[path = "../../src/task/parked.rs"]
mod parked;
#[path = "../../src/task/raw.rs"]
mod raw;
#[path = "../../src/task/run.rs"]
pub(crate) mod run;
#[path = "../../src/task/state.rs"]
mod state;

pub(crate) use self::id::Id;
pub(crate) use self::parked::ParkedTask;

use std::panic::Location;

/// The handles of a fresh task of a scheduler of the models.
pub(crate) fn spawn<F, S>(
    scheduler: S,
    future: F,
) -> (cell::Runnable, Handle<F::Output>, cell::TaskRef)
where
    F: Future<Output: Send> + Send + 'static,
    S: cell::Schedule,
{
    let meta = cell::TaskMeta::new(Id::next(), Location::caller(), true);
    let cell::NewTask { runnable, join, .. } = cell::NewTask::new(scheduler, meta, future);
    let task = join.task();
    (runnable, Handle(join), task)
}

/// The join handle, without the runtime's part of it.
pub(crate) struct Handle<T>(cell::Join<T>);

impl<T> Handle<T> {
    /// Puts the task into a set; false if it is complete.
    pub(crate) fn tell(&mut self, finished: &std::sync::Arc<finished::Finished>) -> bool {
        self.0.tell(finished)
    }

    pub(crate) fn id(&self) -> Id {
        self.0.meta().id
    }
}

impl<T> Future for Handle<T> {
    /// `None` if the task was cancelled.
    type Output = Option<T>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<T>> {
        self.0.poll(cx).map(|output| match output {
            Some(Ok(output)) => Some(output),
            Some(Err(_)) => panic!("no task of the models panics"),
            None => None,
        })
    }
}
