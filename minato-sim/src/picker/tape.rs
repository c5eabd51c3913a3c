//! Choices written down, and choices read back.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use super::{Picker, host_of};

/// One choice on a tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Choice {
    /// The number of the simulated host whose tasks it is about; `None` of a runtime in no world.
    pub host: Option<u64>,
    /// The place of the picked task among those that were ready.
    pub index: usize,
}

/// `index`, or `host.index`.
impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(host) = self.host {
            write!(f, "{host}.")?;
        }
        write!(f, "{}", self.index)
    }
}

impl FromStr for Choice {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        Ok(match text.split_once('.') {
            Some((host, index)) => Choice { host: Some(host.parse()?), index: index.parse()? },
            None => text.parse::<usize>()?.into(),
        })
    }
}

/// A choice of a runtime in no world.
impl From<usize> for Choice {
    fn from(index: usize) -> Self {
        Choice { host: None, index }
    }
}

/// Asks another picker, and writes down what it chose.
///
/// The tape has an entry for each pick with at least two tasks to choose from: where there was no
/// choice, there is nothing to remember. It grows by one [`Choice`] each time, as long as it lives.
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
    choices: Vec<Choice>,
}

impl<P: Picker> Record<P> {
    /// Records the choices of `inner`.
    pub fn new(inner: P) -> Self {
        Record { inner, choices: Vec::new() }
    }

    /// The choices so far.
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// The choices, for [`Replay::new`].
    pub fn into_choices(self) -> Vec<Choice> {
        self.choices
    }
}

impl<P: Picker> Picker for Record<P> {
    fn pick(&mut self, ready: &[u64]) -> usize {
        let index = self.inner.pick(ready);
        if ready.len() > 1 {
            self.choices.push(Choice { host: host_of(ready), index });
        }
        index
    }
}

/// Repeats the choices of a [`Record`], or some that were written by hand.
///
/// The choices of each host are repeated in their order, whatever the others do. After the last one
/// of a host it goes on first in, first out there. So the beginning of a tape is a shorter way to
/// say the same run, if the rest does not matter.
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
    /// For each host its choices that are left, with their places on the tape.
    hosts: BTreeMap<Option<u64>, VecDeque<(usize, usize)>>,
    /// How many choices could not be used, because one before did not fit.
    skipped: usize,
    diverged: Option<usize>,
}

impl Replay {
    /// Makes a picker that repeats these choices.
    pub fn new<C: Into<Choice>>(choices: impl IntoIterator<Item = C>) -> Self {
        let mut hosts = BTreeMap::<_, VecDeque<_>>::new();
        for (place, choice) in choices.into_iter().map(C::into).enumerate() {
            hosts.entry(choice.host).or_default().push_back((place, choice.index));
        }
        Replay { hosts, skipped: 0, diverged: None }
    }

    /// The place on the tape of the first choice that did not fit, because fewer tasks were ready
    /// than it needs. The program is not the one that was recorded, or depends on something else
    /// than the order. From there on, picks on that host are first in, first out.
    pub fn diverged(&self) -> Option<usize> {
        self.diverged
    }

    /// How many choices of the tape have not been used. If some are left after the run, it was
    /// shorter than the recorded one.
    pub fn remaining(&self) -> usize {
        self.skipped + self.hosts.values().map(VecDeque::len).sum::<usize>()
    }
}

impl Picker for Replay {
    fn pick(&mut self, ready: &[u64]) -> usize {
        if ready.len() < 2 {
            return 0;
        }
        let Some(choices) = self.hosts.get_mut(&host_of(ready)) else { return 0 };
        match choices.pop_front() {
            Some((_, index)) if index < ready.len() => index,
            Some((place, _)) => {
                self.diverged.get_or_insert(place);
                self.skipped += 1 + choices.len();
                choices.clear();
                0
            }
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{run, run_two_hosts};
    use super::super::{Exhaustive, Pct, Random};
    use super::*;
    use crate::TaskName;

    #[test]
    fn what_any_picker_chose_can_be_repeated() {
        let polls = [3, 1, 4, 2];
        for seed in 0..50 {
            let mut random = Record::new(Random::new(seed));
            let order = run(&mut random, &polls);
            assert_eq!(run(Replay::new(random.into_choices()), &polls), order);

            let mut pct = Record::new(Pct::new(seed, 3, 10));
            let order = run(&mut pct, &polls);
            assert_eq!(run(Replay::new(pct.choices().iter().copied()), &polls), order);
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
        let mut replay = Replay::new([0_usize; 0]);
        assert_eq!(run(&mut replay, &[2, 1, 2]), [0, 1, 2, 0, 2]);
        assert_eq!(replay.diverged(), None);
    }

    #[test]
    fn a_tape_fits_when_an_unrelated_host_changes() {
        for seed in 0..50 {
            let mut record = Record::new(Random::new(seed));
            let recorded = run_two_hosts(&mut record, [&[3, 2, 4], &[1, 5]]);
            for other in [&[][..], &[1, 5], &[4; 6]] {
                let mut replay = Replay::new(record.choices().to_vec());
                let replayed = run_two_hosts(&mut replay, [&[3, 2, 4], other]);
                assert_eq!(replayed[0], recorded[0]);
                assert!(replay.remaining() == 0 || other.is_empty());
            }
        }
    }

    #[test]
    fn a_host_that_diverges_leaves_the_tape_of_the_others() {
        let number = |host, nth| TaskName { host, nth }.number();
        let choice = |host, index| Choice { host: Some(host), index };
        let mut replay = Replay::new([choice(0, 2), choice(1, 1), choice(0, 1), choice(1, 1)]);
        assert_eq!(replay.pick(&[number(0, 0), number(0, 1)]), 0, "there is no third one");
        assert_eq!(replay.diverged(), Some(0));
        assert_eq!(replay.pick(&[number(1, 0), number(1, 1)]), 1);
        assert_eq!(replay.pick(&[number(0, 0), number(0, 1)]), 0);
        assert_eq!(replay.pick(&[number(1, 0), number(1, 1)]), 1);
        assert_eq!(replay.remaining(), 2);
    }
}
