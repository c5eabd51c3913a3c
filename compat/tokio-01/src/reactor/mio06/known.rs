//! What all readers, or all writers, of a source know of its readiness.

use std::sync::atomic::{AtomicUsize, Ordering};

use mio::Ready;

/// Readiness that was taken from a registration and not forgotten since.
///
/// The word has the bits of the readiness, and above them how often any were added. Whoever finds
/// that the source would block names the look that he had before he tried: if more was added since,
/// that is news of the source which he must not forget along with the old.
#[derive(Default)]
pub(super) struct Known(AtomicUsize);

/// The word at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look(usize);

/// One addition. The bits of mio 0.6 stay far below it.
const ADDITION: usize = 1 << 16;

impl Look {
    pub(super) fn ready(self) -> Ready {
        Ready::from_usize(self.0 % ADDITION)
    }

    fn additions(self) -> usize {
        self.0 / ADDITION
    }
}

impl Known {
    pub(super) fn look(&self) -> Look {
        Look(self.0.load(Ordering::SeqCst))
    }

    /// Adds `ready`; returns all that is known then.
    pub(super) fn add(&self, ready: Ready) -> Look {
        let more = |word: usize| word.wrapping_add(ADDITION) | ready.as_usize();
        let before =
            self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |word| Some(more(word)));
        Look(more(before.unwrap_or_else(|word| word)))
    }

    /// Forgets `ready`.
    pub(super) fn forget(&self, ready: Ready) {
        self.0.fetch_and(!ready.as_usize(), Ordering::SeqCst);
    }

    /// Forgets `ready`, unless something was added since `look`.
    pub(super) fn forget_since(&self, look: Look, ready: Ready) {
        let less = |word: usize| {
            let same = Look(word).additions() == look.additions();
            same.then_some(word & !ready.as_usize())
        };
        _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_since_the_look_is_not_forgotten() {
        let known = Known::default();
        let look = known.add(Ready::readable());
        assert_eq!(look, known.look());
        assert!(look.ready().is_readable());
        known.add(Ready::readable());
        known.forget_since(look, Ready::readable());
        assert!(known.look().ready().is_readable());
        known.forget_since(known.look(), Ready::readable());
        assert!(known.look().ready().is_empty());
        known.add(Ready::readable() | Ready::writable());
        known.forget(Ready::readable());
        assert_eq!(known.look().ready(), Ready::writable());
    }
}
