//! Looking for events for a while before sleeping.
//!
//! Sleeping and being woken costs more than a whole request when little is going on, so a thread
//! may look a few times before it sleeps. But looking in vain burns a processor. So it is kept up
//! only while it pays: a look in vain turns it off, and a sleep that turns out shorter than the
//! window turns it on again.

use std::time::Duration;

use crate::time::clock::real_now;

/// Whether looking pays at present.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spin {
    pays: bool,
}

impl Spin {
    /// Calls `turn` until it finds something or `window` has passed, and then `sleep`, each with
    /// `cx`. With a window of zero it sleeps at once, and asks no clock.
    pub(crate) fn before<C>(
        &mut self,
        window: Duration,
        cx: &mut C,
        mut turn: impl FnMut(&mut C) -> bool,
        sleep: impl FnOnce(&mut C),
    ) {
        if window.is_zero() {
            return sleep(cx);
        }
        if self.pays {
            let start = real_now();
            while real_now().saturating_duration_since(start) < window {
                if turn(cx) {
                    return;
                }
                std::hint::spin_loop();
            }
        }
        let start = real_now();
        sleep(cx);
        self.pays = real_now().saturating_duration_since(start) < window;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_sleep_turns_it_on_and_a_long_one_off() {
        let window = Duration::from_secs(60);
        let mut spin = Spin::default();
        spin.before(window, &mut (), |()| panic!("off at first"), |()| ());
        let mut looks = 0;
        spin.before(
            window,
            &mut (),
            |()| {
                looks += 1;
                looks == 3
            },
            |()| panic!("something was found"),
        );
        assert_eq!(looks, 3);

        let window = Duration::from_micros(50);
        spin.before(window, &mut (), |()| false, |()| std::thread::sleep(window * 2));
        spin.before(window, &mut (), |()| panic!("off after a long sleep"), |()| ());
    }

    #[test]
    fn without_a_window_it_only_sleeps() {
        let mut slept = 0;
        let mut spin = Spin { pays: true };
        let count = |slept: &mut i32| *slept += 1;
        spin.before(Duration::ZERO, &mut slept, |_| panic!("there is no window"), count);
        assert_eq!(slept, 1);
    }
}
