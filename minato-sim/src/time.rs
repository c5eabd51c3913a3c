//! Instants as nanoseconds since the start of the world.

use std::time::Duration;

pub(crate) const SECOND: u64 = 1_000_000_000;

/// The one number of nanoseconds that no clock shows: what is due then never happens. A sum that
/// does not fit saturates to it.
pub(crate) const NEVER: u64 = u64::MAX;

/// A duration in nanoseconds; [`NEVER`] if it is 584 years or longer.
pub(crate) fn nanos(duration: Duration) -> u64 {
    let seconds = duration.as_secs().saturating_mul(SECOND);
    seconds.saturating_add(u64::from(duration.subsec_nanos()))
}
