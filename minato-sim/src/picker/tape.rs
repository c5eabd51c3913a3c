//! Choices written down, and choices read back.

use super::Picker;

/// Asks another picker, and writes down what it chose.
///
/// The tape has an entry for each pick with at least two tasks to choose from: where there was no
/// choice, there is nothing to remember. It grows by one `usize` a choice, as long as it lives.
///
/// # Examples
///
/// A run that failed is repeated:
///
/// ```
/// use minato_sim::picker::{Picker, Random, Record, Replay};
///
/// let mut record = Record::new(Random::new(42));
/// let first = [record.pick(&[1, 2, 3]), record.pick(&[4]), record.pick(&[5, 6])];
/// assert_eq!(record.choices().len(), 2);
///
/// let mut replay = Replay::new(record.into_choices());
/// let second = [replay.pick(&[1, 2, 3]), replay.pick(&[4]), replay.pick(&[5, 6])];
/// assert_eq!(second, first);
/// assert_eq!(replay.diverged(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Record<P> {
    inner: P,
    choices: Vec<usize>,
}

impl<P: Picker> Record<P> {
    /// Records the choices of `inner`.
    pub fn new(inner: P) -> Self {
        Record { inner, choices: Vec::new() }
    }

    /// The choices so far, each an index in what was ready.
    pub fn choices(&self) -> &[usize] {
        &self.choices
    }

    /// The choices, for [`Replay::new`].
    pub fn into_choices(self) -> Vec<usize> {
        self.choices
    }
}

impl<P: Picker> Picker for Record<P> {
    fn pick(&mut self, ready: &[u64]) -> usize {
        let picked = self.inner.pick(ready);
        if ready.len() > 1 {
            self.choices.push(picked);
        }
        picked
    }
}

/// Repeats the choices of a [`Record`], or some that were written by hand.
///
/// After the end of the tape it goes on first in, first out. So the beginning of a tape is a
/// shorter way to say the same run, if the rest does not matter.
///
/// ```
/// use minato_sim::picker::{Picker, Replay};
///
/// let mut replay = Replay::new([2, 1]);
/// assert_eq!(replay.pick(&[1, 2, 3]), 2);
/// assert_eq!(replay.pick(&[1]), 0, "no choice, so nothing is read");
/// assert_eq!(replay.remaining(), 1);
/// assert_eq!(replay.pick(&[1, 2]), 1);
/// assert_eq!(replay.pick(&[1, 2]), 0, "the tape is at its end");
/// assert_eq!(replay.diverged(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Replay {
    choices: Vec<usize>,
    next: usize,
    diverged: Option<usize>,
}

impl Replay {
    /// Makes a picker that repeats these choices.
    pub fn new(choices: impl Into<Vec<usize>>) -> Self {
        Replay { choices: choices.into(), next: 0, diverged: None }
    }

    /// The place on the tape of the first choice that did not fit, because fewer tasks were ready
    /// than it needs. The program is not the one that was recorded, or depends on something else
    /// than the order. From there on, picks are first in, first out.
    pub fn diverged(&self) -> Option<usize> {
        self.diverged
    }

    /// How many choices of the tape have not been used. If some are left after the run, it was
    /// shorter than the recorded one.
    pub fn remaining(&self) -> usize {
        self.choices.len() - self.next
    }
}

impl Picker for Replay {
    fn pick(&mut self, ready: &[u64]) -> usize {
        if ready.len() < 2 || self.diverged.is_some() {
            return 0;
        }
        match self.choices.get(self.next) {
            None => 0,
            Some(&choice) if choice < ready.len() => {
                self.next += 1;
                choice
            }
            Some(_) => {
                self.diverged = Some(self.next);
                0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::super::{Exhaustive, Pct, Random};
    use super::*;

    #[test]
    fn what_any_picker_chose_can_be_repeated() {
        let polls = [3, 1, 4, 2];
        for seed in 0..50 {
            let mut random = Record::new(Random::new(seed));
            let order = run(&mut random, &polls);
            assert_eq!(run(Replay::new(random.into_choices()), &polls), order);

            let mut pct = Record::new(Pct::new(seed, 3, 10));
            let order = run(&mut pct, &polls);
            assert_eq!(run(Replay::new(pct.choices()), &polls), order);
        }
        let mut exhaustive = Exhaustive::new();
        while exhaustive.next_run() {
            let mut record = Record::new(&mut exhaustive);
            let order = run(&mut record, &[2, 2]);
            let mut replay = Replay::new(record.into_choices());
            assert_eq!(run(&mut replay, &[2, 2]), order);
            assert_eq!((replay.remaining(), replay.diverged()), (0, None));
        }
    }

    #[test]
    fn a_choice_that_does_not_fit_is_told_and_ends_the_tape() {
        let mut replay = Replay::new([1, 2, 1]);
        let picks: Vec<_> = (0..3).map(|_| replay.pick(&[1, 2])).collect();
        assert_eq!(picks, [1, 0, 0]);
        assert_eq!(replay.diverged(), Some(1));
        assert_eq!(replay.remaining(), 2);
    }

    #[test]
    fn an_empty_tape_is_first_in_first_out() {
        let mut replay = Replay::new([]);
        assert_eq!(run(&mut replay, &[2, 1, 2]), [0, 1, 2, 0, 2]);
        assert_eq!(replay.diverged(), None);
    }
}
