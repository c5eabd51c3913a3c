//! Whether the thread that turns a reactor is blocked, so that a notifier knows if it needs a
//! system call.
//!
//! A notifier first leaves its news where the turning thread will find it (a queue, a flag, the
//! timer wheel), and then notifies. The turning thread announces that it will wait, and waits only
//! if nobody has notified it since its last wait. After the wait it checks all those places. So
//! either the notifier sees that the thread waits, or the thread sees that there is news.

use crate::sync::{AtomicU8, Ordering};

const RUNNING: u8 = 0;
const PARKED: u8 = 1;
const NOTIFIED: u8 = 2;

/// The word itself.
///
/// Where others watch the reactor by its descriptor, it counts as parked between turns too, since
/// a notification must show at the descriptor. Any other turning thread comes to its next wait by
/// itself.
pub(crate) struct Park(AtomicU8);

impl Park {
    pub(crate) fn new(by_descriptor: bool) -> Self {
        Self(AtomicU8::new(outside(by_descriptor)))
    }

    /// Announces a wait; false if there is news, so that it must not begin.
    pub(crate) fn begin(&self, by_descriptor: bool) -> bool {
        let before = self.0.compare_exchange(RUNNING, PARKED, Ordering::SeqCst, Ordering::SeqCst);
        if before == Err(NOTIFIED) {
            self.end(by_descriptor);
            return false;
        }
        true
    }

    /// The wait is over, or did not begin.
    pub(crate) fn end(&self, by_descriptor: bool) {
        // Not a mere store: a notifier that came meanwhile relies on this thread, so what it left
        // before must be visible from here on.
        self.0.swap(outside(by_descriptor), Ordering::SeqCst);
    }

    /// A turn without a wait, of a reactor that is watched by its descriptor: it sees what was
    /// notified up to here, so the next notification must show at the descriptor again.
    pub(crate) fn accept(&self) {
        _ = self.0.compare_exchange(NOTIFIED, PARKED, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Another thread turns from now on. What was notified stays so: it checks at once.
    pub(crate) fn set_by_descriptor(&self, by_descriptor: bool) {
        let before = outside(!by_descriptor);
        _ = self.0.compare_exchange(
            before,
            outside(by_descriptor),
            Ordering::SeqCst,
            Ordering::SeqCst,
        );
    }

    /// There is news; true if the turning thread waits, and needs a system call to end that.
    #[must_use]
    pub(crate) fn notify(&self) -> bool {
        self.0.swap(NOTIFIED, Ordering::SeqCst) == PARKED
    }

    pub(crate) fn is_parked(&self) -> bool {
        self.0.load(Ordering::SeqCst) == PARKED
    }
}

fn outside(by_descriptor: bool) -> u8 {
    if by_descriptor { PARKED } else { RUNNING }
}
