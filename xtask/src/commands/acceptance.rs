//! `cargo xtask acceptance`: the programs that hold the 0.1 API to its letter, where they lie
//! beside the project.

use std::process::Command;

use super::cargo::{features, package};
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
    let (mut problems, mut counts) = (Vec::new(), Counts::default());
    for (program, dependency) in [("seed-programs", plain), ("tokio01-suite", full)] {
        let mut command = Command::new(tree::root().join(PROGRAMS).join(program));
        command.arg(format!("{{ {dependency} }}")).current_dir(tree::root());
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
