//! How many connections wait in a listener's queue, as far as that is known.
//!
//! An event says that connections wait, and not how many. After an accept there are three ways on:
//!
//! 1. Try again until an accept fails. The one that fails is the dearest call of all.
//! 2. Re-arm: the reactor reports what is left. That costs a call and a turn for each connection.
//! 3. Ask the system how many connections wait, if it can tell. While some are known to wait, the
//!    next accepts need neither of the other two.
//!
//! A question costs a call as well, so questions become rarer while the answer is none.
//!
//! The count is a hint. While a connection is thought to wait, the listener counts as ready. If
//! another thread took that connection, the next accept finds nothing and clears the count.

use crate::sync::{AtomicU32, Ordering};

/// The back-off stops growing after this many empty answers: one question in 16 accepts.
const MAX_DOUBLINGS: u32 = 4;

/// What is known of a listener's queue.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// How many connections wait.
    pending: AtomicU32,
    /// How many accepts are left before the next question.
    skip: AtomicU32,
    /// How many answers in a row were none.
    empty_answers: AtomicU32,
}

impl Backlog {
    /// After an accept: whether another connection waits. `ask` asks the system, if it can tell.
    pub(super) fn is_more(&self, ask: impl FnOnce() -> Option<u32>) -> bool {
        let pending = self.pending.load(Ordering::Relaxed);
        if pending > 0 {
            // Two threads that accept at the same time may count as one. Then one more accept finds
            // nothing.
            self.pending.store(pending - 1, Ordering::Relaxed);
            return pending > 1;
        }
        let skip = self.skip.load(Ordering::Relaxed);
        if skip > 0 {
            self.skip.store(skip - 1, Ordering::Relaxed);
            return false;
        }
        let waiting = ask().unwrap_or(0);
        self.pending.store(waiting, Ordering::Relaxed);
        let empty_answers = self.empty_answers.load(Ordering::Relaxed);
        let empty_answers = if waiting > 0 { 0 } else { MAX_DOUBLINGS.min(empty_answers + 1) };
        self.empty_answers.store(empty_answers, Ordering::Relaxed);
        self.skip.store((1 << empty_answers) - 1, Ordering::Relaxed);
        waiting > 0
    }

    /// An accept found nothing.
    pub(super) fn is_empty(&self) {
        self.pending.store(0, Ordering::Relaxed);
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
