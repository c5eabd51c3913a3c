//! What a sweep tells: the line of one that passed, and the text of one that failed.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use crate::plan::Plan;
use crate::scenario::Run;
use crate::strikes::{FaultKind, Strikes};

/// How often each of something has happened.
type Counts<'a> = Vec<(&'a str, u64)>;

/// What a sweep did. It prints as one line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    scenario: String,
    seeds: u64,
    failed: u64,
    time: Duration,
    planned: BTreeMap<FaultKind, u64>,
    struck: Strikes,
    marks: BTreeMap<String, u64>,
}

impl Report {
    pub(super) fn none(scenario: &str) -> Self {
        Self { scenario: scenario.to_owned(), ..Self::default() }
    }

    /// Counts the runs of a seed.
    pub(super) fn add(&mut self, run: &Run) {
        self.seeds += 1;
        self.failed += u64::from(run.failure.is_some());
        self.time = self.time.saturating_add(run.time);
        for planned in run.plan.faults() {
            *self.planned.entry(planned.fault.kind()).or_insert(0) += 1;
        }
        self.struck.add(&run.strikes);
        for (mark, count) in &run.marks {
            *self.marks.entry(mark.clone()).or_insert(0) += count;
        }
    }

    /// How many seeds were run, or with several orders of tasks how many pairs of both.
    pub fn seeds(&self) -> u64 {
        self.seeds
    }

    /// How many of them failed.
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// The virtual time of all runs together.
    pub fn simulated(&self) -> Duration {
        self.time
    }

    /// How many faults of this kind the plans had.
    pub fn planned(&self, kind: FaultKind) -> u64 {
        self.planned.get(&kind).copied().unwrap_or(0)
    }

    /// How often faults of this kind have hit something: a packet, a call, a host.
    pub fn struck(&self, kind: FaultKind) -> u64 {
        self.struck.get(kind)
    }

    /// How often a mark was reached.
    pub fn reached(&self, mark: &str) -> u64 {
        self.marks.get(mark).copied().unwrap_or(0)
    }

    /// The kinds that plans had and that have never struck.
    pub(super) fn inert(&self) -> Vec<FaultKind> {
        self.planned.keys().copied().filter(|kind| self.struck(*kind) == 0).collect()
    }

    /// The counts by kind and by mark, for [`Progress`](super::environment::Progress).
    pub(super) fn counts(&self) -> (Counts<'_>, Counts<'_>) {
        let faults = self.struck.iter().map(|(kind, count)| (kind.word(), count)).collect();
        let marks = self.marks.iter().map(|(mark, count)| (mark.as_str(), *count)).collect();
        (faults, marks)
    }

    /// Says that some seeds have failed, since what follows may take a while.
    pub(super) fn print_failed(&self) {
        let Self { scenario, seeds, failed, .. } = self;
        let text = format!("{scenario}: {failed} of {seeds} seeds failed; shrinking their plans");
        _ = writeln!(io::stderr(), "minato sim: {text}");
    }

    /// Prints the line past the harness, which would keep what a test that passes prints.
    pub(super) fn print(&self) {
        if self.seeds > 0 {
            _ = writeln!(io::stderr(), "minato sim: {self}");
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = self.time.as_secs_f64() / 3600.0;
        write!(f, "{}: {} seeds, {hours:.3} simulated hours; ", self.scenario, self.seeds)?;
        let (faults, marks) = self.counts();
        write!(f, "faults that struck: {}", list(&faults))?;
        if !marks.is_empty() {
            write!(f, "; marks: {}", list(&marks))?;
        }
        Ok(())
    }
}

fn list(counts: &[(&str, u64)]) -> String {
    let each: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    if each.is_empty() { "none".to_owned() } else { each.join(", ") }
}

/// Why a sweep failed. It prints as the whole report.
#[derive(Clone, PartialEq)]
pub struct Failure {
    scenario: String,
    reason: String,
    /// What follows the first line.
    more: String,
    smallest: Option<Box<Smallest>>,
}

/// How a failure is seen again.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Smallest {
    pub(super) replay: String,
    pub(super) plan: Plan,
    pub(super) failed: Vec<u64>,
}

impl Failure {
    pub(super) fn new(scenario: &str, reason: impl Into<String>) -> Self {
        Self {
            scenario: scenario.to_owned(),
            reason: reason.into(),
            more: String::new(),
            smallest: None,
        }
    }

    /// Adds lines to the report.
    pub(super) fn with(mut self, more: impl AsRef<str>) -> Self {
        self.more.push('\n');
        self.more += more.as_ref();
        self
    }

    /// Adds how it is seen again.
    pub(super) fn seen_again(mut self, smallest: Smallest) -> Self {
        self.smallest = Some(Box::new(smallest));
        self
    }

    /// The first line of the report, without the scenario.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The line that replays the failure, as `MINATO_SIM` takes it.
    pub fn replay(&self) -> Option<&str> {
        self.smallest.as_ref().map(|smallest| smallest.replay.as_str())
    }

    /// The smallest plan that was found to fail.
    pub fn plan(&self) -> Option<&Plan> {
        self.smallest.as_ref().map(|smallest| &smallest.plan)
    }

    /// The seeds that failed.
    pub fn failed_seeds(&self) -> &[u64] {
        self.smallest.as_ref().map_or(&[], |smallest| &smallest.failed)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.scenario, self.reason, self.more)
    }
}

/// The same: this is what an `unwrap` shows.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Failure {}
