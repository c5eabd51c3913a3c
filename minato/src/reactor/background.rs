//! Reactors on threads of their own: the one that sockets outside every runtime share, and those
//! that a user runs in the background.
//!
//! The shared one is started by whoever first needs it, and only by what waits. Its thread is named
//! `minato-reactor`, has all signals blocked, and lives until the process ends. It also watches the
//! cores of runtimes that somebody outside waits on; see the `monitor` module.
//!
//! A `fork` leaves the child with copies of these reactors and without their threads. Each reactor
//! knows how many forks came before it, so in a child the old ones count as ended, and the next
//! wait starts a fresh one.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};

use super::monitor::Monitor;
use super::process::PerProcess;
use super::shared::{Keeper, Shared};
use super::{Handle, Reactor};
use crate::engine::Engine;
use crate::panics::contain;
use crate::sync::Arc;
use crate::time::clock::Clock;

/// The name of every background thread of a reactor.
const THREAD_NAME: &str = "minato-reactor";

/// The reactors that the whole process shares.
static PROCESS: PerProcess<Process> = PerProcess::new(Process { own: None, chosen: None });

#[derive(Default)]
struct Process {
    /// The one whose thread we started.
    own: Option<Arc<Shared>>,
    /// The one that `set_fallback` put in its place for sockets and timers.
    chosen: Option<Arc<Shared>>,
}

impl Process {
    /// Forgets reactors that have ended.
    fn refresh(&mut self) {
        self.own.take_if(|own| own.has_ended());
        self.chosen.take_if(|chosen| chosen.has_ended());
    }

    fn own(&mut self) -> io::Result<Arc<Shared>> {
        if let Some(own) = &self.own {
            return Ok(own.clone());
        }
        let own = Shared::start(&Engine::mio(), Clock::System, Keeper::Background)?;
        let turned = own.clone();
        spawn(move || Monitor::new(&turned).run(&turned))?;
        Ok(self.own.insert(own).clone())
    }
}

/// The reactor that sockets outside every runtime share, started now if there is none.
pub(crate) fn fallback() -> io::Result<Arc<Shared>> {
    let mut process = PROCESS.lock();
    process.refresh();
    match &process.chosen {
        Some(chosen) => Ok(chosen.clone()),
        None => process.own(),
    }
}

/// The fallback reactor that the program chose itself.
pub(super) fn chosen() -> Option<Arc<Shared>> {
    let mut process = PROCESS.lock();
    process.refresh();
    process.chosen.clone()
}

/// The reactor on whose thread the monitor runs, started now if there is none.
pub(super) fn monitoring() -> io::Result<Arc<Shared>> {
    let mut process = PROCESS.lock();
    process.refresh();
    process.own()
}

pub(super) fn set_fallback(shared: &Arc<Shared>) -> Result<(), SetFallbackError> {
    let mut process = PROCESS.lock();
    process.refresh();
    if process.chosen.is_some() || process.own.is_some() {
        return Err(SetFallbackError(()));
    }
    process.chosen = Some(shared.clone());
    Ok(())
}

/// There is a fallback reactor already.
#[derive(Debug)]
pub struct SetFallbackError(());

impl fmt::Display for SetFallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fallback reactor was already set, or started because it was needed")
    }
}

impl std::error::Error for SetFallbackError {}

/// A reactor that runs on a thread of its own.
///
/// Dropping it shuts the reactor down and waits for its thread.
#[derive(Debug)]
pub struct Background {
    handle: Handle,
    end: Arc<End>,
    thread: Option<JoinHandle<()>>,
}

/// How a background reactor ends.
#[derive(Debug, Default)]
struct End(Mutex<EndState>);

#[derive(Debug, Default)]
struct EndState {
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
    fn state(&self) -> std::sync::MutexGuard<'_, EndState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_due(&self, shared: &Shared) -> bool {
        match self.state().wanted {
            None => false,
            Some(When::Now) => true,
            Some(When::Idle) => shared.is_idle(),
        }
    }

    fn finish(&self) {
        let waker = {
            let mut state = self.state();
            state.done = true;
            state.waker.take()
        };
        // A panic of it was reported by its hook, and must not end this thread as a panicked one.
        _ = contain(|| waker.map(Waker::wake));
    }
}

pub(super) fn run_in_background(reactor: Reactor) -> io::Result<Background> {
    let handle = reactor.handle();
    let end = Arc::new(End::default());
    let ending = end.clone();
    reactor.shared.set_keeper(Keeper::Background);
    let started = spawn(move || {
        let mut reactor = reactor;
        while !ending.is_due(&reactor.shared) {
            if reactor.turn(None).is_err() {
                // A wait that fails cannot be mended from here; ending wakes everybody.
                break;
            }
        }
        reactor.shared.end();
        ending.finish();
    });
    match started {
        Ok(thread) => Ok(Background { handle, end, thread: Some(thread) }),
        Err(error) => {
            handle.shared().end();
            Err(error)
        }
    }
}

impl Background {
    /// The handle of the reactor.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ends the reactor: whoever waits on it is woken and gets an error. The returned future is
    /// ready when its thread is done.
    pub fn shutdown_now(mut self) -> BackgroundShutdown {
        self.begin_end(When::Now);
        self.thread = None;
        BackgroundShutdown { end: self.end.clone() }
    }

    /// Ends the reactor as soon as no socket and no timer is registered. The returned future is
    /// ready when its thread is done.
    pub fn shutdown_on_idle(mut self) -> BackgroundShutdown {
        self.begin_end(When::Idle);
        self.thread = None;
        BackgroundShutdown { end: self.end.clone() }
    }

    /// Lets the reactor run until the process ends.
    pub fn forget(mut self) {
        self.thread = None;
    }

    fn begin_end(&self, when: When) {
        self.end.state().wanted = Some(when);
        self.handle.shared().want_idle();
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        if self.handle.shared().is_from_before_fork() {
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
#[must_use = "futures do nothing unless polled"]
pub struct BackgroundShutdown {
    end: Arc<End>,
}

impl Future for BackgroundShutdown {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Cloned before and dropped after the lock, since either may run any code.
        let waker = cx.waker().clone();
        let before;
        let mut state = self.end.state();
        if state.done {
            return Poll::Ready(());
        }
        before = state.waker.replace(waker);
        drop(state);
        drop(before);
        Poll::Pending
    }
}

/// Starts a thread with all signals blocked: they are the program's, not ours to receive.
fn spawn(run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let _blocked = SignalsBlocked::new();
    thread::Builder::new().name(THREAD_NAME.into()).spawn(run).map_err(|error| {
        io::Error::new(error.kind(), format!("the thread {THREAD_NAME} cannot be started: {error}"))
    })
}

/// Blocks every signal for the calling thread, and for threads that it starts, until dropped.
pub(crate) struct SignalsBlocked {
    before: libc::sigset_t,
}

impl SignalsBlocked {
    pub(crate) fn new() -> Self {
        // SAFETY: `sigset_t` is plain data for which all zeroes is a valid value, and it is
        // initialized by `sigfillset` besides; both pointers are to live locals of the right type.
        unsafe {
            let mut all = std::mem::zeroed();
            let mut before = std::mem::zeroed();
            libc::sigfillset(&mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
            Self { before }
        }
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        // SAFETY: the mask is the one that `pthread_sigmask` gave back; no old mask is asked for.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.before, std::ptr::null_mut()) };
    }
}

static FORKS: AtomicU32 = AtomicU32::new(0);

/// How many forks this process is away from the one that first asked.
pub(crate) fn forks() -> u32 {
    static COUNTING: Once = Once::new();
    COUNTING.call_once(|| {
        extern "C" fn count() {
            FORKS.fetch_add(1, Ordering::SeqCst);
        }
        // SAFETY: the handler only adds to an atomic, which is safe in a child after `fork`.
        unsafe { libc::pthread_atfork(None, None, Some(count)) };
    });
    FORKS.load(Ordering::SeqCst)
}
