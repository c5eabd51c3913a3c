//! `cargo xtask programs`: programs written for tokio, run as their owners would: in a folder of
//! their own, by `cargo test`, by `cargo minato test`, and with tokio as a guest; the move of one
//! of them from tokio to Minato; and the published tests of tokio's sister crates.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use super::tokio_suite;
use crate::outcome::{Counts, Outcome};
use crate::process::{self, minutes};
use crate::tree;

const PROGRAMS: &str = "compat/tokio-1/programs";

/// The sister crates, as published, with the features that their tests need.
const SISTERS: &[(&str, &str, &[&str])] = &[
    ("tokio-stream", "0.1.19", &["--all-features"]),
    ("tokio-test", "0.4.6", &[]),
    ("tokio-util", "0.7.20", &["--features=full"]),
];

/// The tests of the sister crates that fail: lines `PACKAGE TEST  # reason`.
const DEVIATIONS: &str = "compat/tokio-1/sister-deviations.txt";

pub(crate) fn run() -> Result<Outcome, String> {
    cargo_minato()?;
    let folder = std::env::temp_dir().join(format!("minato-programs-{}", std::process::id()));
    let result = run_in(&folder);
    fs::remove_dir_all(&folder).map_err(|error| format!("{folder:?}: {error}"))?;
    result
}

/// What went wrong, and the tests that were counted.
#[derive(Default)]
struct Findings {
    problems: Vec<String>,
    counts: Counts,
}

impl Findings {
    fn test(&mut self, command: &mut Command) {
        let (output, problem) = process::run(command, minutes(25));
        self.problems.extend(problem);
        self.counts += process::count_tests(&output);
    }
}

fn run_in(folder: &Path) -> Result<Outcome, String> {
    let mut findings = Findings::default();
    services(&folder.join("programs"), &mut findings)?;
    services_with_a_guest(&folder.join("guest"), &mut findings)?;
    findings.test(&mut moving()?);
    // It needs Minato beside it, for the world.
    findings.test(&mut cargo_minato_test(&tree::root().join(PROGRAMS).join("simulated")));
    let text = fs::read_to_string(tree::root().join(DEVIATIONS));
    let text = text.map_err(|error| format!("{DEVIATIONS}: {error}"))?;
    for (name, version, features) in SISTERS {
        let mut command = cargo_minato_test(&published(name, version, folder)?);
        command.args(["--lib", "--tests"]).args(*features).args(["--", "--exact"]);
        let listed = text.lines().filter_map(tokio_suite::parse);
        let listed = listed.filter(|listed| listed.file == *name);
        findings.test(command.args(listed.flat_map(|listed| ["--skip", listed.test])));
    }
    Ok(Outcome::from_problems(findings.problems, findings.counts))
}

/// The program of published libraries: its tests pass on both, and its files stay as they are.
fn services(folder: &Path, findings: &mut Findings) -> Result<(), String> {
    copy(&tree::root().join(PROGRAMS), folder).map_err(|error| error.to_string())?;
    let git = |arguments: &[&str]| {
        process::output(Command::new("git").args(arguments).current_dir(folder))
    };
    git(&["init", "--quiet"])?;
    git(&["add", "."])?;
    let services = ["--package=services", "--no-fail-fast"];
    findings.test(cargo_test(folder).args(services));
    findings.test(cargo_minato_test(folder).args(services));
    let status = git(&["status", "--porcelain", "--untracked-files=all"])?;
    // What was added and is as it was begins with this.
    let mut changed = status.lines().filter(|line| !line.starts_with("A  ")).peekable();
    if changed.peek().is_some() {
        findings.problems.push(format!("files were changed: {:?}", changed.collect::<Vec<_>>()));
    }
    Ok(())
}

/// The same tests, in tasks of Minato: the libraries are as published, and tokio is a guest.
fn services_with_a_guest(folder: &Path, findings: &mut Findings) -> Result<(), String> {
    copy(&tree::root().join(PROGRAMS), folder).map_err(|error| error.to_string())?;
    let services = folder.join("services");
    let root = tree::root().display().to_string();
    let dependencies = format!(
        "[dependencies]\nminato = {{ path = \"{root}/minato\" }}\n\
         minato-tokio = {{ path = \"{root}/minato-tokio\" }}\n"
    );
    change(&services.join("Cargo.toml"), &[("[dependencies]\n", &dependencies)])?;
    for name in ["database", "grpc", "http", "machine", "redis", "websocket"] {
        change(&services.join(format!("tests/{name}.rs")), TO_A_GUEST)?;
    }
    // This one is about the threads of a process without a guest.
    let threads = services.join("tests/threads.rs");
    fs::remove_file(&threads).map_err(|error| format!("{threads:?}: {error}"))?;
    findings.test(cargo_test(folder).args(["--package=services", "--no-fail-fast"]));
    Ok(())
}

/// Changes a file. That there is nothing to change in it is an error.
fn change(path: &Path, changes: &[(&str, &str)]) -> Result<(), String> {
    let name = |problem: &dyn Display| format!("{path:?}: {problem}");
    let text = fs::read_to_string(path).map_err(|error| name(&error))?;
    let changed = changes.iter().fold(text.clone(), |text, (old, new)| text.replace(old, new));
    if text == changed {
        return Err(name(&"there is nothing to change in it"));
    }
    fs::write(path, changed).map_err(|error| name(&error))
}

/// What moves a test of a program on tokio into tasks of Minato.
const TO_A_GUEST: &[(&str, &str)] = &[
    ("#[tokio::test]", "#[minato::test(crate = \"minato_tokio\")]"),
    ("#[tokio::test(", "#[minato::test(crate = \"minato_tokio\", "),
    ("tokio::spawn(", "minato::spawn("),
    ("tokio::task::JoinSet", "minato::task::JoinSet"),
];

/// Builds the tool, beside what it builds.
pub(super) fn cargo_minato() -> Result<PathBuf, String> {
    let target = tree::programs_target();
    let mut build = process::cargo(&["build", "--package=cargo-minato", "--target-dir"]);
    process::succeed(build.arg(&target), process::LONG)?;
    Ok(target.join("debug/cargo-minato"))
}

/// The steps that `docs/MOVING.md` tells of, on a copy of the program there.
fn moving() -> Result<Command, String> {
    let programs = tree::programs_target().join("debug");
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::env::join_paths([programs].into_iter().chain(std::env::split_paths(&paths)));
    let mut command = Command::new("bash");
    command.arg("docs/moving/move").env("PATH", paths.map_err(|error| error.to_string())?);
    Ok(as_its_owner(command, &tree::root()))
}

/// A command that is run in a folder as its owner would. What it builds is kept in ours.
fn as_its_owner(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder).env("CARGO_TARGET_DIR", tree::programs_target());
    command
}

fn cargo_test(folder: &Path) -> Command {
    as_its_owner(process::cargo(&["test"]), folder)
}

fn cargo_minato_test(folder: &Path) -> Command {
    let mut command = Command::new(tree::programs_target().join("debug/cargo-minato"));
    command.args(["minato", "test"]);
    as_its_owner(command, folder)
}

/// A copy of a published package, which is fetched if need be.
fn published(name: &str, version: &str, folder: &Path) -> Result<PathBuf, String> {
    let asks = folder.join(format!("asks-{name}"));
    let manifest = format!(
        "[package]\nname = \"asks\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[lib]\n\
         path = \"lib.rs\"\n[workspace]\n[dependencies]\n{name} = \"={version}\"\n"
    );
    fs::create_dir_all(&asks)
        .and_then(|()| fs::write(asks.join("lib.rs"), ""))
        .and_then(|()| fs::write(asks.join("Cargo.toml"), manifest))
        .map_err(|error| format!("{asks:?}: {error}"))?;
    let manifest = tokio_suite::manifest_of(name, &asks)?;
    let from = manifest.parent().ok_or("a manifest lies in a folder")?;
    let to = folder.join(name);
    copy(from, &to).map_err(|error| format!("{from:?}: {error}"))?;
    Ok(to)
}

/// Copies a folder and all that is in it, but what cargo has built there.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true if entry.file_name() == "target" => {}
            true => copy(&entry.path(), &target)?,
            false => _ = fs::copy(entry.path(), target)?,
        }
    }
    Ok(())
}
