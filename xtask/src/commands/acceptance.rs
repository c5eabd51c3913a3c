//! `cargo xtask acceptance`: the programs that hold the crates that play tokio to its letter, where
//! they lie beside the project.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;
use std::{fs, io};

use super::cargo::{features, package};
use super::tokio_suite;
use crate::outcome::{Counts, Outcome};
use crate::{process, tree};

const PACKAGE: &str = "compat/tokio-01";
const PROGRAMS: &str = "../shared/acceptance";

/// Where tokio 1's tests are copied to.
const SUITE: &str = "target/tokio1-suite";

pub(crate) fn run() -> Result<Outcome, String> {
    let absent = |needed: &&str| !tree::root().join(needed).exists();
    if let Some(needed) = [PROGRAMS, PACKAGE].into_iter().find(absent) {
        println!("{needed} is not there: tokio's own tests are run in the project's way");
        return tokio_suite::run();
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
    let suite = suite_folder().map_err(|error| format!("{SUITE}: {error}"))?;
    let (mut problems, mut counts) = (Vec::new(), Counts::default());
    for (program, arguments) in programs {
        let mut command = Command::new(tree::root().join(PROGRAMS).join(program));
        command.args(arguments).current_dir(tree::root());
        // So that what they have in common with each other and with the programs is built once.
        command.env("CARGO_TARGET_DIR", tree::programs_target());
        command.env("SEED_PROGRAMS_TARGET", tree::programs_target());
        command.env("TOKIO1_SUITE_DIR", &suite);
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

/// Makes the folder of tokio 1's tests. They are always built in the folder `target` below it: here
/// that is a link to the folder of all programs.
fn suite_folder() -> io::Result<PathBuf> {
    let suite = tree::root().join(SUITE);
    let target = suite.join("target");
    fs::create_dir_all(&suite)?;
    fs::create_dir_all(tree::programs_target())?;
    match symlink(tree::programs_target(), target) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(suite),
    }
}
