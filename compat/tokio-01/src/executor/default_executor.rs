//! The executor of the calling thread.

use futures::Future;

use super::{SpawnError, implement_executors, place};

/// The executor of the thread that uses it; see [the module](super).
///
/// ```
/// use futures::future::{self, Executor, Future};
/// use futures::sync::oneshot;
/// use tokio::executor::DefaultExecutor;
///
/// let (tell, told) = oneshot::channel();
/// DefaultExecutor::current().execute(future::lazy(move || tell.send(5).map_err(drop))).unwrap();
/// assert_eq!(told.wait(), Ok(5));
/// ```
#[derive(Clone, Debug)]
pub struct DefaultExecutor(());

impl DefaultExecutor {
    /// A value that stands for it. It may be sent to another thread, and is then that thread's.
    pub fn current() -> Self {
        Self(())
    }

    #[track_caller]
    fn try_spawn<F>(&self, future: F) -> Result<(), (SpawnError, F)>
    where
        F: Future<Item = (), Error = ()> + Send + 'static,
    {
        place::spawn(future)
    }

    /// Outside of every runtime it starts nothing, and says that it would.
    fn state(&self) -> Result<(), SpawnError> {
        place::state()
    }
}

implement_executors!(DefaultExecutor, Send + 'static);
