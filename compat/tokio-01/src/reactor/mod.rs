//! Who waits for sockets.
//!
//! A reactor asks the system which sockets are ready and notifies the tasks that wait for them. As
//! in tokio 0.1, a program need not set one up. A socket looks for a reactor when it first has to
//! wait:
//!
//! 1. that of the [`Handle`] it was given, if that is not the default one;
//! 2. else that of the runtime whose thread it is on;
//! 3. else the one in the background. Its thread starts now, not before, and there is never a
//!    second one.
//!
//! All of them are [Minato's](mod@minato::reactor), which has more on each.
//!
//! What is different from tokio 0.1:
//!
//! * The background thread has a name, `minato-reactor`. Like the old one it runs until the process
//!   ends: sockets anywhere may rely on it. For one that can be stopped, put a reactor of
//!   your own in its place, by [`Reactor::set_fallback`] and [`Reactor::background`].
//! * A socket that found its reactor by itself looks for another one when that has ended, instead
//!   of failing for ever. One that was given a handle fails, as it did.
//! * Any number of tasks may wait for one socket, in each direction. In tokio 0.1 the second one
//!   made the first one wait for ever.
//! * `.wait()` may be called anywhere, also in a task of a runtime with one worker: the runtime's
//!   reactor is looked after while its thread is blocked.
//!
//! # Event sources of one's own
//!
//! `Registration` and `PollEvented2` wait for any event source of mio 0.6. That crate is no longer
//! maintained and comes with others that have known faults, so these two, and the sockets'
//! `poll_read_ready` and `poll_write_ready`, which return its `Ready`, are there with the feature
//! `mio-06` only. Without that feature a descriptor of one's own goes into
//! [`minato::net::AsyncFd`], and its futures over the [`bridge`](crate::bridge).

mod background;
mod handle;

// Two modules that stand in for each other: what there is of mio 0.6, or nothing.
#[cfg(not(feature = "mio-06"))]
#[path = "without_mio.rs"]
pub(crate) mod events;
#[cfg(feature = "mio-06")]
#[path = "mio06/mod.rs"]
pub(crate) mod events;

pub use self::background::{Background, Shutdown};
#[allow(unused_imports, unreachable_pub, reason = "empty without the feature mio-06")]
pub use self::events::public::*;
pub use self::handle::Handle;

use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

/// A reactor that its owner turns.
///
/// Dropping it notifies everybody who waits on it, and their operations fail.
///
/// ```
/// use std::time::Duration;
/// use tokio::reactor::Reactor;
///
/// let mut reactor = Reactor::new()?;
/// assert!(reactor.is_idle());
/// reactor.turn(Some(Duration::from_millis(1)))?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Reactor {
    inner: minato::reactor::Reactor,
    handle: Handle,
}

impl Reactor {
    /// Makes a reactor.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors.
    pub fn new() -> io::Result<Self> {
        let inner = minato::reactor::Reactor::new()?;
        let handle = Handle::from(inner.handle());
        Ok(Self { inner, handle })
    }

    /// A handle by which sockets are given to this reactor.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Makes this reactor the one that sockets outside every runtime share. Its owner goes on
    /// turning it.
    ///
    /// # Errors
    ///
    /// When there is one already, set or started because it was needed.
    pub fn set_fallback(&self) -> Result<(), SetFallbackError> {
        self.inner.set_fallback().map_err(|_| SetFallbackError(()))
    }

    /// Waits once, for `max_wait` at most (`None`: until something happens), and notifies the tasks
    /// that waited for it.
    ///
    /// # Errors
    ///
    /// What the system's wait returned.
    pub fn turn(&mut self, max_wait: Option<Duration>) -> io::Result<Turn> {
        self.inner.turn(max_wait).map(|()| Turn { _private: () })
    }

    /// Whether no socket is registered, and no timer.
    pub fn is_idle(&self) -> bool {
        self.inner.is_idle()
    }

    /// Runs the reactor on a thread of its own.
    ///
    /// # Errors
    ///
    /// When the thread cannot be started.
    pub fn background(self) -> io::Result<Background> {
        let Self { inner, handle } = self;
        Ok(Background::new(inner.background()?, handle))
    }
}

impl AsRawFd for Reactor {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}

/// What happened in a [turn](Reactor::turn). It has no contents.
#[derive(Debug)]
pub struct Turn {
    _private: (),
}

/// There is a fallback reactor already; see [`Reactor::set_fallback`].
#[derive(Debug)]
pub struct SetFallbackError(());

impl fmt::Display for SetFallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("attempted to set fallback reactor while already configured")
    }
}

impl Error for SetFallbackError {}
