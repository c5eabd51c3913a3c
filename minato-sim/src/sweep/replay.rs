//! Replaying a line, and what is printed of a run.

use std::io::{self, Write};

use super::environment::Request;
use super::line::{Line, short};
use super::order::run_orders;
use super::report::{Failure, Report, Smallest};
use super::{Sweep, shrink};
use crate::scenario::{Body, Run};

/// How many of the last steps of a run are printed.
const TAIL: usize = 40;

/// Runs what a line says, and nothing else.
pub(super) fn replay(sweep: &Sweep, text: &str, request: &Request) -> Result<Report, Failure> {
    let refuse = |why: String| sweep.refuse(format!("cannot replay MINATO_SIM='{text}': {why}"));
    let line = Line::parse(text).map_err(refuse)?;
    if line.scenario != sweep.name {
        // `minato sim` replays the lines of a test by running the test, whose other sweeps are not
        // asked for.
        if request.events.is_some() {
            return Ok(Report::none(&sweep.name));
        }
        let why = format!("it is of the scenario {}, and this is {}", line.scenario, sweep.name);
        return Err(refuse(why));
    }
    let mut case = line.case.clone();
    let keeps_all = |builder| super::record::keeps_all((sweep.world)(builder));
    let body = match request.record {
        Some(_) => Body { describe: &*sweep.describe, world: &keeps_all },
        None => sweep.body(),
    };
    let run = run_orders(sweep.runner, &body, &mut case).map_err(refuse)?;
    super::record::keep(sweep, request, &run).map_err(|error| refuse(error.to_string()))?;
    let hash = short(run.hash);
    let changed = line.hash.filter(|expected| *expected != hash).map(|expected| {
        format!(
            "the program has changed since the line was printed: what the run did had the hash \
             {expected:08x}, and now has {hash:08x}"
        )
    });
    let now = Line { hash: Some(hash), case: shrink::exact(&case, &run), ..line };
    let mut report = Report::none(&sweep.name);
    report.add(&run);
    let failure = match (&run.failure, changed) {
        (Some(failure), None) => format!("fails in this run: {}", failure.reason),
        (Some(failure), Some(changed)) => {
            format!("still fails in this run: {}\n{changed}", failure.reason)
        }
        (None, Some(changed)) => format!("does not fail in this run any more; {changed}"),
        (None, None) => {
            _ = writeln!(io::stderr(), "{}\nthe run passed: {now}", tail(&run));
            return Ok(report);
        }
    };
    let failure = sweep.refuse(failure).with(tail(&run)).with(format!("replayed: {now}"));
    let (replay, failed) = (now.to_string(), vec![case.seed]);
    Err(failure.seen_again(Smallest { replay, plan: run.plan, failed }))
}

/// The end of a run: its last steps, and in which state it was.
pub(super) fn tail(run: &Run) -> String {
    let mut text = "the last steps of the run:".to_owned();
    for step in run.world.iter().flat_map(|world| world.record().tail(TAIL)) {
        text += &format!("\n  {step}");
    }
    if let Some(failure) = &run.failure {
        let at = failure.at.as_secs_f64();
        text += &format!("\nand at {at:.6} s: {}{}", failure.reason, failure.detail);
    }
    text
}
