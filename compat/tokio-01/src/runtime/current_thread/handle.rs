//! Spawning on a current-thread runtime from other threads.

use std::fmt;
use std::sync::Arc;

use futures::Future;

use super::local::Shared;
use crate::executor::{SpawnError, implement_executors};

/// Spawns tasks on a current-thread [`Runtime`](super::Runtime), from any thread. It is cheap to
/// clone, and does not keep the runtime.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Spawns a task, and wakes the runtime's thread if it waits.
    ///
    /// # Errors
    ///
    /// When the runtime is gone.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Item = (), Error = ()> + Send + 'static,
    {
        self.try_spawn(future).map_err(|(error, _)| error)
    }

    /// Whether a task would be taken now. That may be different by the time it is spawned.
    ///
    /// # Errors
    ///
    /// When the runtime is gone.
    pub fn status(&self) -> Result<(), SpawnError> {
        self.state()
    }

    #[track_caller]
    fn try_spawn<F>(&self, future: F) -> Result<(), (SpawnError, F)>
    where
        F: Future<Item = (), Error = ()> + Send + 'static,
    {
        self.shared.try_spawn(future)
    }

    fn state(&self) -> Result<(), SpawnError> {
        self.shared.state()
    }
}

implement_executors!(Handle, Send + 'static);

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}
