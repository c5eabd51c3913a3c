//! Whether the keeper of a reactor waits: what tells whoever has news for it if a system call is
//! needed to be heard.
//!
//! Who has news first leaves it where the keeper will look (a queue, a flag, the timer wheel),
//! and then notifies. The keeper announces that it will wait, and waits only if nobody notified it
//! since its last wait; after the wait it looks everywhere. So either the one with news sees that
//! the keeper waits, or the keeper sees that there is news.

use crate::sync::{AtomicU8, Ordering};

const RUNNING: u8 = 0;
const PARKED: u8 = 1;
const NOTIFIED: u8 = 2;

/// The word itself.
///
/// A keeper that *listens* may be waited for through the reactor's descriptor also outside its own
/// waits, so it counts as parked there too. The others come to a wait by themselves.
pub(crate) struct Park(AtomicU8);

impl Park {
    pub(crate) fn new(listens: bool) -> Self {
        Self(AtomicU8::new(outside(listens)))
    }

    /// Announces a wait; false if there are news, so that it must not be begun.
    pub(crate) fn begin(&self, listens: bool) -> bool {
        let before = self.0.compare_exchange(RUNNING, PARKED, Ordering::SeqCst, Ordering::SeqCst);
        if before == Err(NOTIFIED) {
            self.end(listens);
            return false;
        }
        true
    }

    /// The wait is over, or was not begun.
    pub(crate) fn end(&self, listens: bool) {
        // Not a mere store: whoever notified us meanwhile counts on our looking, so what it left
        // before must be visible from here on.
        self.0.swap(outside(listens), Ordering::SeqCst);
    }

    /// A look without a wait by or for a keeper that listens: sees what was notified up to here, so
    /// whoever notifies from now on must be heard again.
    pub(crate) fn hear(&self) {
        _ = self.0.compare_exchange(NOTIFIED, PARKED, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Another keeper takes over. What has been notified stays so: it looks at once.
    pub(crate) fn set_listens(&self, listens: bool) {
        let before = outside(!listens);
        _ = self.0.compare_exchange(before, outside(listens), Ordering::SeqCst, Ordering::SeqCst);
    }

    /// There are news; true if the keeper waits and must be called.
    #[must_use]
    pub(crate) fn notify(&self) -> bool {
        self.0.swap(NOTIFIED, Ordering::SeqCst) == PARKED
    }

    pub(crate) fn is_parked(&self) -> bool {
        self.0.load(Ordering::SeqCst) == PARKED
    }
}

fn outside(listens: bool) -> u8 {
    if listens { PARKED } else { RUNNING }
}
