//! `cargo xtask asan`: the library's tests pass under AddressSanitizer, which sees what unsafe code
//! does to memory.

use std::process::Command;

use cargo_metadata::TargetKind;

use crate::outcome::Outcome;
use crate::{process, tree, workspace};

/// Tests that do not run under it: they count what the sanitizer itself does (threads, allocations,
/// system calls), or compile other programs, or need another build. A name stands for all that
/// start with it.
const LEFT_OUT: &[&str] = &["count", "loom", "trybuild", "compile"];

const PLATFORMS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

pub(crate) fn run() -> Result<Outcome, String> {
    let described = process::output(Command::new("rustc").arg("-vV"))?;
    let host = described.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or("rustc names no host")?;
    if !PLATFORMS.contains(&host) {
        return Ok(Outcome::skipped(format!("there is no AddressSanitizer to use on {host}")));
    }
    let mut command = process::cargo(&["test", "--package", "minato", "--no-fail-fast", "--lib"]);
    // A target of its own keeps the sanitizer out of build scripts and procedural macros.
    command.args(["--target", host, "--target-dir", "target/asan"]);
    let metadata = workspace::read()?;
    let targets = workspace::package(&metadata, "minato")?.targets.iter();
    let tests = targets.filter(|target| target.is_kind(TargetKind::Test));
    for test in tests.filter(|test| is_selected(&test.name)) {
        command.args(["--test", &test.name]);
    }
    command.env("RUSTC_BOOTSTRAP", "1");
    command.env("RUSTFLAGS", "-Zsanitizer=address --cfg minato_asan");
    let leaks = tree::root().join("xtask/leaks.supp");
    command.env("LSAN_OPTIONS", format!("suppressions={}", leaks.display()));
    process::tests(&mut command, process::LONG)
}

fn is_selected(test: &str) -> bool {
    !LEFT_OUT.iter().any(|start| test.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_count_are_left_out() {
        let names = ["echo", "count_allocations", "loom", "close"];
        assert_eq!(names.map(is_selected), [true, false, false, true]);
    }
}
