//! `cargo xtask platforms`: clippy, and with it the compiler, finds nothing to say of the library
//! on systems that this machine is not.
//!
//! Their std comes from its sources, so nothing is needed of those systems themselves: no linker,
//! and no file of a target. It shows that the library compiles there, and not that it works.

mod toolchain;

use self::toolchain::Toolchain;
use crate::outcome::{Counts, Outcome};
use crate::process::{self, minutes};

/// The README's table has the same.
const TARGETS: &[&str] = &[
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
    "x86_64-unknown-freebsd",
    "aarch64-linux-android",
];

/// On systems whose thread-locals std makes by itself, clippy takes constant ones for others.
const MISTAKEN: &str = "clippy::missing_const_for_thread_local";

pub(super) fn check() -> Result<Outcome, String> {
    let toolchain = match Toolchain::with_sources() {
        Ok(toolchain) => toolchain,
        Err(why) => return Ok(Outcome::skipped(why)),
    };
    let (mut problems, mut counts) = (Vec::new(), Counts::default());
    for target in TARGETS {
        let mut clippy = toolchain.clippy(&["--package=minato", "--lib", "--all-features"]);
        clippy.args(["--target", target, "--", "-D", "warnings", "-A", MISTAKEN]);
        match process::succeed(&mut clippy, minutes(15)) {
            Ok(_) => counts.passed += 1,
            Err(problem) => {
                counts.failed += 1;
                problems.push(format!("{target}: {problem}"));
            }
        }
    }
    Ok(Outcome::from_problems(problems, counts))
}
