//! The cell of a task.

#[path = "../../src/task/cell.rs"]
pub(crate) mod cell;
#[path = "../../src/task/id.rs"]
mod id;
#[path = "../../src/task/raw.rs"]
mod raw;
#[path = "../../src/task/state.rs"]
mod state;

pub(crate) use self::id::Id;
pub(crate) use self::raw::waker_table;

use std::panic::Location;
use std::task::Waker;

/// Refuses everybody, so that the models try the list of waiters. Parking itself rests on a single
/// order of accesses to two words, which loom does not tell from acquiring and releasing ones.
#[derive(Default)]
pub(crate) struct ParkedTask;

impl ParkedTask {
    pub(crate) fn park(&self, _waker: &Waker) -> bool {
        false
    }

    pub(crate) fn take(&self) -> Option<Waker> {
        None
    }
}

/// The handles of a fresh task of a scheduler of the models.
pub(crate) fn spawn<F, S>(
    scheduler: S,
    future: F,
) -> (cell::Runnable<S>, Handle<F::Output, S>, cell::TaskRef<S>)
where
    F: Future<Output: Send> + Send + 'static,
    S: cell::Schedule,
{
    let facts = cell::Facts::new(Id::next(), Location::caller());
    let cell::Fresh { runnable, join, task } = cell::Fresh::new(scheduler, facts, future);
    (runnable, Handle(join), task)
}

/// The join handle, without the runtime's part of it.
pub(crate) struct Handle<T, S: cell::Schedule>(cell::Join<T, S>);

impl<T, S: cell::Schedule> Future for Handle<T, S> {
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
