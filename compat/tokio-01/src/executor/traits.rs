//! What an executor is to those who are handed one.

use futures::Future;

use super::SpawnError;

/// Runs futures that are spawned.
pub trait Executor {
    /// Spawns a task.
    ///
    /// # Errors
    ///
    /// When the executor takes no more tasks. The future is dropped.
    fn spawn(
        &mut self,
        future: Box<dyn Future<Item = (), Error = ()> + Send>,
    ) -> Result<(), SpawnError>;

    /// Whether a task would be taken now. That may be different by the time it is spawned.
    ///
    /// # Errors
    ///
    /// When it would not.
    fn status(&self) -> Result<(), SpawnError> {
        Ok(())
    }
}

impl<E: Executor + ?Sized> Executor for Box<E> {
    fn spawn(
        &mut self,
        future: Box<dyn Future<Item = (), Error = ()> + Send>,
    ) -> Result<(), SpawnError> {
        (**self).spawn(future)
    }

    fn status(&self) -> Result<(), SpawnError> {
        (**self).status()
    }
}

/// Runs futures of one type.
pub trait TypedExecutor<T> {
    /// Spawns a task.
    ///
    /// # Errors
    ///
    /// When the executor takes no more tasks. The future is dropped.
    fn spawn(&mut self, future: T) -> Result<(), SpawnError>;

    /// Whether a task would be taken now. That may be different by the time it is spawned.
    ///
    /// # Errors
    ///
    /// When it would not.
    fn status(&self) -> Result<(), SpawnError> {
        Ok(())
    }
}

impl<E: TypedExecutor<T>, T> TypedExecutor<T> for Box<E> {
    fn spawn(&mut self, future: T) -> Result<(), SpawnError> {
        (**self).spawn(future)
    }

    fn status(&self) -> Result<(), SpawnError> {
        (**self).status()
    }
}

/// Makes a type all three kinds of executor, for futures with the given bounds. It has the methods
/// `try_spawn`, which gives back a future that is not taken, and `state`.
macro_rules! implement_executors {
    ($executor:ty, $($bound:tt)+) => {
        impl $crate::executor::Executor for $executor {
            #[track_caller]
            fn spawn(
                &mut self,
                future: Box<dyn futures::Future<Item = (), Error = ()> + Send>,
            ) -> Result<(), $crate::executor::SpawnError> {
                self.try_spawn(future).map_err(|(error, _)| error)
            }

            fn status(&self) -> Result<(), $crate::executor::SpawnError> {
                self.state()
            }
        }

        impl<T> $crate::executor::TypedExecutor<T> for $executor
        where
            T: futures::Future<Item = (), Error = ()> + $($bound)+,
        {
            #[track_caller]
            fn spawn(&mut self, future: T) -> Result<(), $crate::executor::SpawnError> {
                self.try_spawn(future).map_err(|(error, _)| error)
            }

            fn status(&self) -> Result<(), $crate::executor::SpawnError> {
                self.state()
            }
        }

        impl<T> futures::future::Executor<T> for $executor
        where
            T: futures::Future<Item = (), Error = ()> + $($bound)+,
        {
            #[track_caller]
            fn execute(&self, future: T) -> Result<(), futures::future::ExecuteError<T>> {
                use futures::future::{ExecuteError, ExecuteErrorKind};
                self.try_spawn(future).map_err(|(error, future)| {
                    let kind = match error.is_shutdown() {
                        true => ExecuteErrorKind::Shutdown,
                        false => ExecuteErrorKind::NoCapacity,
                    };
                    ExecuteError::new(kind, future)
                })
            }
        }
    };
}

pub(crate) use implement_executors;
