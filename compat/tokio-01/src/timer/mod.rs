//! Waiting for a point in time, and for no longer than until then.
//!
//! | type | is |
//! |---|---|
//! | [`Delay`] | a future that is ready at a point in time |
//! | [`Interval`] | a stream that ticks |
//! | [`Timeout`] | a future or stream that is given up when it takes too long |
//! | [`DelayQueue`] | a stream of values; each comes at its own time |
//! | [`throttle::Throttle`] | a stream that is slowed down |
//!
//! They work on any thread, within a runtime and without: they use the timers of [`minato::time`].
//! They are never early, and late by a millisecond if nothing else delays them.

mod deadline;
mod delay;
pub mod delay_queue;
mod error;
mod interval;
pub mod throttle;
pub mod timeout;

#[allow(deprecated)]
pub use self::deadline::{Deadline, DeadlineError};
pub use self::delay::Delay;
pub use self::delay_queue::DelayQueue;
pub use self::error::Error;
pub use self::interval::Interval;
pub use self::timeout::Timeout;

use std::time::{Duration, Instant};

use crate::clock;

/// The point in time after `duration`.
fn after(duration: Duration) -> Instant {
    later(clock::now(), duration)
}

/// The point `duration` after `instant`, or the farthest there is.
fn later(instant: Instant, duration: Duration) -> Instant {
    const THIRTY_YEARS: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    instant.checked_add(duration).unwrap_or_else(|| instant + THIRTY_YEARS)
}
