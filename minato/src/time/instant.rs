//! A point in time, by the clock of the runtime that asks.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::Duration;

use crate::runtime::context;

/// A point on a clock that never runs backwards.
///
/// In a runtime whose clock is stopped or simulated, [`now`](Self::now) is the virtual time of that
/// runtime, and on a simulated host what the [clock of the host](minato_sim::Host::now) shows: to
/// compare the instants of two hosts means nothing. Everywhere else it is that of
/// [`std::time::Instant`]. An earlier instant minus a later one is zero.
///
/// ```
/// use std::time::Duration;
/// use minato::time::Instant;
///
/// let start = Instant::now();
/// let deadline = start + Duration::from_secs(5);
/// assert_eq!(deadline - start, Duration::from_secs(5));
/// assert_eq!(start - deadline, Duration::ZERO);
/// assert!(start.elapsed() >= Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(std::time::Instant);

impl Instant {
    /// The present, by the clock of the current runtime.
    pub fn now() -> Self {
        context::clock().now()
    }

    /// The point that std's instant names.
    pub fn from_std(instant: std::time::Instant) -> Self {
        Self(instant)
    }

    /// The same point for std. A point of virtual time has no meaning beside the real present.
    pub fn into_std(self) -> std::time::Instant {
        self.0
    }

    /// The time from `earlier` until this point; zero if `earlier` is later.
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// The time from `earlier` until this point; `None` if `earlier` is later.
    pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        self.0.checked_duration_since(earlier.0)
    }

    /// The time from `earlier` until this point; zero if `earlier` is later.
    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// The time from this point until now.
    pub fn elapsed(&self) -> Duration {
        Self::now().duration_since(*self)
    }

    /// The point `duration` later, unless it is beyond what can be represented.
    pub fn checked_add(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_add(duration).map(Self)
    }

    /// The point `duration` earlier, unless it is beyond what can be represented.
    pub fn checked_sub(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_sub(duration).map(Self)
    }

    /// The point `duration` later; if that cannot be represented, one that no clock ever shows,
    /// to which a duration can still be added.
    pub(crate) fn saturating_add(self, duration: Duration) -> Self {
        const NEVER: Duration = Duration::from_secs(1 << 62);
        self.checked_add(duration).or_else(|| self.checked_add(NEVER)).unwrap_or(self)
    }

    /// A point that is the same in every process, found from any other one: where the clocks of
    /// simulated worlds begin.
    pub(super) fn fixed(self) -> Self {
        // From the earliest point that can be represented: no other one is known.
        let seconds = (0..64).rev().map(|bit| Duration::from_secs(1 << bit));
        let nanos = (0..30).rev().map(|bit| Duration::from_nanos(1 << bit));
        let now = Self(super::clock::real_now());
        let earlier = |at: Self, by| at.checked_sub(by).unwrap_or(at);
        let earliest = seconds.chain(nanos).fold(now, earlier);
        earliest.checked_add(Duration::from_secs(1 << 63)).unwrap_or(earliest)
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, duration: Duration) -> Instant {
        Self(self.0 + duration)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;

    fn sub(self, duration: Duration) -> Instant {
        Self(self.0 - duration)
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl From<std::time::Instant> for Instant {
    fn from(instant: std::time::Instant) -> Self {
        Self(instant)
    }
}

impl From<Instant> for std::time::Instant {
    fn from(instant: Instant) -> Self {
        instant.0
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
