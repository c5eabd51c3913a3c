//! `cargo xtask torture`: hostile peers against one server on Minato, tokio and smol.

use crate::outcome::Outcome;
use crate::process::{self, minutes};

/// Where the table is kept.
const PAGE: &str = "bench/TORTURE.md";

/// `--report` writes the table down.
pub(super) fn run(arguments: &[String]) -> Result<Outcome, String> {
    let mut command = process::cargo(&["run", "--package", "minato-soak", "--bin", "torture"]);
    match arguments {
        [] => {}
        [word] if word == "--report" => _ = command.args(["--", "--report", PAGE]),
        _ => return Err("`--report` is all that it takes".to_string()),
    }
    let (output, problem) = process::run(&mut command, minutes(25));
    Ok(process::skippable(&output, problem))
}
