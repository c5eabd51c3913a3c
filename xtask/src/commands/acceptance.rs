//! `cargo xtask acceptance`: the programs that hold the 0.1 API to its letter, where they lie
//! beside the project.

use std::time::Duration;

use crate::manifest::{Manifest, package_name};
use crate::outcome::Outcome;
use crate::process;
use crate::tree;

const PACKAGE: &str = "compat/tokio-01";
const PROGRAMS: &str = "../shared/acceptance";

/// The old tests are built and run one file at a time.
const LIMIT: Duration = Duration::from_secs(40 * 60);

pub(crate) fn run() -> Outcome {
    let root = tree::root();
    for needed in [PROGRAMS, PACKAGE] {
        if !root.join(needed).exists() {
            return Outcome::skipped(format!("{needed} is not there"));
        }
    }
    let (name, manifest) =
        match (package_name(PACKAGE), Manifest::read(&format!("{PACKAGE}/Cargo.toml"))) {
            (Ok(name), Ok(manifest)) => (name, manifest),
            (Err(error), _) | (_, Err(error)) => return Outcome::failed(error),
        };
    let features: Vec<String> = manifest
        .table("features")
        .iter()
        .filter(|(feature, _)| feature != "default")
        .map(|(feature, _)| format!("\"{feature}\""))
        .collect();
    let plain = format!("{{ package = \"{name}\", path = \"{PACKAGE}\" }}");
    let full = plain.replace(" }", &format!(", features = [{}] }}", features.join(", ")));
    let mut problems = Vec::new();
    let mut counts = crate::outcome::Counts::default();
    for (program, dependency) in [("seed-programs", plain), ("tokio01-suite", full)] {
        let path = root.join(PROGRAMS).join(program);
        let finished = process::run(process::program(&path).arg(dependency), LIMIT);
        problems.extend(finished.problem);
        // Their last line has cargo's words: `115 passed, 0 failed`.
        let last = finished.stdout.lines().last().unwrap_or("").replace(',', ";");
        counts += process::count_tests(&format!("test result: {last}"));
    }
    println!("{} passed, {} failed", counts.passed, counts.failed);
    Outcome::of_problems(problems, counts)
}
