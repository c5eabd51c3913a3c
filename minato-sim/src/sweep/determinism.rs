//! Whether a seed decides everything: two runs of it, and the first step that differs.

use super::Sweep;
use super::line::short;
use super::order::run_orders;
use super::report::Failure;
use crate::builder::WorldBuilder;
use crate::scenario::{Body, Run};

/// How many steps before the first difference are told.
const BEFORE: usize = 8;

/// Runs a seed twice. An error tells what differs.
pub(super) fn check(sweep: &Sweep, seed: u64) -> Result<(), Failure> {
    let runs = [run(sweep, seed, &sweep.body())?, run(sweep, seed, &sweep.body())?];
    if runs[0].hash == runs[1].hash {
        return Ok(());
    }
    // Again, with everything kept that happens.
    let keeps_all = |builder: WorldBuilder| (sweep.world)(builder).recorded_events(usize::MAX);
    let body = Body { describe: &*sweep.describe, world: &keeps_all };
    let steps = |run: Run| run.world.map_or_else(Vec::new, |world| world.record().tail(usize::MAX));
    let records = [steps(run(sweep, seed, &body)?), steps(run(sweep, seed, &body)?)];
    let reason = format!("does something else when seed {seed} is run again");
    let failure = Failure::new(&sweep.name, reason);
    let Some(text) = difference(&records) else {
        let [one, other] = runs.map(|run| format!("{:08x} after {:?}", short(run.hash), run.time));
        return Err(failure.with(format!(
            "the first run ended with the hash {one} and the second with {other} of virtual time; \
             two more, for comparison, had no step that differs, so that the difference is in a \
             sleep or in bytes that were sent"
        )));
    };
    Err(failure.with(text).with(
        "Something decides that the seed does not: a std hash map on another thread, a real clock, \
         a random number of the system, a static. minato::sim::interpose!() closes most of these \
         ways.",
    ))
}

fn run(sweep: &Sweep, seed: u64, body: &Body<'_>) -> Result<Run, Failure> {
    run_orders(sweep.runner, body, &mut sweep.case(seed)).map_err(|why| sweep.refuse(why))
}

/// The first step that differs, with those before it.
fn difference([one, other]: &[Vec<String>; 2]) -> Option<String> {
    let same = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    if same == one.len() && same == other.len() {
        return None;
    }
    let mut text = format!("both runs did the same for {same} steps, of which these are the last:");
    for step in &one[same.saturating_sub(BEFORE)..same] {
        text += &format!("\n  {step}");
    }
    let step = |steps: &[String]| steps.get(same).map_or("(its end)", String::as_str).to_owned();
    text += &format!("\nthen the first run did\n  {}", step(one));
    text += &format!("\nand the second\n  {}", step(other));
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn the_first_step_that_differs_is_named_with_those_before() {
        let steps = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(difference(&[steps("a b c"), steps("a b c")]), None);
        let text = difference(&[steps("a b c d"), steps("a b x d")]).unwrap();
        assert!(text.contains("for 2 steps"), "{text}");
        assert!(text.ends_with("first run did\n  c\nand the second\n  x"), "{text}");
        let text = difference(&[steps("a b"), steps("a b c")]).unwrap();
        assert!(text.ends_with("first run did\n  (its end)\nand the second\n  c"), "{text}");
    }
}
