//! Spawning on the current-thread runtime that the thread is in.

use std::marker::PhantomData;
use std::rc::Rc;

use futures::Future;

use crate::executor::{SpawnError, implement_executors, place};

/// Spawns a task on the current-thread runtime that this thread is in. It need not be `Send`.
///
/// # Panics
///
/// When the thread is not in `block_on` or `run` of a current-thread runtime of this crate.
#[track_caller]
pub fn spawn<F>(future: F)
where
    F: Future<Item = (), Error = ()> + 'static,
{
    if TaskExecutor::current().try_spawn(future).is_err() {
        panic!(
            "tokio::runtime::current_thread::spawn: this thread is not in `block_on` or `run` of \
             a current-thread runtime"
        );
    }
}

/// Spawns tasks on the current-thread runtime that the thread is in when it does.
#[derive(Clone, Debug)]
pub struct TaskExecutor {
    /// Not to be sent to other threads.
    _local: PhantomData<Rc<()>>,
}

impl TaskExecutor {
    /// A value that stands for the current-thread runtime that this thread is in.
    pub fn current() -> Self {
        Self { _local: PhantomData }
    }

    /// Spawns a task.
    ///
    /// # Errors
    ///
    /// When the thread is not in `block_on` or `run` of a current-thread runtime of this crate.
    #[track_caller]
    pub fn spawn_local(
        &mut self,
        future: Box<dyn Future<Item = (), Error = ()>>,
    ) -> Result<(), SpawnError> {
        self.try_spawn(future).map_err(|(error, _)| error)
    }

    #[track_caller]
    fn try_spawn<F>(&self, future: F) -> Result<(), (SpawnError, F)>
    where
        F: Future<Item = (), Error = ()> + 'static,
    {
        match place::local() {
            Some(local) => local.try_spawn(future),
            None => Err((SpawnError::shutdown(), future)),
        }
    }

    fn state(&self) -> Result<(), SpawnError> {
        place::local().map(drop).ok_or_else(SpawnError::shutdown)
    }
}

implement_executors!(TaskExecutor, 'static);
