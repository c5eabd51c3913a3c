//! `cargo xtask test`: the test command that the README gives passes, doctests included.

use crate::outcome::Outcome;
use crate::process;
use crate::readme;
use crate::tree;

pub(crate) fn run() -> Outcome {
    if !tree::root().join("README.md").exists() {
        return Outcome::missing("README.md", "README.md");
    }
    let words = match readme::command("cargo test") {
        Ok(words) => words,
        Err(error) => return Outcome::failed(error),
    };
    let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    // The counts are of all tests, not of those up to the first failure.
    process::tests(process::cargo(&arguments).arg("--no-fail-fast"), process::LONG)
}
