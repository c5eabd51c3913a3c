//! Sleeping, timeouts, intervals, and a clock that can be stopped.

#[cfg(feature = "test-util")]
pub use crate::simulation::clock::{advance, pause, resume};
pub use minato::time::{
    Duration, Instant, Interval, MissedTickBehavior, Sleep, Timeout, error, interval, interval_at,
    sleep, sleep_until, timeout, timeout_at,
};
