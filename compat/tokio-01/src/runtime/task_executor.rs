//! What spawns tasks on a runtime.

use futures::Future;

use crate::executor::{SpawnError, implement_executors};
use crate::pool::Sender;

/// Spawns tasks on a [`Runtime`](super::Runtime). It is cheap to clone, and does not keep the
/// runtime running.
#[derive(Clone, Debug)]
pub struct TaskExecutor {
    sender: Sender,
}

impl TaskExecutor {
    pub(super) fn new(sender: Sender) -> Self {
        Self { sender }
    }

    /// Spawns a task.
    ///
    /// # Panics
    ///
    /// When the runtime has been shut down, or cannot be started. The methods of the traits in
    /// [`executor`](crate::executor) return an error instead.
    #[track_caller]
    pub fn spawn<F>(&self, future: F)
    where
        F: Future<Item = (), Error = ()> + Send + 'static,
    {
        if let Err(error) = self.sender.spawn(future) {
            panic!("TaskExecutor::spawn: {error}");
        }
    }

    #[track_caller]
    fn try_spawn<F>(&self, future: F) -> Result<(), (SpawnError, F)>
    where
        F: Future<Item = (), Error = ()> + Send + 'static,
    {
        self.sender.try_spawn(future)
    }

    fn state(&self) -> Result<(), SpawnError> {
        self.sender.state()
    }
}

implement_executors!(TaskExecutor, Send + 'static);
