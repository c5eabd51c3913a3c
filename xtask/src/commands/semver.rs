//! `cargo xtask semver`: what changed in the public API since the last release, and whether the
//! version says so.

use std::process::Command;

use super::package::published;
use crate::outcome::{Counts, Outcome};
use crate::process::{self, LONG, cargo};
use crate::tree;

pub(crate) fn run() -> Result<Outcome, String> {
    if process::output(&mut cargo(&["semver-checks", "--version"])).is_err() {
        return Ok(Outcome::skipped("cargo-semver-checks is not installed"));
    }
    let Some(baseline) = baseline()? else {
        return Ok(Outcome::skipped("there is no release to compare with"));
    };
    println!("compared with {baseline}");
    let mut command = cargo(&["semver-checks", "--baseline-rev", &baseline]);
    // A macro crate and a program have no API that the tool can read.
    for package in published()?.iter().filter(|package| has_library(package)) {
        command.args(["--package", &package.name]);
    }
    process::succeed(&mut command, LONG)?;
    Ok(Outcome::from_problems(Vec::new(), Counts::default()))
}

fn has_library(package: &cargo_metadata::Package) -> bool {
    package.targets.iter().any(|target| target.is_lib())
}

/// The tag of the last release; without one, the last commit that had another version.
fn baseline() -> Result<Option<String>, String> {
    let git = |arguments: &[&str]| {
        process::output(Command::new("git").current_dir(tree::root()).args(arguments))
    };
    let tag = git(&["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"]);
    if let Ok(tag) = tag {
        return Ok(Some(tag.trim().to_string()));
    }
    let raised = git(&["log", "-1", "--format=%H", "-G^version = ", "--", "Cargo.toml"])?;
    let before = git(&["rev-parse", "--verify", "--quiet", &format!("{}^", raised.trim())]);
    Ok(before.ok().map(|commit| commit.trim().to_string()))
}
