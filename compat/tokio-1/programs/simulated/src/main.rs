//! Plays programs in worlds: `simulated [NAME [SEED]]`, or all of them with the seeds 1 to 3.

use std::env;

use simulated::{Result, SCENARIOS};

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let name = arguments.next();
    let seeds = match arguments.next() {
        Some(seed) => vec![seed.parse()?],
        None => vec![1, 2, 3],
    };
    let wanted = |other: &str| name.as_ref().is_none_or(|name| name == other);
    for scenario in SCENARIOS.iter().filter(|scenario| wanted(scenario.name)) {
        for seed in &seeds {
            println!("{} {seed}: {}", scenario.name, scenario.run(*seed)?);
        }
    }
    Ok(())
}
