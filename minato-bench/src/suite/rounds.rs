//! The course of a run: for each case all peers in random order, again and again.
//!
//! Cases that alternate go on until their targets are decided, as far as the settings allow.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::suite::alternate;
use crate::suite::case::{Area, Case, Plan, Slices};
use crate::suite::count::{self, Counter};
use crate::suite::machine::{Stolen, has_tool};
use crate::suite::measure::{Bench, Measured};
use crate::suite::options::{Settings, Suite, SuiteOptions};
use crate::suite::peers::Peer;
use crate::suite::process::{Trouble, is_interrupted, processors};
use crate::suite::results::{CaseResult, chosen};
use crate::suite::target::{Target, Verdict, targets};

/// More stolen time than this, and a run is thrown away.
const STOLEN: f64 = 0.02;

/// How often a run is tried that was thrown away.
const TRIES: usize = 3;

/// A peer that has failed this often in a case is not tried again in it.
const FAILURES: usize = 2;

/// How long things take, in seconds: a process to start and end, the two runs of a count, a cold
/// build.
const START_UP: f64 = 0.06;
const COUNT: f64 = 1.5;
const BUILD: f64 = 40.0;

/// A case is given up after so many starts in which the load failed.
const FAILED_STARTS: usize = 4;

/// What is done once all of an area is known.
pub(crate) type Show<'a> = &'a mut dyn FnMut(&Area, &[CaseResult]);

struct Rounds<'a> {
    bench: Bench,
    options: &'a SuiteOptions,
    settings: Settings,
    progress: ProgressBar,
    random: fastrand::Rng,
    seed: u64,
    targets: Vec<Target>,
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
        targets: targets(),
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
        let rounds = match case.slices {
            Some(slices) => settings.starts * slices.starts,
            None => chosen(case, &options.peers).len() * rounds_of(case, settings),
        };
        rounds + chosen(case, &options.peers).len() * counts
    };
    area.cases.iter().map(of_case).sum()
}

/// How long the suite takes, about, on a machine that does nothing else. What the starts do not
/// decide takes up to half as long again.
pub fn expected(areas: &[Area], options: &SuiteOptions) -> Duration {
    let settings = options.settings();
    let of_case = |case: &Case| {
        let peers = chosen(case, &options.peers).len() as f64;
        let counts = counters(case, settings).len() * settings.count_rounds;
        let measured = match case.slices {
            Some(slices) => {
                let slices_of_start = (slices.blocks + 1) as f64 * slices.milliseconds / 1e3;
                (settings.starts * slices.starts) as f64 * peers * (START_UP + slices_of_start)
            }
            None if matches!(case.plan, Plan::Build) => {
                rounds_of(case, settings) as f64 * peers * BUILD
            }
            None => {
                let seconds = (settings.seconds + settings.warm_up).as_secs_f64();
                rounds_of(case, settings) as f64 * peers * (START_UP + seconds)
            }
        };
        measured + counts as f64 * peers * COUNT / processors().len().max(1) as f64
    };
    Duration::from_secs_f64(areas.iter().flat_map(|area| &area.cases).map(of_case).sum())
}

/// The rounds of a case. A cold build takes long, and is much the same each time.
fn rounds_of(case: &Case, settings: Settings) -> usize {
    if matches!(case.plan, Plan::Build) { settings.rounds.min(8) } else { settings.rounds }
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
        match case.slices {
            Some(slices) => self.starts(&mut result, slices, &mut failures),
            None => self.rounds(&mut result, &mut failures),
        }
        if is_interrupted() {
            return result;
        }
        for (counter, lengths) in counters(case, self.settings) {
            let fit = (0..peers.len()).filter(|at| failures[*at] < FAILURES);
            self.count(&mut result, &fit.collect::<Vec<_>>(), counter, lengths);
        }
        result
    }

    /// Starts all peers at once and loads them in turns, until that decides.
    fn starts(&mut self, result: &mut CaseResult, slices: Slices, failures: &mut [usize]) {
        let planned = self.settings.starts * slices.starts;
        let most = self.settings.most_starts * slices.starts;
        let mut failed = 0;
        for turn in 0..most {
            if turn >= planned && self.is_decided(result) || is_interrupted() {
                return;
            }
            self.progress.set_message(format!(
                "{}: {}: start {}",
                result.area,
                result.case.name,
                turn + 1
            ));
            self.progress.inc(u64::from(turn < planned));
            let fit = (0..failures.len()).filter(|at| failures[*at] < FAILURES);
            let peers: Vec<&'static Peer> = fit.map(|at| result.rows[at].peer).collect();
            let case = &result.case;
            match alternate::start(&self.bench, case, slices, &peers, &mut self.random) {
                Ok(started) => {
                    result.add(started.start);
                    for (peer, trouble) in started.troubles {
                        self.blame(result, failures, peer, &trouble);
                    }
                }
                Err(Trouble::Interrupted) => return,
                Err(trouble) => {
                    failed += 1;
                    // The load names the server that has failed it.
                    let of = |peer: &&Peer| trouble.to_string().contains(&peer.blamed());
                    match peers.into_iter().find(of) {
                        Some(peer) => self.blame(result, failures, peer, &trouble),
                        None => self.progress.suspend(|| eprintln!("{}: {trouble}", case.name)),
                    }
                    if failed > FAILED_STARTS {
                        return;
                    }
                }
            }
        }
    }

    /// Whether more starts would tell no more about the targets of this case.
    fn is_decided(&self, result: &CaseResult) -> bool {
        let about = self.targets.iter().filter(|target| target.is_about(result));
        let mut verdicts = about
            .filter(|target| result.alternates(target.metric))
            .map(|target| target.judge(std::slice::from_ref(result)).verdict);
        verdicts.all(|verdict| verdict != Verdict::Open)
    }

    fn blame(
        &self,
        result: &mut CaseResult,
        failures: &mut [usize],
        peer: &Peer,
        trouble: &Trouble,
    ) {
        let Some(at) = result.rows.iter().position(|row| row.peer == peer) else { return };
        failures[at] += self.told(&result.case, peer, trouble);
        result.rows[at].lacks = matches!(trouble, Trouble::Lacks(_));
        result.rows[at].trouble = Some(trouble.to_string());
    }

    /// Starts one peer after the other.
    fn rounds(&mut self, result: &mut CaseResult, failures: &mut [usize]) {
        for round in 0..rounds_of(&result.case, self.settings) {
            let mut order: Vec<usize> = (0..failures.len()).collect();
            self.random.shuffle(&mut order);
            for at in order {
                let peer = result.rows[at].peer;
                self.step(result.area, &result.case, peer, &format!("round {}", round + 1));
                if failures[at] >= FAILURES {
                    continue;
                }
                match self.undisturbed(&result.case, peer, &mut result.dropped) {
                    Ok(measured) => {
                        for (metric, value) in measured.into_iter().flatten() {
                            result.rows[at].put(metric, round, value);
                        }
                    }
                    Err(Trouble::Interrupted) => return,
                    Err(trouble) => self.blame(result, failures, peer, &trouble),
                }
            }
        }
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

    #[test]
    fn the_quick_suite_takes_a_quarter_of_an_hour_at_most() {
        let quick = SuiteOptions::default();
        let areas = crate::area::chosen(&quick).unwrap();
        let minutes = expected(&areas, &quick).as_secs() / 60;
        assert!((3..=12).contains(&minutes), "{minutes}, and half as long again for what is open");
        let full = SuiteOptions { full: true, ..SuiteOptions::default() };
        let areas = crate::area::chosen(&full).unwrap();
        assert!(expected(&areas, &full).as_secs() / 60 > minutes);
    }

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
