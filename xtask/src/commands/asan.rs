//! `cargo xtask asan`: the library's tests pass under AddressSanitizer, which sees what unsafe code
//! does to memory.

use std::process::Command;

use crate::outcome::Outcome;
use crate::process;
use crate::tree;

/// Tests that do not run under it: they count what the sanitizer itself does (threads, allocations,
/// system calls), or compile other programs, or need another build. A name stands for all that
/// start with it.
const LEFT_OUT: &[&str] = &["count", "loom", "trybuild", "compile"];

const PLATFORMS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

pub(crate) fn run() -> Outcome {
    let host = match host() {
        Ok(host) => host,
        Err(error) => return Outcome::failed(error),
    };
    if !PLATFORMS.contains(&host.as_str()) {
        return Outcome::skipped(format!("there is no AddressSanitizer to use on {host}"));
    }
    let tests = match std::fs::read_dir(tree::root().join("minato/tests")) {
        Ok(entries) => {
            let paths = entries.flatten().map(|entry| entry.path());
            let rust =
                paths.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
            selected(rust.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())))
        }
        Err(_) => return Outcome::missing("asan", "minato/tests"),
    };
    let mut command = process::cargo(&["test", "--package", "minato", "--no-fail-fast", "--lib"]);
    // A target of its own keeps the sanitizer out of build scripts and procedural macros.
    command.args(["--target", &host, "--target-dir", "target/asan"]);
    for test in &tests {
        command.args(["--test", test]);
    }
    command.env("RUSTC_BOOTSTRAP", "1");
    command.env("RUSTFLAGS", "-Zsanitizer=address --cfg minato_asan");
    let leaks = tree::root().join("xtask/leaks.supp");
    command.env("LSAN_OPTIONS", format!("suppressions={}", leaks.display()));
    process::tests(&mut command, process::LONG)
}

fn selected(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> =
        names.filter(|name| !LEFT_OUT.iter().any(|start| name.starts_with(start))).collect();
    names.sort();
    names
}

fn host() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output();
    let output = output.map_err(|error| format!("cannot run rustc: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_string).ok_or_else(|| "rustc names no host".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_count_are_left_out() {
        let names = ["echo", "count_allocations", "loom", "close"].map(str::to_string);
        assert_eq!(selected(names.into_iter()), ["close", "echo"]);
    }
}
