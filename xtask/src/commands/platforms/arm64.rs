//! `cargo xtask arm64`: the library's tests run as programs of Linux on arm64, under qemu-user. It
//! passes their system calls on to the kernel here. Threads and the order of memory are those that
//! it makes of this processor.

use super::toolchain::Toolchain;
use crate::outcome::Outcome;
use crate::process::{self, LONG};

const TARGET: &str = "aarch64-unknown-linux-gnu";
const LINKER: &str = "aarch64-linux-gnu-gcc";
const QEMU: &str = "qemu-aarch64";
const LIBRARIES: &str = "/usr/aarch64-linux-gnu";

/// The test binaries that run there. Those that count, compile other programs or start themselves
/// again do not: qemu makes system calls and threads of its own, and the kernel does not start a
/// program for another processor.
const TESTS: &[&str] = &["cancel", "io_layer", "sockets", "tcp", "time"];

/// What qemu-user cannot do, by the tests that need it.
const CANNOT: &[&str] = &[];

pub(in crate::commands) fn run() -> Result<Outcome, String> {
    for program in [LINKER, QEMU] {
        if process::output(std::process::Command::new(program).arg("--version")).is_err() {
            return Ok(Outcome::skipped(format!("there is no {program}")));
        }
    }
    let toolchain = match Toolchain::with_sources() {
        Ok(toolchain) => toolchain,
        Err(why) => return Ok(Outcome::skipped(why)),
    };
    let mut tests = toolchain.cargo(&["test", "--package=minato", "--no-fail-fast", "--lib"]);
    TESTS.iter().for_each(|name| _ = tests.args(["--test", name]));
    tests.args(["--target", TARGET, "--", "--test-threads=2"]);
    CANNOT.iter().for_each(|name| _ = tests.args(["--skip", name]));
    tests.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", LINKER);
    let runner = format!("{QEMU} -L {LIBRARIES}");
    tests.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", runner);
    println!("qemu-user cannot do what these tests need: {}", CANNOT.join(", "));
    Ok(process::tests(&mut tests, LONG))
}
