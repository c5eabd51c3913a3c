//! `cargo xtask examples`: every example runs, and ends by itself with success.

use std::time::Duration;

use crate::manifest;
use crate::outcome::{Counts, Outcome};
use crate::process;
use crate::tree;

const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn run() -> Outcome {
    match check() {
        Ok(outcome) => outcome,
        Err(error) => Outcome::failed(error),
    }
}

fn check() -> Result<Outcome, String> {
    let names = names()?;
    if names.is_empty() {
        return Ok(Outcome::missing("examples", "a program in examples/"));
    }
    let package = manifest::package_name("examples")?;
    let mut build = process::cargo(&["build", "--package", &package, "--examples"]);
    if let Some(problem) = process::run(&mut build, process::LONG).problem {
        return Err(problem);
    }
    let folder = manifest::target_directory()?.join("debug").join("examples");
    let mut problems = Vec::new();
    let mut counts = Counts::default();
    for name in names {
        let finished = process::run(&mut process::program(&folder.join(&name)), LIMIT);
        counts += Counts {
            passed: usize::from(finished.problem.is_none()),
            failed: usize::from(finished.problem.is_some()),
            ignored: 0,
        };
        problems.extend(finished.problem.map(|problem| format!("example {name}: {problem}")));
    }
    Ok(Outcome::of_problems(problems, counts))
}

/// The programs beside `lib.rs`: a file each, or a folder with a `main.rs`.
fn names() -> Result<Vec<String>, String> {
    let folder = tree::root().join("examples");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(|error| format!("examples: {error}"))? {
        let path = entry.map_err(|error| format!("examples: {error}"))?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let single = path.extension().is_some_and(|extension| extension == "rs") && name != "lib";
        if single || path.join("main.rs").exists() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
