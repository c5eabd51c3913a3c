//! Where two runs begin to differ.

use std::fmt;
use std::time::Duration;

use super::Record;

/// The first event in which two runs differ. It prints with the events before it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The number of the event, counted from 0.
    pub nth: u64,
    /// When it happened in the run that came first, if it is known.
    pub at: Option<Duration>,
    /// What happened before it in both.
    pub before: Vec<String>,
    /// What happened in the one run; `None` if it is over, or the event is not kept any more.
    pub one: Option<String>,
    /// What happened in the other run.
    pub other: Option<String>,
}

/// How many events a difference tells that come before it.
const BEFORE: u64 = 10;

impl Record {
    /// The first event in which another run differs from this one; `None` if both did the same.
    ///
    /// It is exact where both worlds [keep the hash after each
    /// event](crate::WorldBuilder::hash_history). Otherwise it is the first among the events that
    /// both have kept, and `one` and `other` are equal if what differs is older.
    ///
    /// ```
    /// use minato_sim::World;
    ///
    /// let run = |line: &str| {
    ///     let world = World::builder().hash_history(true).build();
    ///     world.note("the tide turns");
    ///     world.note(line);
    ///     world.record()
    /// };
    /// assert_eq!(run("a").first_difference(&run("a")), None);
    /// let found = run("ebb").first_difference(&run("flow")).unwrap();
    /// assert_eq!(found.nth, 1);
    /// assert!(found.one.unwrap().ends_with("ebb"));
    /// ```
    pub fn first_difference(&self, other: &Record) -> Option<Difference> {
        if (self.hash, self.count) == (other.hash, other.count) {
            return None;
        }
        let nth = self.first_differing(other);
        let line = |record: &Record, nth| record.get(nth).map(|event| event.to_string());
        let event = self.get(nth).or_else(|| other.get(nth));
        Some(Difference {
            nth,
            at: event.map(|event| event.at),
            before: (nth.saturating_sub(BEFORE)..nth).filter_map(|nth| line(self, nth)).collect(),
            one: line(self, nth),
            other: line(other, nth),
        })
    }

    /// The number of the first event that differs.
    fn first_differing(&self, other: &Record) -> u64 {
        if let (Some(one), Some(other)) = (&self.history, &other.history) {
            let same = one.iter().zip(other).take_while(|(one, other)| one == other);
            return same.count() as u64;
        }
        let first = self.first().max(other.first());
        let last = self.count.min(other.count);
        (first..last).find(|nth| self.get(*nth) != other.get(*nth)).unwrap_or(last)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the runs differ first in event {}", self.nth)?;
        for line in &self.before {
            writeln!(f, "  both:  {line}")?;
        }
        let line = |line: &Option<String>| line.clone().unwrap_or_else(|| UNKNOWN.to_owned());
        writeln!(f, "  one:   {}", line(&self.one))?;
        write!(f, "  other: {}", line(&self.other))
    }
}

/// What stands for an event that a record does not have.
const UNKNOWN: &str = "(no such event, or it is not kept: see WorldBuilder::recorded_events)";
