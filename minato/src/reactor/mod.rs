//! Who waits: reactors, which turn readiness into woken tasks.
//!
//! # What a reactor is
//!
//! A reactor is an engine, a table of sockets (each has a *slot* there) and a timer wheel.
//! [`Reactor::turn`] waits once for events and wakes the tasks that waited for them. Something
//! must drive it; what does depends on where you are:
//!
//! * **Within a runtime** each core has a reactor of its own, and the thread that runs the core
//!   turns it when there is nothing else to do.
//! * **Anywhere else** (a plain thread, somebody else's executor) sockets share one *background
//!   reactor*. Its thread, named `minato-reactor`, starts when a socket or a timer first has to
//!   wait, and not before: making sockets starts nothing.
//! * **By hand**: make a [`Reactor`], bind sockets to its [`Handle`], and turn it in a loop of your
//!   own. [`Reactor::next_deadline`] says how long you may sleep, and its descriptor becomes
//!   readable when there is something to do, so it fits into any other event loop.
//!
//! A socket binds to a reactor at its first wait, not when it is made: to that of its explicit
//! handle if it was given one, else to that of the core that the thread holds, else to the
//! background reactor. It keeps that reactor until the reactor ends.
//!
//! # Taking charge of the background
//!
//! [`Reactor::set_fallback`] makes a reactor of yours the background reactor, before another one
//! was needed. [`Reactor::background`] runs a reactor on a thread that you can stop.
//! [`forbid_implicit`](crate::runtime::forbid_implicit) forbids the hidden thread altogether: what
//! would need it is an error then.

// The reactor itself: the turn, what tells a thread in a turn to end it, and its timers.
pub(crate) mod inner;
mod park;
pub(crate) mod timers;
// What is registered: the table of slots, a slot, its readiness word and its waiters.
mod readiness;
pub(crate) mod slot;
mod slots;
mod waiters;
// Who turns it: see the states there.
pub(crate) mod watch;
// Reactors on threads of their own, and what the process shares.
mod background;
pub(crate) mod fallback;
pub(crate) mod process;
pub(crate) mod signals;

pub use self::background::{Background, BackgroundShutdown};
pub use self::fallback::SetFallbackError;

pub(crate) use self::inner::ReactorInner;
pub(crate) use self::readiness::Snapshot;
pub(crate) use self::slot::Slot;
pub(crate) use self::waiters::EntryId;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::Waker;
use std::time::Duration;

use self::watch::TurnedBy;
use crate::engine::Engine;
use crate::sync::Arc;
use crate::time::Instant;
use crate::time::clock::Clock;

/// A reactor that its owner turns.
///
/// Dropping it wakes everybody who waits on it; their waits end with an error that says so.
///
/// ```
/// use std::time::Duration;
/// use minato::reactor::Reactor;
///
/// # fn main() -> std::io::Result<()> {
/// let mut reactor = Reactor::new()?;
/// assert!(reactor.is_idle());
/// reactor.turn(Some(Duration::ZERO))?;
/// # Ok(())
/// # }
/// ```
pub struct Reactor {
    inner: Arc<ReactorInner>,
    wakers: Vec<Waker>,
}

impl Reactor {
    /// Makes a reactor on the default engine.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors.
    pub fn new() -> io::Result<Self> {
        Self::with_engine(Engine::default())
    }

    /// Makes a reactor on `engine`.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors.
    pub fn with_engine(engine: Engine) -> io::Result<Self> {
        let clock = match engine.host() {
            Some(host) => Clock::Simulated(host.host().clone()),
            None => Clock::System,
        };
        let inner = ReactorInner::start(&engine, clock, TurnedBy::Owner)?;
        Ok(Self { inner, wakers: Vec::new() })
    }

    /// A handle by which sockets are bound to this reactor.
    pub fn handle(&self) -> Handle {
        Handle { inner: self.inner.clone() }
    }

    /// Waits once, for `timeout` at most (`None`: until something happens), and wakes the tasks
    /// that waited for what happened. It returns early when a timer is due or [`Handle::unpark`]
    /// is called.
    ///
    /// # Errors
    ///
    /// What the system's wait returned. A signal is no error. In a forked child, a reactor of the
    /// parent is not turned.
    pub fn turn(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.inner.turn(&mut self.wakers, timeout)
    }

    /// When the next timer is due, or a little earlier; `None` without timers.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.inner.timers.next_deadline()
    }

    /// Whether neither a socket nor a timer is registered.
    pub fn is_idle(&self) -> bool {
        self.inner.is_idle()
    }

    /// Makes this reactor the one that sockets outside every runtime share. Its owner goes on
    /// turning it.
    ///
    /// # Errors
    ///
    /// When there is one already, set or started because it was needed.
    pub fn set_fallback(&self) -> Result<(), SetFallbackError> {
        fallback::set_fallback(&self.inner)
    }

    /// Runs the reactor on a thread of its own, named `minato-reactor`, with all signals blocked.
    ///
    /// # Errors
    ///
    /// When the thread cannot be started, or the reactor belongs to a process that this one was
    /// forked from.
    pub fn background(self) -> io::Result<Background> {
        background::run_in_background(self)
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        if self.inner.turned_by() == TurnedBy::Owner {
            self.inner.end();
        }
    }
}

impl AsFd for Reactor {
    /// The descriptor that becomes readable when a turn would find something.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.driver.descriptor()
    }
}

impl AsRawFd for Reactor {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

crate::debug::opaque!(Reactor, |it| sockets: it.inner.socket_count());

/// Names a reactor. Cheap to clone.
///
/// A socket is bound to a reactor by methods as
/// [`TcpStream::connect_on`](crate::net::TcpStream::connect_on). These take a handle of a runtime
/// too, which stands for the reactor of its first core.
#[derive(Clone)]
pub struct Handle {
    inner: Arc<ReactorInner>,
}

impl Handle {
    pub(crate) fn from_inner(inner: Arc<ReactorInner>) -> Self {
        Self { inner }
    }

    pub(crate) fn inner(&self) -> &Arc<ReactorInner> {
        &self.inner
    }

    /// Ends the turn that is under way, or keeps the next one from waiting. In a forked child this
    /// does nothing to a reactor of the parent.
    pub fn unpark(&self) {
        self.inner.unpark();
    }
}

impl From<&Handle> for Handle {
    fn from(handle: &Handle) -> Self {
        handle.clone()
    }
}

crate::debug::opaque!(Handle, |it| ended: it.inner.has_ended());
