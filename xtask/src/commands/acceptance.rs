//! `cargo xtask acceptance`: the programs that hold the crates that play tokio to its letter, where
//! they lie beside the project.

use std::process::Command;

use super::cargo::{features, package};
use super::tokio_suite;
use crate::outcome::{Counts, Outcome};
use crate::{process, tree};

const PACKAGE: &str = "compat/tokio-01";
const PROGRAMS: &str = "../shared/acceptance";

pub(crate) fn run() -> Result<Outcome, String> {
    let absent = |needed: &&str| !tree::root().join(needed).exists();
    if let Some(needed) = [PROGRAMS, PACKAGE].into_iter().find(absent) {
        return Ok(Outcome::skipped(format!("{needed} is not there")));
    }
    let package = package(PACKAGE)?;
    let plain = format!("package = \"{}\", path = \"{PACKAGE}\"", package.name);
    let full = format!("{plain}, features = {:?}", features(&package));
    let played = tokio_suite::prepare()?.display().to_string();
    let programs: [(&str, &[&str]); 3] = [
        ("seed-programs", &[&format!("{{ {plain} }}")]),
        ("tokio01-suite", &[&format!("{{ {full} }}")]),
        ("tokio1-suite", &[&played, "--also", tokio_suite::DEVIATIONS]),
    ];
    let (mut problems, mut counts) = (Vec::new(), Counts::default());
    for (program, arguments) in programs {
        let mut command = Command::new(tree::root().join(PROGRAMS).join(program));
        command.args(arguments).current_dir(tree::root());
        // So that what tokio 1's tests are built of is built once.
        command.env("TOKIO1_SUITE_DIR", tree::root().join("target/tokio1-suite"));
        // The old tests are built and run one file at a time.
        let (output, problem) = process::run(&mut command, process::minutes(40));
        problems.extend(problem);
        // Their last line has cargo's words: `115 passed, 0 failed`.
        let last = output.lines().last().unwrap_or("");
        counts += process::count_tests(&format!("test result: {last}"));
    }
    println!("{} passed, {} failed", counts.passed, counts.failed);
    Ok(Outcome::from_problems(problems, counts))
}
