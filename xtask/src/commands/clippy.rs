//! `cargo xtask clippy`: no warnings from the compiler or from clippy, in tests and examples too.

use crate::outcome::Outcome;
use crate::process;

pub(crate) fn run() -> Outcome {
    let arguments = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    process::step(&mut process::cargo(&arguments))
}
