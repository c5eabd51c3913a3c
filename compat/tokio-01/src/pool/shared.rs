//! A pool as all its handles see it: not started yet, running, or ended.

use std::mem;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use futures::Future;
use minato::runtime::{Handle, Runtime};

use super::Builder;
use crate::clock::Clock;
use crate::executor::SpawnError;
use crate::executor::task::{Entered, PanicHandler, Task};
use crate::reactor;

/// A pool.
pub(crate) struct Shared {
    /// The runtime, once it was started.
    handle: OnceLock<Handle>,
    /// Names a reactor of the runtime, once somebody asks.
    reactor: OnceLock<reactor::Handle>,
    life: Mutex<Life>,
    /// Whether no more tasks are taken. Held while one is spawned, so that none is taken by a
    /// runtime that has ended.
    closed: RwLock<bool>,
    panic_handler: PanicHandler,
    clock: Clock,
}

enum Life {
    /// No thread was started yet.
    Described(Box<Builder>),
    Running(Runtime),
    /// The thread that ends the pool has the runtime now, if there was one.
    Ending,
}

impl Shared {
    pub(super) fn new(builder: Builder) -> Arc<Self> {
        Arc::new(Self {
            handle: OnceLock::new(),
            reactor: OnceLock::new(),
            panic_handler: builder.panic_handler.clone(),
            clock: builder.clock.clone(),
            life: Mutex::new(Life::Described(Box::new(builder))),
            closed: RwLock::new(false),
        })
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn closed(&self) -> RwLockReadGuard<'_, bool> {
        self.closed.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The runtime, which is started if it was not yet.
    pub(super) fn handle(self: &Arc<Self>) -> Result<&Handle, SpawnError> {
        if let Some(handle) = self.handle.get() {
            return Ok(handle);
        }
        let mut life = self.life();
        match &*life {
            Life::Described(builder) => {
                let started = builder.clone().start(Arc::downgrade(self));
                let runtime = started.map_err(|error| SpawnError::cannot_start(&error))?;
                let handle = self.handle.get_or_init(|| runtime.handle().clone());
                *life = Life::Running(runtime);
                Ok(handle)
            }
            // Another thread was quicker.
            Life::Running(runtime) => Ok(self.handle.get_or_init(|| runtime.handle().clone())),
            Life::Ending => self.handle.get().ok_or_else(SpawnError::shutdown),
        }
    }

    /// Names the reactor of the runtime's first thread.
    ///
    /// # Panics
    ///
    /// If the pool cannot be started.
    #[track_caller]
    pub(super) fn reactor(self: &Arc<Self>) -> &reactor::Handle {
        match self.handle() {
            Ok(handle) => self.reactor.get_or_init(|| handle.reactor().into()),
            Err(error) => panic!("the reactor of a runtime: {error}"),
        }
    }

    /// Whether a task would be taken.
    pub(super) fn state(&self) -> Result<(), SpawnError> {
        if *self.closed() { Err(SpawnError::shutdown()) } else { Ok(()) }
    }

    /// Spawns a task, or gives its future back.
    #[track_caller]
    pub(super) fn spawn<F>(self: &Arc<Self>, future: F) -> Result<(), (SpawnError, F)>
    where
        F: Future<Item = (), Error = ()> + Send + 'static,
    {
        let closed = self.closed();
        if *closed {
            return Err((SpawnError::shutdown(), future));
        }
        match self.handle() {
            Ok(handle) => {
                drop(handle.spawn(Task::new(future, self.panic_handler.clone())));
                Ok(())
            }
            Err(error) => Err((error, future)),
        }
    }

    /// Runs a future on the pool, while this thread waits.
    ///
    /// # Panics
    ///
    /// If the future does, or the pool cannot be started.
    #[track_caller]
    pub(super) fn block_on<F>(self: &Arc<Self>, future: F) -> Result<F::Item, F::Error>
    where
        F: Future + Send + 'static,
        F::Item: Send + 'static,
        F::Error: Send + 'static,
    {
        let handle = match self.handle() {
            Ok(handle) => handle,
            Err(error) => panic!("block_on: {error}"),
        };
        let task = handle.spawn(Entered::new(future));
        match handle.block_on(task).map_err(minato::task::JoinError::try_into_panic) {
            Ok(result) => result,
            Err(Ok(panic)) => resume_unwind(panic),
            Err(Err(error)) => panic!("block_on: {error}"),
        }
    }

    /// Takes the runtime out, to be ended; `Some(None)` if none was started, and then none will be,
    /// and `None` if that was done before.
    pub(super) fn take(&self) -> Option<Option<Runtime>> {
        match mem::replace(&mut *self.life(), Life::Ending) {
            Life::Running(runtime) => Some(Some(runtime)),
            Life::Described(_) => Some(None),
            Life::Ending => None,
        }
    }

    /// Takes no more tasks.
    pub(super) fn close(&self) {
        *self.closed.write().unwrap_or_else(PoisonError::into_inner) = true;
    }
}
