//! Instants as nanoseconds since the start of the world.

use std::time::Duration;

pub(crate) const SECOND: u64 = 1_000_000_000;

/// A duration in nanoseconds; the longest that fits, 584 years, if it is longer.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// An instant as seconds with all nine places.
pub(crate) fn text(at: u64) -> String {
    format!("{}.{:09}s", at / SECOND, at % SECOND)
}
