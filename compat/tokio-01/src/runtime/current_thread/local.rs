//! What a current-thread runtime consists of.

use std::future::{Future as _, poll_fn};
use std::io;
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::task::{Context, Poll, Waker, ready};

use futures::Future;
use minato::runtime::{self, LocalRuntime};

use crate::clock::Clock;
use crate::executor::SpawnError;
use crate::executor::place::{self, Place};
use crate::executor::task::{Entered, OnPanic, Payload, Task, report};

/// A current-thread runtime as its own thread sees it.
pub(crate) struct Local {
    runtime: LocalRuntime,
    shared: Arc<Shared>,
    clock: Clock,
}

impl Local {
    pub(super) fn new(clock: Clock) -> io::Result<Rc<Self>> {
        let runtime = LocalRuntime::new()?;
        let shared = Arc::new(Shared {
            handle: runtime.handle().clone(),
            closed: RwLock::new(false),
            panic: Mutex::default(),
        });
        Ok(Rc::new(Self { runtime, shared, clock }))
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Spawns a task. As long as there is this, the runtime takes them.
    #[track_caller]
    pub(crate) fn try_spawn<F>(&self, future: F) -> Result<(), (SpawnError, F)>
    where
        F: Future<Item = (), Error = ()> + 'static,
    {
        drop(self.runtime.spawn_local(Task::new(future, self.shared.clone())));
        Ok(())
    }

    /// Runs a future, and the tasks along with it, as the runtime that this thread is in.
    pub(super) fn block_on<F: Future>(self: &Rc<Self>, future: F) -> Result<F::Item, F::Error> {
        let mut future = Entered::new(future);
        self.drive(|cx| Pin::new(&mut future).poll(cx))
    }

    /// Runs the tasks until none is left.
    pub(super) fn run(self: &Rc<Self>) {
        self.drive(|cx| self.shared.handle.poll_idle(cx));
    }

    /// Calls `poll` until it is ready, and runs the tasks. A panic of theirs goes on here.
    fn drive<T>(self: &Rc<Self>, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
        /// Puts this thread back where it was.
        struct Back(Option<Place>);

        impl Drop for Back {
            fn drop(&mut self) {
                self.0.take().map(place::put);
            }
        }

        let _back = Back(Some(place::put(Place::Local(self.clone()))));
        self.runtime.block_on(poll_fn(|cx| {
            let panic = self.shared.panic().watch(cx);
            if let Some((panic, _)) = panic {
                resume_unwind(panic);
            }
            let output = ready!(poll(cx));
            self.shared.panic().root = None;
            Poll::Ready(output)
        }))
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        *self.shared.closed.write().unwrap_or_else(PoisonError::into_inner) = true;
        let panic = self.shared.panic().payload.take();
        if let Some((payload, place)) = panic {
            report(&payload, place);
        }
    }
}

/// A current-thread runtime as all threads see it.
pub(super) struct Shared {
    handle: runtime::Handle,
    /// Whether no more tasks are taken. Held while one is spawned, so that none is taken by a
    /// runtime that has ended.
    closed: RwLock<bool>,
    panic: Mutex<Panic>,
}

impl Shared {
    fn panic(&self) -> MutexGuard<'_, Panic> {
        self.panic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a task would be taken.
    pub(super) fn state(&self) -> Result<(), SpawnError> {
        match *self.closed.read().unwrap_or_else(PoisonError::into_inner) {
            true => Err(SpawnError::shutdown()),
            false => Ok(()),
        }
    }

    /// Spawns a task from any thread, or gives its future back.
    #[track_caller]
    pub(super) fn try_spawn<F>(self: &Arc<Self>, future: F) -> Result<(), (SpawnError, F)>
    where
        F: Future<Item = (), Error = ()> + Send + 'static,
    {
        let closed = self.closed.read().unwrap_or_else(PoisonError::into_inner);
        if *closed {
            return Err((SpawnError::shutdown(), future));
        }
        drop(self.handle.spawn(Task::new(future, self.clone())));
        Ok(())
    }
}

/// The panic of a task, on its way to the caller that runs the tasks.
#[derive(Default)]
struct Panic {
    payload: Option<(Payload, &'static Location<'static>)>,
    /// Wakes the thread that is in `block_on` or `run`.
    root: Option<Waker>,
}

impl Panic {
    /// A panic, if there is one; else the waker of `cx` is called when there is.
    fn watch(&mut self, cx: &Context<'_>) -> Option<(Payload, &'static Location<'static>)> {
        if !self.root.as_ref().is_some_and(|root| root.will_wake(cx.waker())) {
            self.root = Some(cx.waker().clone());
        }
        self.payload.take()
    }
}

impl OnPanic for Arc<Shared> {
    fn panicked(&self, payload: Payload, place: &'static Location<'static>) {
        let mut panic = self.panic();
        if panic.payload.is_some() {
            // Only one can go on; the second is told here.
            drop(panic);
            return report(&payload, place);
        }
        panic.payload = Some((payload, place));
        let root = panic.root.take();
        drop(panic);
        root.iter().for_each(Waker::wake_by_ref);
    }
}
