//! The smallest plan that still fails.
//!
//! A plan that a swarm has drawn has a dozen faults, and most of them do not matter. Which do is
//! found by trying, since a run takes milliseconds:
//!
//! 1. *By names.* Faults are left out as long as the run fails for the same reason (`ddmin.rs`).
//!    What remains of the faults that hit packets by chance becomes a list of the packets that were
//!    lost, by their names, and that list is shrunk likewise.
//! 2. *By neighbours.* A fault that is left out shifts what follows, so that the failure may just
//!    be missed. So each fault is left out also with other draws for everything but the plan, and
//!    with the times and lengths of the others shaken (`neighbours.rs`).
//!
//! The first is done for the ten failing seeds with the fewest faults. The second then begins with
//! the smallest, and ends when a plan is small enough. The smallest of all is reported. What is
//! found depends on nothing but the failing seeds: not on the number of threads,
//! and not on how fast they are.

mod ddmin;
mod neighbours;

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::environment::Lines;
use super::order::run_orders;
use super::{Sweep, pool};
use crate::plan::{Fault, Plan, Planned};
use crate::scenario::{self, Case, Run};

/// How many failing seeds are looked at.
const SEEDS: usize = 10;

/// When a plan is that small, no other seed is looked at.
const ENOUGH: usize = 2;

/// How many records the runs for one failing seed may make together. It bounds the time that
/// shrinking takes where runs are long: to half a minute or so.
const RECORDS: u64 = if cfg!(debug_assertions) { 3_000_000 } else { 30_000_000 };

/// Of more packets that were lost by chance the one that matters is not looked for.
const MAX_LOST: usize = 300;

/// A run that failed.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) case: Case,
    pub(super) run: Run,
    pub(super) failure: scenario::Failure,
    /// How many faults the plan of its seed had.
    pub(super) drawn: usize,
}

impl Found {
    /// `None` if the run has passed.
    pub(super) fn new(case: Case, mut run: Run) -> Option<Self> {
        let failure = run.failure.clone()?;
        // Thousands of worlds would be much to keep.
        run.world = None;
        let drawn = run.plan.faults().len();
        Some(Self { case, run, failure, drawn })
    }

    fn faults(&self) -> usize {
        self.run.plan.faults().len()
    }
}

/// The case of a run with its plan written out.
pub(super) fn exact(case: &Case, run: &Run) -> Case {
    Case { plan: Some(run.plan.clone()), ..case.clone() }
}

/// What all reasons of the same kind have in common: the text without its numbers.
pub(super) fn group(reason: &str) -> String {
    let mut group = String::new();
    for c in reason.chars() {
        match c {
            '0'..='9' if group.ends_with('#') => {}
            '0'..='9' => group.push('#'),
            _ => group.push(c),
        }
    }
    group
}

/// The smallest of what the failing seeds shrink to; those that fail for the reason of the first.
pub(super) fn shrink(
    sweep: &Sweep,
    failing: &[Found],
    jobs: NonZero<usize>,
    lines: &mut Option<Lines>,
) -> Found {
    let reason = group(&failing[0].failure.reason);
    let mut seeds: Vec<&Found> =
        failing.iter().filter(|found| group(&found.failure.reason) == reason).collect();
    seeds.sort_by_key(|found| (found.faults(), found.case.seed));
    seeds.truncate(SEEDS);
    let progress = ShrinkProgress {
        runs: AtomicU64::new(0),
        is_over: AtomicBool::new(false),
        lines: Mutex::new(lines.take()),
    };
    // 1. By names, which takes few runs.
    let by_names = |number: usize| {
        let mut shrinker = Shrinker::new(sweep, seeds[number], &reason, &progress);
        shrinker.shrink_by_names();
        shrinker
    };
    let mut shrinkers = Vec::new();
    pool::in_order(seeds.len(), jobs, by_names, |shrinker: Shrinker<'_>| {
        let is_over = shrinker.best.faults() <= 1;
        shrinkers.push(shrinker);
        progress.is_over.store(is_over, Ordering::Relaxed);
        !is_over
    });
    // 2. By neighbours, the smallest first.
    shrinkers.sort_by_key(|shrinker| (shrinker.best.faults(), shrinker.best.case.seed));
    let mut smallest = shrinkers[0].best.clone();
    let by_neighbours = |number: usize| shrinkers[number].clone().shrink_by_neighbours();
    if smallest.faults() > 1 {
        pool::in_order(shrinkers.len(), jobs, by_neighbours, |found: Found| {
            if found.faults() < smallest.faults() {
                smallest = found;
            }
            let is_over = smallest.faults() <= ENOUGH;
            progress.is_over.store(is_over, Ordering::Relaxed);
            !is_over
        });
    }
    *lines = progress.lines.into_inner().unwrap_or_default();
    smallest
}

/// What all shrinkers share; nothing that they find depends on it.
struct ShrinkProgress {
    runs: AtomicU64,
    /// Whether what is still being looked for will not be used.
    is_over: AtomicBool,
    lines: Mutex<Option<Lines>>,
}

impl ShrinkProgress {
    fn count(&self, faults: usize) {
        let runs = self.runs.fetch_add(1, Ordering::Relaxed) + 1;
        if runs.is_multiple_of(100)
            && let Ok(mut lines) = self.lines.lock()
            && let Some(lines) = &mut *lines
        {
            // Who asked may be gone; the search goes on.
            _ = lines.shrinking(runs, faults);
        }
    }
}

/// The search that starts from one failing seed.
#[derive(Clone)]
struct Shrinker<'a> {
    sweep: &'a Sweep,
    reason: &'a str,
    progress: &'a ShrinkProgress,
    best: Found,
    /// What may still be spent.
    runs: u64,
    records: u64,
}

impl<'a> Shrinker<'a> {
    fn new(sweep: &'a Sweep, found: &Found, reason: &'a str, progress: &'a ShrinkProgress) -> Self {
        let best = found.clone();
        Self { sweep, reason, progress, best, runs: sweep.shrink_runs, records: RECORDS }
    }

    fn shrink_by_names(&mut self) {
        self.leave_out();
        self.name_packets();
    }

    fn shrink_by_neighbours(mut self) -> Found {
        while self.best.faults() > 1 && self.try_neighbours() {
            self.shrink_by_names();
        }
        self.best
    }

    /// Puts the packets that were lost by chance, by their names, in the place of what lost them,
    /// if that is not more to read.
    fn name_packets(&mut self) {
        let by_chance =
            |planned: &Planned| matches!(planned.fault, Fault::Loss { .. } | Fault::Corrupt { .. });
        let faults = self.best.run.plan.faults().iter();
        let (chances, mut faults): (Vec<Planned>, Vec<Planned>) =
            faults.cloned().partition(by_chance);
        if chances.is_empty() || self.best.run.lost.len() > MAX_LOST {
            return;
        }
        let before = self.best.clone();
        let lost = self.best.run.lost.iter().cloned();
        faults.extend(lost.map(|packet| Fault::lose(packet).at(Duration::ZERO)));
        if self.fails_with(faults, self.best.case.world_seed) == Some(true) {
            self.leave_out();
        }
        if self.best.faults() > before.faults() {
            self.best = before;
        }
    }

    /// Leaves out faults for as long as the run fails.
    fn leave_out(&mut self) {
        let faults = self.best.run.plan.faults().to_vec();
        ddmin::minimise(faults, |faults| {
            self.fails_with(faults.to_vec(), self.best.case.world_seed)
        });
    }

    /// Whether a run with these faults fails for the same reason; if so, it is the best from now
    /// on. `None` if no more runs are to be made.
    fn fails_with(&mut self, faults: Vec<Planned>, world_seed: u64) -> Option<bool> {
        if self.runs == 0 || self.records == 0 || self.progress.is_over.load(Ordering::Relaxed) {
            return None;
        }
        self.runs -= 1;
        let plan = Some(Plan::from(faults));
        let mut case = Case { plan, world_seed, ..self.best.case.clone() };
        let run = run_orders(self.sweep.runner, &self.sweep.body(), &mut case);
        self.progress.count(self.best.faults());
        // A plan without some of its faults can be wrong where the whole was not.
        let Ok(run) = run else { return Some(false) };
        self.records = self.records.saturating_sub(run.records);
        match Found::new(case, run) {
            Some(found) if group(&found.failure.reason) == self.reason => {
                self.best = Found { drawn: self.best.drawn, ..found };
                Some(true)
            }
            _ => Some(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::group;

    #[test]
    fn reasons_that_differ_by_numbers_are_of_one_group() {
        assert_eq!(group("Op 31 began after Op 29"), group("Op 7 began after Op 1234"));
        assert_ne!(group("Op 31 began"), group("Op 31 ended"));
    }
}
