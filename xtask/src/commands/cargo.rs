//! The steps that are one call of cargo each.

use std::process::Command;
use std::time::Duration;

use crate::outcome::Outcome;
use crate::process::{self, cargo};
use crate::{readme, workspace};

/// Members that are run by a step of their own.
const ELSEWHERE: [&str; 1] = ["minato-examples"];

fn step(command: &mut Command) -> Result<Outcome, String> {
    process::succeed(command, process::LONG).map(|_| Outcome::passed())
}

pub(crate) fn fmt() -> Result<Outcome, String> {
    step(&mut cargo(&["fmt", "--all", "--check"]))
}

/// No warnings from the compiler or from clippy, in tests and examples too.
pub(crate) fn clippy() -> Result<Outcome, String> {
    step(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

pub(crate) fn doc() -> Result<Outcome, String> {
    step(cargo(&["doc", "--no-deps", "--workspace"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// One short round of each area of the benchmark suite. It shows that the suite and all peers run,
/// built without optimization. No figure is judged: one from a busy machine would be worth nothing.
pub(crate) fn bench_smoke() -> Result<Outcome, String> {
    let arguments = ["run", "--package", "minato-bench", "--bin", "minato-bench", "--", "--smoke"];
    let limit = Duration::from_secs(15 * 60);
    process::succeed(&mut cargo(&arguments), limit).map(|_| Outcome::passed())
}

/// The test command that the README gives passes, doctests included.
pub(crate) fn test() -> Result<Outcome, String> {
    // The counts are of all tests, not of those up to the first failure.
    process::tests(plain_tests()?.arg("--no-fail-fast"), process::LONG)
}

/// The tests of the members that a plain `cargo test` leaves out.
pub(crate) fn members() -> Result<Outcome, String> {
    process::tests(other_tests()?.arg("--no-fail-fast"), process::LONG)
}

pub(super) fn plain_tests() -> Result<Command, String> {
    let words = readme::command("cargo test")?;
    Ok(cargo(&words[1..].iter().map(String::as_str).collect::<Vec<_>>()))
}

pub(super) fn other_tests() -> Result<Command, String> {
    let mut command = cargo(&["test", "--all-features"]);
    for package in others()? {
        command.args(["--package", &package]);
    }
    Ok(command)
}

fn others() -> Result<Vec<String>, String> {
    let metadata = workspace::read()?;
    let plain = metadata.workspace_default_packages();
    let names = metadata.workspace_packages().into_iter().filter(|one| !plain.contains(one));
    let names = names.map(|package| package.name.to_string());
    Ok(names.filter(|name| !ELSEWHERE.contains(&name.as_str())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_tested_elsewhere() {
        let others = others().unwrap();
        assert!(["minato-sim", "xtask"].iter().all(|name| others.contains(&name.to_string())));
        assert!(!others.contains(&"minato".to_string()));
    }
}
