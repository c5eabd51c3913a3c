//! All seeds of a sweep, and what becomes of those that fail.

use std::collections::BTreeMap;
use std::num::NonZero;

use super::environment::{Lines, Progress, Request};
use super::line::{Line, short};
use super::order::run_orders;
use super::report::{Failure, Report, Smallest};
use super::shrink::{self, Found};
use super::{Sweep, determinism, pool, record, replay};
use crate::scenario::{Case, Run};

/// Runs all seeds.
pub(super) fn sweep(sweep: &Sweep, request: &Request) -> Result<Report, Failure> {
    let refuse = |error: std::io::Error| sweep.refuse(error.to_string());
    let mut lines = request.events.as_deref().map(Lines::add_to).transpose().map_err(refuse)?;
    if let Some(lines) = &mut lines {
        lines.scenario(&sweep.test(), &sweep.name, &sweep.seeds).map_err(refuse)?;
    }
    let result = run_all(sweep, request, &mut lines);
    if let Some(lines) = &mut lines {
        if let Err(failure) = &result {
            let replay = failure.replay().unwrap_or_default();
            lines.failure(replay, &failure.to_string()).map_err(refuse)?;
        }
        lines.end().map_err(refuse)?;
    }
    result
}

fn run_all(sweep: &Sweep, request: &Request, lines: &mut Option<Lines>) -> Result<Report, Failure> {
    let jobs = request.jobs.unwrap_or_else(pool::processors);
    if sweep.checks_first {
        determinism::check(sweep, sweep.seeds.start)?;
    }
    let (report, failing) = run_seeds(sweep, jobs, lines)?;
    if !failing.is_empty() {
        if failing.iter().any(|found| found.drawn > 1) {
            report.print_failed();
        }
        let mut smallest = shrink::shrink(sweep, &failing, jobs, lines);
        // Once more, for its world.
        let again = run_orders(sweep.runner, &sweep.body(), &mut smallest.case);
        smallest.run = again.map_err(|why| sweep.refuse(why))?;
        let written = record::keep(sweep, request, &smallest.run);
        let failure = describe(sweep, &report, &failing, smallest);
        return Err(match written {
            Ok(()) => failure,
            Err(error) => failure.with(format!("its record could not be kept: {error}")),
        });
    }
    // A few seeds or faults that somebody asked for need not reach everything.
    if request.seeds.is_none() && request.faults.is_none() {
        check_reached(sweep, &report)?;
    }
    Ok(report)
}

/// Runs the seeds in all orders, and returns those that failed.
fn run_seeds(
    sweep: &Sweep,
    jobs: NonZero<usize>,
    lines: &mut Option<Lines>,
) -> Result<(Report, Vec<Found>), Failure> {
    let orders = sweep.orders.len();
    let seeds = usize::try_from(sweep.seeds.end - sweep.seeds.start).ok();
    let Some(count) = seeds.and_then(|seeds| seeds.checked_mul(orders)) else {
        return Err(sweep.refuse("there are too many seeds".to_owned()));
    };
    let case_of = |number: usize| Case {
        order: sweep.orders[number % orders].clone(),
        ..sweep.case(sweep.seeds.start + (number / orders) as u64)
    };
    let body = sweep.body();
    let run = |number: usize| {
        let mut case = case_of(number);
        let run = run_orders(sweep.runner, &body, &mut case)?;
        Ok((case, run))
    };
    let mut report = Report::none(&sweep.name);
    let (mut failing, mut refused) = (Vec::new(), None);
    let every = (count / 200).max(1) as u64;
    pool::in_order(count, jobs, run, |result: Result<(Case, Run), String>| {
        let (case, run) = match result {
            Ok(done) => done,
            Err(why) => {
                refused = Some(why);
                return false;
            }
        };
        report.add(&run);
        if let Some(lines) = lines
            && (report.seeds().is_multiple_of(every) || report.seeds() == count as u64)
        {
            tell(lines, &report);
        }
        failing.extend(Found::new(case, run));
        true
    });
    match refused {
        Some(why) => Err(sweep.refuse(why)),
        None => Ok((report, failing)),
    }
}

fn tell(lines: &mut Lines, report: &Report) {
    let (faults, marks) = report.counts();
    // Who asked may be gone; the sweep goes on.
    _ = lines.progress(&Progress {
        seeds: report.seeds(),
        failed: report.failed(),
        virtual_time: report.simulated(),
        faults,
        marks,
    });
}

/// Fails if the sweep, of which every run passed, has not tried what it was to try.
fn check_reached(sweep: &Sweep, report: &Report) -> Result<(), Failure> {
    let missing: Vec<&str> =
        sweep.marks.iter().map(String::as_str).filter(|mark| report.reached(mark) == 0).collect();
    if !missing.is_empty() {
        let reason = format!("reached no mark called {} with any seed", missing.join(", "));
        return Err(Failure::new(&sweep.name, reason).with(report.to_string()));
    }
    let inert: Vec<&str> = report.inert().into_iter().map(|kind| kind.word()).collect();
    if !inert.is_empty() {
        let inert = inert.join(", ");
        let reason = format!("had faults that never struck anything with any seed: {inert}");
        let advice = "a fault that strikes nothing tests nothing: give the swarm a time in which \
                      the hosts talk, or leave the kind out";
        return Err(Failure::new(&sweep.name, reason).with(advice).with(report.to_string()));
    }
    Ok(())
}

/// The report of a sweep that failed.
fn describe(sweep: &Sweep, report: &Report, failing: &[Found], smallest: Found) -> Failure {
    let first = &failing[0];
    let (failed, all) = (report.failed(), report.seeds());
    let reason = format!("failed with {failed} of {all} seeds: {}", first.failure.reason);
    let mut failure = Failure::new(&sweep.name, reason);
    // 1. The other reasons, by how many seeds have them.
    let mut groups: BTreeMap<String, (u64, &Found)> = BTreeMap::new();
    for found in failing {
        groups.entry(shrink::group(&found.failure.reason)).or_insert((0, found)).0 += 1;
    }
    if groups.len() > 1 {
        let mut groups: Vec<_> = groups.into_values().collect();
        groups.sort_by_key(|(count, found)| (u64::MAX - count, found.case.seed));
        for (count, found) in groups {
            let (seed, reason) = (found.case.seed, &found.failure.reason);
            failure = failure.with(format!("  {count} of them as seed {seed}: {reason}"));
        }
    }
    // 2. The smallest plan, and how it is run again.
    let Found { case, run, drawn, .. } = &smallest;
    let (faults, seed) = (run.plan.faults().len(), case.seed);
    let line = Line {
        scenario: sweep.name.clone(),
        case: shrink::exact(case, run),
        hash: Some(short(run.hash)),
    };
    let count = if faults == 1 { "1 fault".to_owned() } else { format!("{faults} faults") };
    failure = failure
        .with(format!("smallest: {count} (of {drawn}), seed {seed}"))
        .with(format!("  MINATO_SIM='{line}' cargo test {}", sweep.test()))
        .with("as code:")
        .with(code(sweep, &line.case))
        .with(replay::tail(run));
    failure.seen_again(Smallest {
        replay: line.to_string(),
        plan: run.plan.clone(),
        failed: failing.iter().map(|found| found.case.seed).collect(),
    })
}

/// A sweep of this case alone, as Rust.
fn code(sweep: &Sweep, case: &Case) -> String {
    let seed = case.seed;
    let mut code = format!("    sweep({})\n        .seeds({seed}..{})", sweep.name, seed + 1);
    if case.world_seed != seed {
        code += &format!("\n        .world_seed({})", case.world_seed);
    }
    if let Some(order) = case.order.code() {
        code += &format!("\n        .order({order})");
    }
    let plan = case.plan.as_ref().map(|plan| plan.code(8)).unwrap_or_default();
    code + &format!("\n        .plan({plan})\n        .run();")
}
