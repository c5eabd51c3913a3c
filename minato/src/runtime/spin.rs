//! Looking for events for a while before sleeping.
//!
//! Sleeping and being woken costs more than a whole request when little is going on, so a thread
//! may look a few times before it sleeps. But looking in vain burns a processor. So it is kept up
//! only while it pays: a look in vain turns it off, and a sleep that turns out shorter than the
//! window turns it on again.

use std::time::{Duration, Instant};

use crate::time::clock::real_now;

/// Whether to look before sleeping.
#[derive(Debug, Default)]
pub(crate) struct Spin {
    pays: bool,
}

impl Spin {
    /// Calls `look` until it finds something or the window has passed; true if it found something.
    pub(crate) fn look(&mut self, window: Duration, mut look: impl FnMut() -> bool) -> bool {
        if !self.pays {
            return false;
        }
        let start = real_now();
        while real_now().saturating_duration_since(start) < window {
            if look() {
                return true;
            }
            std::hint::spin_loop();
        }
        self.pays = false;
        false
    }

    /// The thread is going to sleep.
    pub(crate) fn begin_sleep(&self, window: Duration) -> Option<Instant> {
        (!window.is_zero()).then(real_now)
    }

    /// The thread has slept since `start`.
    pub(crate) fn end_sleep(&mut self, window: Duration, start: Option<Instant>) {
        if let Some(start) = start {
            self.pays = real_now().saturating_duration_since(start) < window;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_in_vain_turns_it_off_and_a_short_sleep_on() {
        let window = Duration::from_micros(50);
        let mut spin = Spin::default();
        assert!(!spin.look(window, || panic!("off at first")));
        spin.end_sleep(Duration::from_secs(3600), Some(real_now()));
        assert!(spin.look(window, || true));
        assert!(!spin.look(window, || false));
        assert!(!spin.look(window, || panic!("off after a look in vain")));
        assert_eq!(spin.begin_sleep(Duration::ZERO), None);
    }
}
