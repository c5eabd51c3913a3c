//! `cargo xtask examples`: every example runs, and ends by itself with success.

use std::time::Duration;

use cargo_metadata::TargetKind;

use crate::outcome::{Counts, Outcome};
use crate::{process, workspace};

const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn run() -> Result<Outcome, String> {
    let metadata = workspace::read()?;
    let package = workspace::package(&metadata, "examples")?;
    let programs = package.targets.iter().filter(|one| one.is_kind(TargetKind::Example));
    let mut build = process::cargo(&["build", "--package", &package.name, "--examples"]);
    process::succeed(&mut build, process::LONG)?;
    let folder = metadata.target_directory.join("debug").join("examples");
    let (mut problems, mut counts) = (Vec::new(), Counts::default());
    for program in programs {
        let path = folder.join(&program.name);
        match process::succeed(&mut process::program(path.as_std_path()), LIMIT) {
            Ok(_) => counts.passed += 1,
            Err(problem) => {
                counts.failed += 1;
                problems.push(format!("example {}: {problem}", program.name));
            }
        }
    }
    if counts == Counts::default() {
        return Err("there is no program in examples/".to_string());
    }
    Ok(Outcome::from_problems(problems, counts))
}
