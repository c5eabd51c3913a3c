//! What spawns tasks on a pool.

use std::fmt;
use std::sync::Arc;

use futures::Future;

use super::shared::Shared;
use crate::clock::Clock;
use crate::executor::{Executor, SpawnError, implement_executors};

/// Spawns tasks on a pool of threads. It is cheap to clone, and does not keep the pool running.
#[derive(Clone)]
pub struct Sender {
    shared: Arc<Shared>,
}

impl Sender {
    pub(super) fn of(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn clock(&self) -> &Clock {
        self.shared.clock()
    }

    /// Spawns a task.
    ///
    /// # Errors
    ///
    /// When the pool has been shut down, or cannot be started.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Item = (), Error = ()> + Send + 'static,
    {
        self.try_spawn(future).map_err(|(error, _)| error)
    }

    #[track_caller]
    pub(crate) fn try_spawn<F>(&self, future: F) -> Result<(), (SpawnError, F)>
    where
        F: Future<Item = (), Error = ()> + Send + 'static,
    {
        self.shared.spawn(future)
    }

    pub(crate) fn state(&self) -> Result<(), SpawnError> {
        self.shared.state()
    }
}

implement_executors!(Sender, Send + 'static);

impl Executor for &Sender {
    #[track_caller]
    fn spawn(
        &mut self,
        future: Box<dyn Future<Item = (), Error = ()> + Send>,
    ) -> Result<(), SpawnError> {
        Sender::spawn(self, future)
    }

    fn status(&self) -> Result<(), SpawnError> {
        self.state()
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
