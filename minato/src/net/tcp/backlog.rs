//! How many connections wait in a listener's queue, as far as that is known.
//!
//! An event says that connections wait, and not how many. Whoever accepts one may try again until
//! that fails, which is the dearest call of all; or ask the reactor to report anew what is left,
//! which costs a call and a turn for each connection. Where the system tells how many are left, and
//! they are some, that many accepts need neither. To ask costs a call as well, so that it is done
//! less and less often while the answer is none.
//!
//! Nothing here is relied on. While a connection is thought to wait, the listener counts as ready;
//! if somebody else took it, the next accept finds that out.

use crate::sync::{AtomicU32, Ordering};

/// After this many answers of none in a row the next question comes after as many accepts as ever.
const MAX_DOUBLINGS: u32 = 4;

/// What is known of a listener's queue.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// How many connections wait.
    known: AtomicU32,
    /// How many accepts are left before the next question.
    until_asked: AtomicU32,
    /// How many questions in a row had the answer none.
    empty_answers: AtomicU32,
}

impl Backlog {
    /// After an accept: whether another connection waits. `ask` asks the system, if it can tell.
    pub(super) fn is_more(&self, ask: impl FnOnce() -> Option<u32>) -> bool {
        let known = self.known.load(Ordering::Relaxed);
        if known > 0 {
            // Two who accept at one time may count as one; then one accept more finds nothing.
            self.known.store(known - 1, Ordering::Relaxed);
            return known > 1;
        }
        let until_asked = self.until_asked.load(Ordering::Relaxed);
        if until_asked > 0 {
            self.until_asked.store(until_asked - 1, Ordering::Relaxed);
            return false;
        }
        let waiting = ask().unwrap_or(0);
        self.known.store(waiting, Ordering::Relaxed);
        let empty_answers = self.empty_answers.load(Ordering::Relaxed);
        let empty_answers = if waiting > 0 { 0 } else { MAX_DOUBLINGS.min(empty_answers + 1) };
        self.empty_answers.store(empty_answers, Ordering::Relaxed);
        self.until_asked.store((1 << empty_answers) - 1, Ordering::Relaxed);
        waiting > 0
    }

    /// An accept found nothing.
    pub(super) fn is_empty(&self) {
        self.known.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_accepts_as_wait_need_no_question() {
        let backlog = Backlog::default();
        assert!(backlog.is_more(|| Some(3)));
        assert!(backlog.is_more(|| unreachable!()));
        assert!(backlog.is_more(|| unreachable!()));
        assert!(!backlog.is_more(|| unreachable!()), "the third was the last");
        assert!(backlog.is_more(|| Some(1)), "after an answer of some it is asked again");
        backlog.is_empty();
        assert!(!backlog.is_more(|| Some(0)));
    }

    #[test]
    fn vain_questions_become_rare_and_one_answer_brings_them_back() {
        let backlog = Backlog::default();
        let mut asked = Vec::new();
        for accept in 0..64 {
            assert!(!backlog.is_more(|| {
                asked.push(accept);
                None
            }));
        }
        assert_eq!(asked, [0, 2, 6, 14, 30, 46, 62]);
        let mut answered = 0;
        for _ in 0..17 {
            backlog.is_more(|| {
                answered += 1;
                Some(1)
            });
        }
        assert!(answered > 0);
        backlog.is_empty();
        assert!(backlog.is_more(|| Some(1)));
    }
}
