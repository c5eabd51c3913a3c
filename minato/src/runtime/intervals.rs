//! How often a core that has tasks to run looks elsewhere: at its reactor, and at the injector.

use std::time::{Duration, Instant};

use super::builder::Config;

/// After how many polls the reactor is looked at, unless told otherwise.
pub(super) const POLLS_PER_TURN: u32 = 61;

/// How long a task from another thread is to wait at most, as far as the number of polls can say.
const INJECTOR_WAIT: Duration = Duration::from_micros(200);

/// Counts the polls of a core down to the next look.
pub(crate) struct Intervals {
    /// After how many polls the reactor is turned.
    pub(super) turn_interval: u32,
    /// After how many polls a task is taken from the injector.
    injector_interval: u32,
    /// Whether the latter follows from how long polls take.
    adjusts: bool,
    until_injector: u32,
    /// When the reactor was turned last, if the core has been polling since.
    turned_at: Option<Instant>,
}

impl Intervals {
    pub(super) fn new(config: &Config) -> Self {
        let turn_interval = config.turn_interval;
        let injector_interval = config.injector_interval.unwrap_or(turn_interval);
        Self {
            turn_interval,
            injector_interval,
            adjusts: config.injector_interval.is_none(),
            until_injector: injector_interval,
            turned_at: None,
        }
    }

    /// Counts as many polls as there may be before the injector has its turn, `most` at most; says
    /// how many these are, and whether the injector has its turn before them.
    #[inline]
    pub(super) fn next_polls(&mut self, most: u32) -> (u32, bool) {
        let is_due = self.until_injector == 0;
        if is_due {
            self.until_injector = self.injector_interval;
        }
        let polls = most.min(self.until_injector);
        self.until_injector -= polls;
        (polls, is_due)
    }

    /// Adjusts the interval of the injector to what the polls since the last turn took.
    pub(super) fn adjust(&mut self, now: Instant) {
        if self.adjusts
            && let Some(before) = self.turned_at.replace(now)
        {
            let polls = now.saturating_duration_since(before).as_nanos().max(1);
            let fitting = INJECTOR_WAIT.as_nanos() * u128::from(self.turn_interval) / polls;
            let most = self.turn_interval.max(2);
            self.injector_interval = fitting.clamp(2, u128::from(most)) as u32;
            self.until_injector = self.until_injector.min(self.injector_interval);
        }
    }

    /// The core is about to wait: what comes next says nothing about polls.
    #[inline]
    pub(super) fn rest(&mut self) {
        self.turned_at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::clock::real_now;

    fn intervals(turn_interval: u32, injector_interval: Option<u32>) -> Intervals {
        Intervals::new(&Config { turn_interval, injector_interval, ..Config::default() })
    }

    /// After which of `polls` polls the injector has its turn, if there are `most` in a batch.
    fn due(intervals: &mut Intervals, most: u32, polls: u32) -> Vec<u32> {
        let (mut done, mut due) = (0, Vec::new());
        while done < polls {
            let (next, is_due) = intervals.next_polls(most.min(polls - done));
            due.extend(is_due.then_some(done));
            done += next;
        }
        due
    }

    #[test]
    fn the_injector_has_its_turn_whatever_the_batches_are() {
        for (turn, injector, polls) in [(1, 1, 5), (3, 2, 12), (2, 7, 30), (61, 31, 200)] {
            let multiples = (1..polls).filter(|poll| poll % injector == 0).collect::<Vec<_>>();
            let mut intervals = intervals(turn, Some(injector));
            assert_eq!(due(&mut intervals, turn, polls), multiples);
        }
    }

    #[test]
    fn the_injector_follows_how_long_polls_take() {
        for (micros, expected) in [(1000, 2), (100, 2), (20, 10), (5, 40), (0, 50)] {
            let mut intervals = intervals(50, None);
            let took = Duration::from_micros(micros) * 50;
            let begin = real_now();
            intervals.adjust(begin);
            intervals.adjust(begin + took);
            assert_eq!(intervals.injector_interval, expected);
        }
    }

    #[test]
    fn a_pause_says_nothing_about_polls() {
        let mut intervals = intervals(4, None);
        intervals.turned_at = real_now().checked_sub(Duration::from_secs(1));
        intervals.rest();
        intervals.adjust(real_now());
        assert_eq!(intervals.injector_interval, 4);
    }
}
