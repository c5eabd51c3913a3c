//! Ending a pool.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use futures::sync::oneshot;
use futures::{Async, Future, Poll};
use minato::runtime::Runtime;

use super::shared::Shared;

/// When a pool ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// When no task is left. Tasks are taken until then.
    Idle,
    /// When no task is left. None is taken any more.
    Done,
    /// At once: the tasks are dropped.
    Now,
}

/// Ends a pool on this thread.
pub(super) fn end(shared: &Shared, when: When) {
    if let Some(ending) = Ending::of(shared, when) {
        ending.finish(shared);
    }
}

/// A runtime that was taken out of its pool.
struct Ending {
    runtime: Runtime,
    when: When,
}

impl Ending {
    /// `None` if there is nothing to end: the pool was never started, or somebody ends it already.
    fn of(shared: &Shared, when: When) -> Option<Self> {
        let runtime = shared.take()?;
        if when != When::Idle || runtime.is_none() {
            shared.close();
        }
        runtime.map(|runtime| Self { runtime, when })
    }

    fn finish(self, shared: &Shared) {
        if self.when != When::Now {
            self.runtime.wait_idle();
            shared.close();
            // For what was taken between the two.
            self.runtime.wait_idle();
        }
    }
}

/// Ready when a pool has ended: when its tasks are done or dropped, and its threads are gone.
///
/// The pool ends whether this is polled or not. It waits for that on a thread of its own.
#[must_use = "the pool ends by itself, but somebody should wait for that"]
pub struct Shutdown {
    ended: oneshot::Receiver<()>,
}

impl Shutdown {
    /// Ends a pool in the background.
    pub(super) fn begin(shared: Arc<Shared>, when: When) -> Self {
        let (done, ended) = oneshot::channel();
        if let Some(ending) = Ending::of(&shared, when) {
            // It is kept where it can be got back if there is no thread for it.
            let job = Arc::new(Mutex::new(Some(Job { ending, shared, _done: done })));
            let there = job.clone();
            let thread = thread::Builder::new().name("tokio-shutdown".to_owned());
            if thread.spawn(move || Job::run(&there)).is_err() {
                Job::run(&job);
            }
        }
        Self { ended }
    }
}

/// The ending of a pool, for a thread of its own.
struct Job {
    ending: Ending,
    shared: Arc<Shared>,
    /// Dropping it tells that the pool has ended.
    _done: oneshot::Sender<()>,
}

impl Job {
    fn run(job: &Mutex<Option<Self>>) {
        let taken = job.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Self { ending, shared, _done }) = taken {
            ending.finish(&shared);
        }
    }
}

impl Future for Shutdown {
    type Item = ();
    type Error = ();

    fn poll(&mut self) -> Poll<(), ()> {
        match self.ended.poll() {
            Ok(Async::NotReady) => Ok(Async::NotReady),
            // Its other end is dropped, and never sends.
            Ok(Async::Ready(())) | Err(oneshot::Canceled) => Ok(Async::Ready(())),
        }
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown").finish_non_exhaustive()
    }
}
