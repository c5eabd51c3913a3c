//! The rounds: all peers of a case in random order, again and again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};

use crate::suite::case::{Area, Case, Plan};
use crate::suite::count::{self, Counter};
use crate::suite::machine::{Stolen, has_tool};
use crate::suite::measure::{Bench, Measured};
use crate::suite::options::{Settings, Suite, SuiteOptions};
use crate::suite::peers::Peer;
use crate::suite::process::{Trouble, is_interrupted, processors};
use crate::suite::results::{CaseResult, chosen};

/// More stolen time than this, and a run is thrown away.
const STOLEN: f64 = 0.02;

/// How often a run is tried that was thrown away.
const TRIES: usize = 3;

/// A peer that has failed this often in a case is not tried again in it.
const FAILURES: usize = 2;

/// What is done once all of an area is known.
pub(crate) type Show<'a> = &'a mut dyn FnMut(&Area, &[CaseResult]);

struct Rounds<'a> {
    bench: Bench,
    options: &'a SuiteOptions,
    settings: Settings,
    progress: ProgressBar,
    random: fastrand::Rng,
    seed: u64,
}

/// Runs the areas, and returns what they have shown; `show` is called after each. Ends early, with
/// what there is, if somebody asks for it.
///
/// # Errors
///
/// If the suite itself cannot run; a peer that fails is told in its row.
pub fn run(
    areas: &[Area],
    options: &SuiteOptions,
    show: Show<'_>,
) -> std::io::Result<Vec<CaseResult>> {
    let settings = options.settings();
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    let steps: usize = areas.iter().map(|area| steps(area, options, settings)).sum();
    let mut rounds = Rounds {
        bench: Bench::new(settings)?,
        options,
        settings,
        progress: progress(steps),
        random: fastrand::Rng::with_seed(seed),
        seed,
    };
    let mut all = Vec::new();
    for area in areas {
        let mut results = Vec::new();
        for case in &area.cases {
            results.push(rounds.case(area.name, case));
            if is_interrupted() {
                break;
            }
        }
        rounds.progress.suspend(|| show(area, &results));
        all.extend(results);
        if is_interrupted() {
            break;
        }
    }
    rounds.progress.finish_and_clear();
    println!("random order from --seed {}", rounds.seed);
    Ok(all)
}

fn progress(steps: usize) -> ProgressBar {
    let progress = ProgressBar::new(steps as u64);
    let style = "{wide_msg} {bar:30} {pos}/{len} {elapsed} (about {eta} left)";
    // It is drawn between runs only: a thread that draws would be in their way.
    if let Ok(style) = ProgressStyle::with_template(style) {
        progress.set_style(style);
    }
    progress
}

/// The runs that an area takes.
fn steps(area: &Area, options: &SuiteOptions, settings: Settings) -> usize {
    let of_case = |case: &Case| {
        let counts = counters(case, settings).len() * settings.count_rounds;
        chosen(case, &options.peers).len() * (rounds_of(case, settings) + counts)
    };
    area.cases.iter().map(of_case).sum()
}

/// The rounds of a case. A cold build takes long, and is much the same each time.
fn rounds_of(case: &Case, settings: Settings) -> usize {
    if matches!(case.plan, Plan::Build) { settings.rounds.min(3) } else { settings.rounds }
}

/// What is counted in this suite, with tools that are there.
fn counters(case: &Case, settings: Settings) -> Vec<(Counter, (u64, u64))> {
    let mut wanted = count::wanted(case);
    wanted.retain(|(counter, _)| match settings.suite {
        Suite::Smoke => false,
        Suite::Quick => counter.metric != crate::suite::metric::Metric::Allocations,
        Suite::Full => true,
    });
    wanted.retain(|(counter, _)| has_tool(counter.tool()));
    wanted
}

impl Rounds<'_> {
    fn case(&mut self, area: &'static str, case: &Case) -> CaseResult {
        let peers = chosen(case, &self.options.peers);
        let mut result = CaseResult::new(area, case.clone(), &peers);
        let mut failures = vec![0; peers.len()];
        for round in 0..rounds_of(case, self.settings) {
            let mut order: Vec<usize> = (0..peers.len()).collect();
            self.random.shuffle(&mut order);
            for at in order {
                self.step(area, case, peers[at], &format!("round {}", round + 1));
                if failures[at] >= FAILURES {
                    continue;
                }
                match self.undisturbed(case, peers[at], &mut result.dropped) {
                    Ok(measured) => {
                        for (metric, value) in measured.into_iter().flatten() {
                            result.rows[at].put(metric, round, value);
                        }
                    }
                    Err(Trouble::Interrupted) => return result,
                    Err(trouble) => {
                        failures[at] += self.told(case, peers[at], &trouble);
                        result.rows[at].lacks = matches!(trouble, Trouble::Lacks(_));
                        result.rows[at].trouble = Some(trouble.to_string());
                    }
                }
            }
        }
        for (counter, lengths) in counters(case, self.settings) {
            let fit = (0..peers.len()).filter(|at| failures[*at] < FAILURES);
            self.count(&mut result, &fit.collect::<Vec<_>>(), counter, lengths);
        }
        result
    }

    /// Counts, on all processors at once: counts do not depend on who else runs.
    fn count(
        &self,
        result: &mut CaseResult,
        rows: &[usize],
        counter: Counter,
        lengths: (u64, u64),
    ) {
        let rounds = self.settings.count_rounds;
        let (case, peers): (_, Vec<_>) =
            (&result.case, result.rows.iter().map(|row| row.peer).collect());
        let next = AtomicUsize::new(0);
        let counted = Mutex::new(Vec::new());
        let work = || {
            loop {
                let job = next.fetch_add(1, Ordering::Relaxed);
                let Some(at) = rows.get(job / rounds).copied() else { return };
                self.step(result.area, case, peers[at], counter.metric.title());
                match count::count(&self.bench, case, peers[at], counter, lengths) {
                    Ok(value) => {
                        let mut counted = counted.lock().unwrap_or_else(PoisonError::into_inner);
                        counted.push((at, job % rounds, value));
                    }
                    Err(Trouble::Interrupted) => return,
                    Err(trouble) => _ = self.told(case, peers[at], &trouble),
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..processors().len().max(1) {
                scope.spawn(work);
            }
        });
        for (at, round, value) in counted.into_inner().unwrap_or_else(PoisonError::into_inner) {
            result.rows[at].put(counter.metric, round, value);
        }
    }

    /// Measures until no time was stolen meanwhile; none if it always was.
    fn undisturbed(
        &self,
        case: &Case,
        peer: &Peer,
        dropped: &mut usize,
    ) -> Result<Option<Measured>, Trouble> {
        for _ in 0..TRIES {
            let before = Stolen::now();
            let measured = self.bench.measure(case, peer)?;
            let smoke = self.settings.suite == Suite::Smoke;
            if smoke || Stolen::now().share_since(before) <= STOLEN {
                return Ok(Some(measured));
            }
            *dropped += 1;
        }
        Ok(None)
    }

    fn step(&self, area: &str, case: &Case, peer: &Peer, what: &str) {
        self.progress.set_message(format!("{area}: {}: {what}: {}", case.name, peer.name));
        self.progress.inc(1);
    }

    /// Tells of a failure, and how much it weighs. That a peer lacks something is no failure, and
    /// will not change.
    fn told(&self, case: &Case, peer: &Peer, trouble: &Trouble) -> usize {
        match trouble {
            Trouble::Lacks(_) => FAILURES,
            trouble => {
                let (name, case) = (peer.name, &case.name);
                self.progress.suspend(|| eprintln!("{name} failed at {case}: {trouble}"));
                1
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::Workload;

    /// The folder of a test's binary holds no peers, so that none can be started.
    #[test]
    fn a_peer_that_fails_is_told_and_the_others_go_on() {
        let mut area = crate::area::all().remove(0);
        let drive = Case::drive("driven", Workload::Yield, 10);
        area.cases = vec![Case::serve("served", Workload::Echo, ""), drive];
        let options = SuiteOptions { rounds: Some(3), seed: Some(1), ..SuiteOptions::default() };
        let mut shown = 0;
        let results = run(&[area], &options, &mut |_, results| shown += results.len()).unwrap();
        assert_eq!((results.len(), shown), (2, 2));
        for row in results.iter().flat_map(|result| &result.rows) {
            assert!(row.trouble.as_ref().unwrap().contains("peer-"), "{row:?}");
            assert!(row.is_missing());
        }
    }
}
