//! Whether a seed decides everything: two runs of it, and the first event that differs.

use super::Sweep;
use super::line::short;
use super::order::run_orders;
use super::report::Failure;
use crate::builder::WorldBuilder;
use crate::scenario::{Body, Run};

/// Runs a seed twice. An error tells what differs.
pub(super) fn check(sweep: &Sweep, seed: u64) -> Result<(), Failure> {
    let runs = [run(sweep, seed, &sweep.body())?, run(sweep, seed, &sweep.body())?];
    if runs[0].hash == runs[1].hash {
        return Ok(());
    }
    // Again, with everything kept that happens.
    let keeps_all = |builder: WorldBuilder| {
        (sweep.world)(builder).recorded_events(usize::MAX).hash_history(true)
    };
    let body = Body { describe: &*sweep.describe, world: &keeps_all };
    let record = |run: Run| run.world.map(|world| world.record());
    let records = (record(run(sweep, seed, &body)?), record(run(sweep, seed, &body)?));
    let reason = format!("does something else when seed {seed} is run again");
    let failure = Failure::new(&sweep.name, reason);
    let difference = match &records {
        // Without two events that differ it would tell nothing.
        (Some(one), Some(other)) => one.first_difference(other).filter(|it| it.one != it.other),
        _ => None,
    };
    let Some(difference) = difference else {
        let [one, other] = runs.map(|run| format!("{:08x} after {:?}", short(run.hash), run.time));
        return Err(failure.with(format!(
            "the first run ended with the hash {one} and the second with {other} of virtual time; \
             two more, for comparison, had no event that differs, so that the difference is in a \
             sleep or in bytes that were sent"
        )));
    };
    Err(failure.with(difference.to_string()).with(
        "Something decides that the seed does not: a std hash map on another thread, a real clock, \
         a random number of the system, a static. minato::sim::interpose!() closes most of these \
         ways.",
    ))
}

fn run(sweep: &Sweep, seed: u64, body: &Body<'_>) -> Result<Run, Failure> {
    run_orders(sweep.runner, body, &mut sweep.case(seed)).map_err(|why| sweep.refuse(why))
}
