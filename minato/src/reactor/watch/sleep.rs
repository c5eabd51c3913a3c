//! Until when a client sleeps: the word between it and the holders of the cores that it watches.

use std::time::Instant;

use super::AFTER_TIMER;
use crate::sync::{self, AtomicU64, Ordering};
use crate::time::clock::real_now;

/// Until when a client sleeps, as the holders of the cores read it.
pub(crate) struct Sleep {
    origin: Instant,
    /// [`NOBODY`], [`AWAKE`], or the end of the sleep in microseconds since `origin`.
    until: AtomicU64,
}

/// No client watches.
const NOBODY: u64 = 0;
/// The client looks by itself.
const AWAKE: u64 = 1;
/// The client sleeps until it is woken.
const FOREVER: u64 = u64::MAX;

impl Default for Sleep {
    fn default() -> Self {
        Self { origin: real_now(), until: AtomicU64::new(NOBODY) }
    }
}

impl Sleep {
    /// A client watches from now on; false if one does already.
    pub(crate) fn begin_watch(&self) -> bool {
        self.change(NOBODY, AWAKE)
    }

    /// The client that [began](Self::begin_watch) could not be started.
    pub(crate) fn give_up(&self) {
        self.change(AWAKE, NOBODY);
    }

    /// Whether a client watches.
    pub(crate) fn is_watched(&self) -> bool {
        self.until.load(Ordering::SeqCst) != NOBODY
    }

    /// The client sleeps, at most until `end`. It must look at the cores once more after this.
    pub(crate) fn sleep_until(&self, end: Option<Instant>) {
        let until = end.map_or(FOREVER, |end| self.micros(end).max(AWAKE + 1));
        self.until.store(until, Ordering::SeqCst);
        sync::sequential();
    }

    /// The client is awake.
    pub(crate) fn wake_up(&self) {
        self.until.store(AWAKE, Ordering::SeqCst);
    }

    /// Whether the client sleeps. If so, a holder that turned asks [`must_wake`](Self::must_wake).
    #[inline]
    pub(crate) fn is_asleep(&self) -> bool {
        sync::sequential();
        self.until.load(Ordering::SeqCst) > AWAKE
    }

    /// Whether the caller has to wake the client, because its sleep lasts longer than a stuck poll
    /// may go unnoticed. Says so to one caller only.
    #[cold]
    pub(crate) fn must_wake(&self, now: Instant) -> bool {
        let until = self.until.load(Ordering::SeqCst);
        let wakes_by_itself = until != FOREVER && until <= self.micros(now + AFTER_TIMER);
        until > AWAKE && !wakes_by_itself && self.change(until, AWAKE)
    }

    fn change(&self, before: u64, after: u64) -> bool {
        self.until.compare_exchange(before, after, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    fn micros(&self, instant: Instant) -> u64 {
        instant.saturating_duration_since(self.origin).as_micros() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn asleep(end: Option<Duration>) -> Sleep {
        let sleep = Sleep::default();
        assert!(sleep.begin_watch());
        assert!(!sleep.is_asleep());
        sleep.sleep_until(end.map(|end| sleep.origin + end));
        assert!(sleep.is_asleep());
        sleep
    }

    #[test]
    fn one_of_those_who_turn_wakes_the_client() {
        for end in [None, Some(Duration::from_secs(1))] {
            let sleep = asleep(end);
            assert!(sleep.must_wake(sleep.origin));
            assert!(!sleep.is_asleep());
            assert!(!sleep.must_wake(sleep.origin));
        }
    }

    #[test]
    fn a_client_that_is_about_to_wake_by_itself_is_left_alone() {
        let sleep = asleep(Some(Duration::from_secs(1)));
        let end = sleep.origin + Duration::from_secs(1);
        assert!(!sleep.must_wake(end - AFTER_TIMER));
        assert!(!sleep.must_wake(end + AFTER_TIMER));
        assert!(sleep.is_asleep());
        assert!(sleep.must_wake(end - 2 * AFTER_TIMER));
    }

    #[test]
    fn nobody_is_woken_where_nobody_watches() {
        let sleep = Sleep::default();
        assert!(!sleep.is_watched() && !sleep.is_asleep() && !sleep.must_wake(sleep.origin));
        assert!(sleep.begin_watch());
        assert!(!sleep.begin_watch(), "one watches already");
        sleep.give_up();
        assert!(!sleep.is_watched());
    }
}
