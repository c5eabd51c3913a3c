//! Reactors on threads of their own, which the user can stop.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};

use super::inner::ReactorInner;
use super::signals::SignalsBlocked;
use super::watch::TurnedBy;
use super::{Handle, Reactor};
use crate::panics::contain;
use crate::runtime::report;
use crate::sync::{Arc, Mutex};

/// A reactor that runs on a thread of its own.
///
/// Dropping it shuts the reactor down and waits for its thread.
#[derive(Debug)]
pub struct Background {
    handle: Handle,
    end: Arc<Mutex<End>>,
    thread: Option<JoinHandle<()>>,
}

/// How a background reactor ends.
#[derive(Debug, Default)]
struct End {
    wanted: Option<When>,
    done: bool,
    /// That of the one future which waits for the end.
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Now,
    Idle,
}

impl End {
    fn is_due(&self, shared: &ReactorInner) -> bool {
        match self.wanted {
            None => false,
            Some(When::Now) => true,
            Some(When::Idle) => shared.is_idle(),
        }
    }
}

pub(super) fn run_in_background(reactor: Reactor) -> io::Result<Background> {
    reactor.inner.check_fork()?;
    let handle = reactor.handle();
    let end = Arc::new(Mutex::new(End::default()));
    let ending = end.clone();
    reactor.inner.set_turned_by(TurnedBy::Thread);
    let started = spawn_reactor_thread(move || {
        let mut reactor = reactor;
        while !ending.lock().is_due(&reactor.inner) {
            if let Err(error) = reactor.turn(None) {
                // A wait that fails cannot be mended from here; ending wakes everybody.
                report(&format!("a background reactor cannot wait, and ends: {error}"));
                break;
            }
        }
        reactor.inner.end();
        let waker = {
            let mut end = ending.lock();
            end.done = true;
            end.waker.take()
        };
        // A panic of it was reported by its hook, and must not end this thread as a panicked one.
        _ = contain(|| waker.map(Waker::wake));
    });
    match started {
        Ok(thread) => Ok(Background { handle, end, thread: Some(thread) }),
        Err(error) => {
            handle.inner().end();
            Err(error)
        }
    }
}

impl Background {
    /// The handle of the reactor.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ends the reactor: each wait on it is woken and gets an error. The returned future is
    /// ready when its thread is done.
    pub fn shutdown_now(self) -> BackgroundShutdown {
        self.shutdown(When::Now)
    }

    /// Ends the reactor as soon as no socket and no timer is registered. The returned future is
    /// ready when its thread is done.
    pub fn shutdown_on_idle(self) -> BackgroundShutdown {
        self.shutdown(When::Idle)
    }

    /// Lets the reactor run until the process ends.
    pub fn forget(mut self) {
        self.thread = None;
    }

    fn shutdown(mut self, when: When) -> BackgroundShutdown {
        self.begin_end(when);
        self.thread = None;
        BackgroundShutdown { handle: self.handle.clone(), end: self.end.clone() }
    }

    fn begin_end(&self, when: When) {
        if !self.handle.inner().is_from_before_fork() {
            self.end.lock().wanted = Some(when);
            self.handle.inner().want_idle();
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        if self.handle.inner().is_from_before_fork() {
            // The thread is the parent's.
            return;
        }
        self.begin_end(When::Now);
        // A waker that drops this on the reactor's own thread must not wait for itself.
        if thread.thread().id() != thread::current().id() {
            // A panic there was reported by its hook.
            _ = thread.join();
        }
    }
}

/// Ready when a background reactor has ended.
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct BackgroundShutdown {
    handle: Handle,
    end: Arc<Mutex<End>>,
}

impl Future for BackgroundShutdown {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.handle.inner().is_from_before_fork() {
            // The thread, and perhaps the lock, are the parent's.
            return Poll::Ready(());
        }
        // Cloned before and dropped after the lock, since either may run any code.
        let waker = cx.waker().clone();
        let before;
        let mut state = self.end.lock();
        if state.done {
            return Poll::Ready(());
        }
        before = state.waker.replace(waker);
        drop(state);
        drop(before);
        Poll::Pending
    }
}

/// The name of every background thread of a reactor.
const THREAD_NAME: &str = "minato-reactor";

/// Starts a thread with all signals blocked: they are the program's, not ours to receive.
pub(super) fn spawn_reactor_thread(
    run: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let _blocked = SignalsBlocked::new();
    thread::Builder::new().name(THREAD_NAME.into()).spawn(run).map_err(|error| {
        io::Error::new(error.kind(), format!("the thread {THREAD_NAME} cannot be started: {error}"))
    })
}
