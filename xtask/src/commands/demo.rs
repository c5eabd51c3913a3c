//! `cargo xtask demo`: the service in `demo/` on tokio and by `cargo minato`, with a PostgreSQL and
//! a Redis of its own: its tests, its page in a browser, and a short load.

use std::process::Command;

use super::programs;
use crate::outcome::Outcome;
use crate::process::{self, minutes};
use crate::tree;

/// A load that shows that all is answered and kept. It is too short for figures.
const SHORT: &[&str] = &["--debug", "--rounds", "2", "--requests", "1000", "--bookings", "200"];

pub(crate) fn run() -> Result<Outcome, String> {
    let mut command = Command::new("bash");
    command.arg(tree::root().join("demo/run")).args(SHORT);
    // The other programs have built most of what it needs.
    command.env("CARGO_TARGET_DIR", tree::programs_target());
    command.env("CARGO_MINATO", programs::cargo_minato()?);
    let (output, problem) = process::run(&mut command, minutes(40));
    Ok(process::skippable(&output, problem))
}
