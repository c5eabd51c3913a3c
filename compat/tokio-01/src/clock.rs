//! What time it is.
//!
//! A runtime may be given a [`Clock`] of one's own; [`now`] and the [timers](crate::timer) go by it
//! there. Everywhere else they go by Minato's: by the system's clock, or within a runtime whose
//! time is virtual by that.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::executor::place::{self, Place};

/// The present, by the clock of the runtime that this thread is in.
///
/// ```
/// use std::time::Instant;
///
/// let before = Instant::now();
/// assert!(tokio::clock::now() >= before);
/// ```
pub fn now() -> Instant {
    Clock::new().now()
}

/// What a [`Clock`] asks for the time. It must not run backwards.
pub trait Now: Send + Sync + 'static {
    /// The present.
    fn now(&self) -> Instant;
}

/// A clock for a runtime; see [`runtime::Builder::clock`](crate::runtime::Builder::clock).
///
/// ```
/// use std::time::Instant;
/// use futures::future;
/// use tokio::clock::{self, Clock, Now};
/// use tokio::runtime::current_thread;
///
/// struct Stopped(Instant);
///
/// impl Now for Stopped {
///     fn now(&self) -> Instant {
///         self.0
///     }
/// }
///
/// let then = Instant::now();
/// let clock = Clock::new_with_now(Stopped(then));
/// let mut runtime = current_thread::Builder::new().clock(clock).build()?;
/// assert_eq!(runtime.block_on(future::lazy(|| Ok::<_, ()>(clock::now()))), Ok(then));
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Default)]
pub struct Clock {
    /// `None` is Minato's.
    now: Option<Arc<dyn Now>>,
}

impl Clock {
    /// The clock of the runtime that this thread is in.
    pub fn new() -> Self {
        match place::here() {
            Place::Elsewhere => Self::system(),
            Place::Pool(sender) => sender.clock().clone(),
            Place::Local(local) => local.clock().clone(),
        }
    }

    /// A clock that asks `now`.
    pub fn new_with_now<T: Now>(now: T) -> Self {
        Self { now: Some(Arc::new(now)) }
    }

    /// The default clock.
    pub fn system() -> Self {
        Self { now: None }
    }

    /// The present.
    pub fn now(&self) -> Instant {
        match &self.now {
            Some(now) => now.now(),
            None => minato::time::Instant::now().into_std(),
        }
    }

    /// Whether it is one of the user's own.
    pub(crate) fn is_own(&self) -> bool {
        self.now.is_some()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("is_own", &self.is_own()).finish()
    }
}
