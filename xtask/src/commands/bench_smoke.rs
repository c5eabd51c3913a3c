//! `cargo xtask bench-smoke`: one short round of each area of the benchmark suite.
//!
//! It shows that the suite and all peers still run, built without optimization. No figure is
//! judged: a ratio from a busy machine would be worth nothing.

use std::time::Duration;

use crate::outcome::Outcome;
use crate::process;

const LIMIT: Duration = Duration::from_secs(15 * 60);

pub(crate) fn run() -> Outcome {
    let mut command =
        process::cargo(&["run", "--package", "minato-bench", "--bin", "minato-bench", "--"]);
    command.arg("--smoke");
    Outcome::from(process::run(&mut command, LIMIT).problem.map_or(Ok(()), Err))
}
