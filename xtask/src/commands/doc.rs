//! `cargo xtask doc`: the documentation builds without warnings.

use crate::outcome::Outcome;
use crate::process;

pub(crate) fn run() -> Outcome {
    let mut command = process::cargo(&["doc", "--no-deps", "--workspace"]);
    process::step(command.env("RUSTDOCFLAGS", "-D warnings"))
}
