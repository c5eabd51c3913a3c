//! `cargo xtask fuzz`: libFuzzer on each target of `fuzz/`, for some minutes in all.
//!
//! The coverage that guides it is put in by the stable compiler; AddressSanitizer needs the same
//! permission as in `cargo xtask asan`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::cargo::asan_host;
use super::options;
use crate::outcome::{Counts, Outcome};
use crate::process::{self, cargo, minutes};
use crate::tree;

/// As `minato_fuzz::TARGETS` has them.
const TARGETS: [&str; 5] = ["read-buf", "addresses", "ancillary", "timers", "simulated-tcp"];

/// What is asked for unless `--minutes` says otherwise: as long as CI has time.
const MINUTES: u64 = 2;

/// Counters at the edges of the control flow, and hints from what comparisons compare.
const FLAGS: &str = "--cfg minato_fuzz -Zsanitizer=address -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// A folder of its own, and what is found there stays: the next run goes on with it.
const FOLDER: &str = "target/fuzz";

pub(super) fn run(arguments: &[String]) -> Result<Outcome, String> {
    let [minutes] = options(["--minutes"], arguments)?;
    let minutes = minutes.unwrap_or(MINUTES);
    let host = match asan_host()? {
        Ok(host) => host,
        Err(why) => return Ok(Outcome::skipped(why)),
    };
    if process::output(Command::new("c++").arg("--version")).is_err() {
        return Ok(Outcome::skipped("there is no C++ compiler, which libFuzzer needs"));
    }
    let program = build(&host)?;
    let seconds = minutes * 60 / TARGETS.len() as u64;
    let (mut problems, mut counts) = (Vec::new(), Counts::default());
    let mut table = String::new();
    for target in TARGETS {
        match fuzz(&program, target, seconds) {
            Ok(found) => {
                counts.passed += 1;
                table += &format!("{target:<16}{found}\n");
            }
            Err(problem) => {
                counts.failed += 1;
                problems.push(format!("{target}: {problem}"));
            }
        }
    }
    print!("\n{:<16}{:>12}{:>10}{:>10}\n{table}", "target", "inputs", "edges", "kept");
    Ok(Outcome::from_problems(problems, counts))
}

fn build(host: &str) -> Result<PathBuf, String> {
    let mut command = cargo(&["build", "--package", "minato-fuzz", "--bin", "fuzz"]);
    // A target of its own keeps the flags out of build scripts and procedural macros.
    command.args(["--target", host, "--target-dir", FOLDER]);
    command.args(["--config", "profile.dev.opt-level=1"]);
    command.env("RUSTFLAGS", FLAGS).env("RUSTC_BOOTSTRAP", "1");
    process::succeed(&mut command, process::LONG)?;
    Ok(tree::root().join(FOLDER).join(host).join("debug/fuzz"))
}

/// Fuzzes one target; what it came to is a row of the table.
fn fuzz(program: &Path, target: &str, seconds: u64) -> Result<String, String> {
    let found = tree::root().join(FOLDER).join("corpus").join(target);
    let crashes = tree::root().join(FOLDER).join("crashes");
    for folder in [&found, &crashes] {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let mut command = Command::new(program);
    command.current_dir(tree::root()).env("MINATO_FUZZ_TARGET", target);
    command.arg(&found).arg(Path::new("fuzz/corpus").join(target));
    command.arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-artifact_prefix={}/{target}-", crashes.display()));
    command.args(["-max_len=512", "-timeout=60", "-rss_limit_mb=2048", "-print_final_stats=1"]);
    let limit = Duration::from_secs(seconds) + minutes(5);
    let (output, problem) = process::run(command.arg("-verbosity=1"), limit);
    if let Some(problem) = problem {
        let again = format!("cargo run --package minato-fuzz --bin fuzz -- {target} FILE");
        return Err(format!("{problem}; `{again}` runs it again on the file that is named above"));
    }
    row(&output).ok_or_else(|| "libFuzzer has told no figures".to_string())
}

/// How many inputs were tried, how many edges of the control flow they took, and how many were kept
/// because they took new ones.
fn row(output: &str) -> Option<String> {
    let tried =
        output.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let last = output.lines().rfind(|line| line.contains(" cov: ") && line.contains(" corp: "))?;
    let number = |name: &str| {
        let after = last.split_once(name)?.1.trim_start();
        after.split(|character: char| !character.is_ascii_digit()).next()
    };
    let (tried, edges, corpus) = (tried?.trim(), number(" cov:")?, number(" corp:")?);
    Some(format!("{tried:>12}{edges:>10}{corpus:>10}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    #[test]
    fn the_targets_are_those_of_the_package() {
        let tree = Tree::read().unwrap();
        let text = &tree.file("fuzz/src/lib.rs").unwrap().text;
        let (_, list) = text.split_once("TARGETS: &[Target] = &[").unwrap();
        let list = list.split_once("];").unwrap().0;
        let named: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
        assert_eq!(named, TARGETS);
    }

    #[test]
    fn figures_are_read_as_libfuzzer_writes_them() {
        let output = "#2\tINITED cov: 12 ft: 13 corp: 1/1b exec/s: 0 rss: 30Mb\n\
            #900\tDONE   cov: 345 ft: 678 corp: 90/1234b lim: 17 exec/s: 0 rss: 43Mb\n\
            Done 900 runs in 2 second(s)\nstat::number_of_executed_units: 900\n";
        assert_eq!(row(output).unwrap(), format!("{:>12}{:>10}{:>10}", 900, 345, 90));
        assert_eq!(row("nothing"), None);
    }
}
