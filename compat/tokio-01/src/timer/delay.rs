//! A point in time.

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::time::Instant;

use futures::{Async, Future};
use minato::time::{self, Sleep};

use super::Error;
use crate::bridge::Waiters;
use crate::clock::Clock;

/// Ready from a point in time on.
///
/// The point is by the clock of the runtime in which it is polled; see [`clock`](crate::clock).
///
/// # Panics
///
/// Polling it panics where it has to wait, outside of every runtime, if hidden threads are
/// [forbidden](minato::runtime::forbid_implicit) or none can be started.
///
/// ```
/// use std::time::{Duration, Instant};
/// use futures::{Async, Future};
/// use tokio::timer::Delay;
///
/// let when = Instant::now() + Duration::from_millis(5);
/// Delay::new(when).wait().unwrap();
/// assert!(Instant::now() >= when);
/// ```
pub struct Delay {
    deadline: Instant,
    /// Made by the first poll that has to wait.
    waiting: Option<Waiting>,
}

struct Waiting {
    sleep: Pin<Box<Sleep>>,
    waiters: Waiters,
}

impl Delay {
    /// Ready from `deadline` on.
    pub fn new(deadline: Instant) -> Self {
        Self { deadline, waiting: None }
    }

    /// The point in time.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether the point in time has passed.
    pub fn is_elapsed(&self) -> bool {
        Clock::new().now() >= self.deadline
    }

    /// Changes the point in time, before or after it has passed.
    ///
    /// The task that waits need not poll again: it is woken at the new point.
    pub fn reset(&mut self, deadline: Instant) {
        self.deadline = deadline;
        if let Some(waiting) = &mut self.waiting {
            waiting.sleep.as_mut().reset(by_minato(&Clock::new(), deadline));
        }
    }
}

/// When Minato's timer has to fire for a deadline by `clock`, as far as is known now.
fn by_minato(clock: &Clock, deadline: Instant) -> time::Instant {
    if clock.is_own() {
        time::Instant::now() + deadline.saturating_duration_since(clock.now())
    } else {
        time::Instant::from_std(deadline)
    }
}

impl Future for Delay {
    type Item = ();
    type Error = Error;

    fn poll(&mut self) -> futures::Poll<(), Error> {
        let clock = Clock::new();
        // Minato's timer looks at its clock itself, once there is one.
        if (self.waiting.is_none() || clock.is_own()) && clock.now() >= self.deadline {
            return Ok(Async::Ready(()));
        }
        let deadline = self.deadline;
        let Waiting { sleep, waiters } = self.waiting.get_or_insert_with(|| Waiting {
            sleep: Box::pin(time::sleep_until(by_minato(&clock, deadline))),
            waiters: Waiters::default(),
        });
        while waiters.poll(|cx| sleep.as_mut().poll(cx)).is_ready() {
            if !clock.is_own() || clock.now() >= deadline {
                return Ok(Async::Ready(()));
            }
            // A clock of the user's own went more slowly.
            sleep.as_mut().reset(by_minato(&clock, deadline));
        }
        Ok(Async::NotReady)
    }
}

impl fmt::Debug for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delay").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
