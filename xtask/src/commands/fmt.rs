//! `cargo xtask fmt`: the sources are formatted.

use crate::outcome::Outcome;
use crate::process;

pub(crate) fn run() -> Outcome {
    process::step(&mut process::cargo(&["fmt", "--all", "--check"]))
}
