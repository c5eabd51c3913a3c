//! Sweeps of the simulated tests of a package.
//!
//! 1. `build.rs` has cargo build the tests, and takes the programs that can sweep.
//! 2. `scenarios.rs` asks each of them for its scenarios.
//! 3. `test.rs` runs the tests that have some: first what failed before (`regressions.rs`), then
//!    their seeds.
//!
//! A program of tests is run by `program.rs`. What its sweeps tell meanwhile is read by `events.rs`
//! and shown by `progress.rs`.

mod build;
mod events;
mod program;
mod progress;
mod regressions;
mod scenarios;
mod test;

use std::io;
use std::process::ExitCode;
use std::time::Instant;

use self::build::CargoArguments;
use self::events::Counts;
use self::progress::plural;
use self::test::Verdict;
use crate::arguments::SimOptions;
use crate::say;

/// A run has failed.
const FAILED: u8 = 1;
/// Something kept runs from being made.
const NOT_RUN: u8 = 2;
/// What a shell reports for a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Builds, asks and sweeps. The code is explained in the help.
pub(crate) fn run(options: &SimOptions) -> ExitCode {
    match sweep_all(options) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(NOT_RUN)
        }
    }
}

fn sweep_all(options: &SimOptions) -> io::Result<u8> {
    program::catch_interrupts()?;
    let cargo = CargoArguments::parse(&options.cargo);
    let Some(binaries) = build::build(&cargo.build)? else {
        return Err(io::Error::other("the tests could not be built"));
    };
    let (mut tests, mut code) = (Vec::new(), 0);
    for binary in &binaries {
        let (found, complaints) = scenarios::of_binary(binary, &cargo)?;
        tests.extend(found);
        for complaint in complaints {
            eprintln!("error: {complaint}");
            code = NOT_RUN;
        }
    }
    if program::is_interrupted() {
        return Ok(INTERRUPTED);
    }
    if tests.is_empty() {
        return Err(io::Error::other(
            "no scenario found: a test has one if it calls minato::sim::sweep(...).run(), or is \
             made by #[minato::test(engine = \"sim\")]",
        ));
    }
    let (start, mut all, mut failed) = (Instant::now(), Counts::default(), Vec::new());
    for test in &tests {
        let (counts, verdict) = test::run(test, options)?;
        all.add(&counts);
        match verdict {
            Verdict::Passed => {}
            Verdict::Failed => failed.push(test),
            Verdict::NotRun => code = NOT_RUN,
        }
        if program::is_interrupted() {
            break;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let (tests, seeds) = (plural(tests.len() as u64, "test"), plural(all.seeds, "seed"));
    say(format_args!("{tests}: {seeds}, {} in {seconds:.1} s", progress::describe(&all)))?;
    for test in &failed {
        say(format_args!("failed: {} ({})", test.name, test.binary.target))?;
    }
    if program::is_interrupted() {
        eprintln!("interrupted");
        return Ok(INTERRUPTED);
    }
    Ok(if failed.is_empty() { code } else { FAILED })
}
