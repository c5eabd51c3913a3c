//! Leaving out a fault while something else changes a little.

use std::time::Duration;

use super::Shrinker;
use crate::plan::{Draws, Planned};

/// How many other draws of the world are tried without each fault.
const DRAWS: u64 = 50;

/// How many shaken plans are tried without each fault.
const SHAKES: u64 = 50;

impl Shrinker<'_> {
    /// Looks for a failing run with one fault less. Returns whether it found one.
    pub(super) fn try_neighbours(&mut self) -> bool {
        let faults = self.best.run.plan.faults().to_vec();
        let (seed, world_seed) = (self.best.case.seed, self.best.case.world_seed);
        let without = |left_out: usize| {
            let mut rest = faults.clone();
            rest.remove(left_out);
            rest
        };
        // 1. Other draws for everything but the plan. Small numbers make a short line.
        for other in (0..=DRAWS).filter(|other| *other != world_seed) {
            for left_out in 0..faults.len() {
                match self.fails_with(without(left_out), other) {
                    Some(false) => {}
                    found => return found.is_some(),
                }
            }
        }
        // 2. Other times and lengths of the faults that remain, too.
        for nth in 0..SHAKES {
            for left_out in 0..faults.len() {
                let mut draws = Draws::new(seed ^ nth << 32, "shake");
                let shaken = without(left_out).into_iter();
                let shaken = shaken.map(|planned| shake(planned, &mut draws)).collect();
                let world_seed = if nth % 2 == 0 { world_seed } else { nth };
                match self.fails_with(shaken, world_seed) {
                    Some(false) => {}
                    found => return found.is_some(),
                }
            }
        }
        false
    }
}

/// The same fault a little earlier or later, shorter or longer: each by up to a half.
fn shake(mut planned: Planned, draws: &mut Draws) -> Planned {
    if !planned.fault.has_time() {
        return planned;
    }
    planned.at = scale(planned.at, draws);
    planned.lasts = scale(planned.lasts, draws);
    planned
}

/// Half to one and a half of a time, in tenths of milliseconds.
fn scale(time: Duration, draws: &mut Draws) -> Duration {
    let unit = 100_000;
    let units = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX) / unit;
    Duration::from_nanos(draws.from(units / 2, units + units / 2 + 1).saturating_mul(unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shaken_time_stays_near() {
        let mut draws = Draws::new(1, "shake");
        for millis in [0, 1, 20, 5000] {
            let time = Duration::from_millis(millis);
            for _ in 0..100 {
                let shaken = scale(time, &mut draws);
                assert!(shaken >= time / 2 && shaken <= time + time / 2, "{shaken:?}");
            }
        }
    }
}
