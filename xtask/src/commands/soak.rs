//! `cargo xtask soak`: traffic over a bad link between two network namespaces, for some minutes.

use std::time::Duration;

use super::options;
use crate::outcome::Outcome;
use crate::process::{self, minutes};

/// What it may take beyond its minutes: building, and ending what is under way.
const BESIDE: Duration = minutes(15);

/// The defaults of the program are those of CI.
pub(super) fn run(arguments: &[String]) -> Result<Outcome, String> {
    let [asked, _] = options(["--minutes", "--seed"], arguments)?;
    let mut command = process::cargo(&["run", "--package", "minato-soak", "--bin", "soak", "--"]);
    let limit = minutes(asked.unwrap_or_default()) + BESIDE;
    let (output, problem) = process::run(command.args(arguments), limit);
    Ok(process::skippable(&output, problem))
}
