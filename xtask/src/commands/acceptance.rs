//! `cargo xtask acceptance`: the programs that hold the 0.1 API to its letter, where they lie
//! beside the project.

use std::time::Duration;

use crate::outcome::{Counts, Outcome};
use crate::{process, tree, workspace};

const PACKAGE: &str = "compat/tokio-01";
const PROGRAMS: &str = "../shared/acceptance";

/// The old tests are built and run one file at a time.
const LIMIT: Duration = Duration::from_secs(40 * 60);

pub(crate) fn run() -> Result<Outcome, String> {
    for needed in [PROGRAMS, PACKAGE] {
        if !tree::root().join(needed).exists() {
            return Ok(Outcome::skipped(format!("{needed} is not there")));
        }
    }
    let metadata = workspace::read()?;
    let package = workspace::package(&metadata, PACKAGE)?;
    let features = package.features.keys().filter(|feature| *feature != "default");
    let features: Vec<String> = features.map(|feature| format!("\"{feature}\"")).collect();
    let plain = format!("{{ package = \"{}\", path = \"{PACKAGE}\" }}", package.name);
    let full = plain.replace(" }", &format!(", features = [{}] }}", features.join(", ")));
    let (mut problems, mut counts) = (Vec::new(), Counts::default());
    for (program, dependency) in [("seed-programs", plain), ("tokio01-suite", full)] {
        let path = tree::root().join(PROGRAMS).join(program);
        let finished = process::run(process::program(&path).arg(dependency), LIMIT);
        problems.extend(finished.problem);
        // Their last line has cargo's words: `115 passed, 0 failed`.
        let last = finished.output.lines().last().unwrap_or("").replace(',', ";");
        counts += process::count_tests(&format!("test result: {last}"));
    }
    println!("{} passed, {} failed", counts.passed, counts.failed);
    Ok(Outcome::from_problems(problems, counts))
}
