//! How many polls are kept in one direction of a slot, and when that becomes more.
//!
//! A waker does not tell whether its task still waits or went elsewhere, so a list of them must
//! have a limit: beyond it the oldest gives way and is woken to find out for itself. But when all
//! of them do wait, it comes back and has the next one woken, and so on in a circle without end.
//! So one that gave way is remembered, as the *witness*. If it comes back the limit doubles, until
//! there is room for all; the wakers of tasks that went elsewhere never come back.
//!
//! Who becomes the witness is drawn, since a regular choice might keep in step with the circle and
//! always meet the same task. It is another one after two to four times as many, so that a circle
//! of any length is soon closed, while among many that went elsewhere it is rarely one that waits.

use std::task::Waker;

/// How many different wakers `poll_*` keeps in a direction at first.
pub(crate) const POLLS_AT_FIRST: usize = 8;

/// The polls of one direction, once they have been more than are kept at first.
pub(crate) struct Crowd {
    limit: usize,
    /// How many gave way since the limit was set, and how many it will be with the next witness.
    gave_way: usize,
    next_witness: usize,
    witness: Option<Waker>,
    random: u64,
}

impl Default for Crowd {
    fn default() -> Self {
        Self::of(POLLS_AT_FIRST, 1)
    }
}

impl Crowd {
    fn of(limit: usize, random: u64) -> Self {
        let mut crowd = Self { limit, gave_way: 0, next_witness: 0, witness: None, random };
        crowd.next_witness = crowd.draw(limit);
        crowd
    }

    /// Draws a number of at least `least` and less than three times that.
    fn draw(&mut self, least: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        least + (self.random >> 33) as usize % (2 * least)
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// A poll joins: if it is the witness, there is room for more from now on. Returns what must
    /// be dropped outside the lock.
    #[must_use]
    pub(crate) fn joined(&mut self, waker: &Waker) -> Option<Waker> {
        let witness = self.witness.take_if(|witness| witness.will_wake(waker))?;
        *self = Self::of(2 * self.limit, self.random);
        Some(witness)
    }

    /// `waker` gives way. Returns what must be dropped outside the lock.
    #[must_use]
    pub(crate) fn gives_way(&mut self, waker: &Waker) -> Option<Waker> {
        self.gave_way += 1;
        if self.gave_way < self.next_witness {
            return None;
        }
        self.next_witness += self.draw(self.gave_way);
        self.witness.replace(waker.clone())
    }
}
