//! `cargo xtask recall`: bugs are planted, one of each class, and the checkers must find them all.
//!
//! 1. The sources are copied to `target/recall`, and every bug is planted there, each behind a
//!    switch. The product has neither switch nor bug.
//! 2. The checkers of the copy are built once, without its other tests, beside the other builds, so
//!    that what they depend on is not built again.
//! 3. With no switch on, every checker must pass.
//! 4. With each switch on, that bug's checker must fail, or hang.
//!
//! TESTING.md has the table of the bugs, and a test compares it.

mod plants;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use self::plants::{Checker, PLANTS, Plant};
use crate::outcome::{Counts, Outcome};
use crate::process::{self, LONG};
use crate::tree::{self, Tree};

/// A run of a checker: its seeds, if they are not its own, and how long it may take. One that takes
/// longer has met a bug that hangs it.
type Trial = (Option<&'static str>, Duration);

const ALL_SEEDS: Trial = (None, Duration::from_secs(60));

/// What the sweep tries first, since most bugs show with any seed. It tries all if these pass.
const FEW_SEEDS: Trial = (Some("0..2"), Duration::from_secs(20));

/// The environment variable that names the bug whose switch is on.
const SWITCH: &str = "MINATO_PLANT";

const FOLDER: &str = "target/recall";

/// The one test binary of the copy that is built.
const BINARY: (&str, &str) = ("minato/tests/recall.rs", CHECKERS);

const CHECKERS: &str = r#"//! The checkers.

mod conformance;
mod kit;
#[path = "runtime/simulation/service.rs"]
mod service;

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}
"#;

/// What the copy of the world has, for all to ask.
const SWITCHES: &str = r#"
/// Whether this bug is planted.
#[doc(hidden)]
pub fn planted(name: &str) -> bool {
    static PLANT: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    PLANT.get_or_init(|| std::env::var("MINATO_PLANT").ok()).as_deref() == Some(name)
}
"#;

impl Checker {
    /// The filter of tests that stands for it.
    fn filter(self) -> &'static str {
        match self {
            Self::Sweep => "a_service_survives_its_sweep",
            Self::Conformance(name) => name,
        }
    }

    /// What is run, one after the other, until one fails.
    fn trials(self, plant: Option<&str>) -> &'static [Trial] {
        match (self, plant) {
            (Self::Sweep, Some(_)) => &[FEW_SEEDS, ALL_SEEDS],
            _ => &[ALL_SEEDS],
        }
    }

    fn describe(self) -> String {
        match self {
            Self::Sweep => "the sweep `a_service_survives_its_sweep`".to_owned(),
            Self::Conformance(name) => format!("conformance, `{name}`"),
        }
    }
}

impl Plant {
    /// The text of its file with the bug in it.
    fn applied(&self, text: &str) -> Result<String, String> {
        let Self { name, file, was, becomes, .. } = self;
        match text.matches(was).count() {
            1 => {}
            count => {
                return Err(format!("{file}: what \"{name}\" replaces is there {count} times"));
            }
        }
        let from = if file.starts_with("minato-sim/") { "crate" } else { "minato_sim" };
        let switch = format!("{from}::planted({name:?})");
        Ok(text.replace(was, &becomes.replace("PLANTED", &switch)))
    }
}

pub(super) fn run() -> Result<Outcome, String> {
    copy_with_plants(&Tree::read()?)?;
    let binary = build()?;
    let mut problems = Vec::new();
    for checker in checkers() {
        if let Some(finding) = check(&binary, checker, None)? {
            problems.push(format!("without a bug fails {}: {finding}", checker.describe()));
        }
    }
    let mut found = 0;
    for plant in PLANTS {
        match check(&binary, plant.checker, Some(plant.name))? {
            Some(finding) => {
                found += 1;
                println!("found: {}: by {}: {finding}", plant.name, plant.checker.describe());
            }
            None => problems.push(format!(
                "not found: {}: {} passes",
                plant.name,
                plant.checker.describe()
            )),
        }
    }
    println!("recall: {found} of {}", PLANTS.len());
    let counts = Counts { passed: found, failed: PLANTS.len() - found, ignored: 0 };
    Ok(Outcome::from_problems(problems, counts))
}

/// Each checker once.
fn checkers() -> Vec<Checker> {
    let mut all: Vec<Checker> = Vec::new();
    for plant in PLANTS {
        if !all.contains(&plant.checker) {
            all.push(plant.checker);
        }
    }
    all
}

/// Copies the sources, with all bugs in them, and adds the test binary of the checkers.
fn copy_with_plants(tree: &Tree) -> Result<(), String> {
    let folder = tree::root().join(FOLDER);
    _ = fs::remove_dir_all(&folder);
    let failed = |path: &str| {
        let path = path.to_owned();
        move |error: std::io::Error| format!("{path}: {error}")
    };
    let texts: BTreeMap<&str, String> = planted(tree)?;
    for path in &tree.paths {
        let target = folder.join(path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(failed(path))?;
        }
        match texts.get(path.as_str()) {
            Some(text) => fs::write(target, text).map_err(failed(path))?,
            None => {
                fs::copy(tree::root().join(path), target).map_err(failed(path))?;
            }
        }
    }
    let (path, text) = BINARY;
    fs::write(folder.join(path), text).map_err(failed(path))
}

/// The files that bugs are planted in, as they become.
fn planted(tree: &Tree) -> Result<BTreeMap<&'static str, String>, String> {
    const ROOT: &str = "minato-sim/src/lib.rs";
    let text = |path: &str| {
        let file = tree.file(path).ok_or_else(|| format!("{path} is missing"))?;
        Ok::<_, String>(file.text.clone())
    };
    // Another version has other artifacts. Else those of the copy would pass for the product's.
    const VERSION: &str = "[workspace.package]\nversion = \"";
    let manifest = text("Cargo.toml")?;
    let version = manifest.find(VERSION).map(|at| at + VERSION.len());
    let end = version.and_then(|at| Some(at + manifest[at..].find('"')?));
    let end = end.ok_or("Cargo.toml has no version of the workspace")?;
    let manifest = format!("{}+recall{}", &manifest[..end], &manifest[end..]);
    let mut texts = BTreeMap::from([(ROOT, text(ROOT)? + SWITCHES), ("Cargo.toml", manifest)]);
    for plant in PLANTS {
        let before = match texts.remove(plant.file) {
            Some(text) => text,
            None => text(plant.file)?,
        };
        texts.insert(plant.file, plant.applied(&before)?);
    }
    Ok(texts)
}

/// Builds the checkers of the copy; returns the path of their binary.
fn build() -> Result<PathBuf, String> {
    let mut cargo = process::cargo(&["test", "--package=minato", "--no-run", "--test=recall"]);
    cargo.current_dir(tree::root().join(FOLDER)).env("CARGO_TARGET_DIR", tree::target());
    let output = process::succeed(&mut cargo, LONG)?;
    // `Executable tests/recall.rs (target/debug/deps/recall-0123)`
    let path = output.lines().find_map(|line| {
        line.trim().strip_prefix("Executable tests/recall.rs (")?.strip_suffix(')')
    });
    path.map(|path| tree::root().join(FOLDER).join(path)).ok_or("cargo names no binary".to_owned())
}

/// Runs a checker. Returns what it has found, if anything.
fn check(binary: &Path, checker: Checker, plant: Option<&str>) -> Result<Option<String>, String> {
    for trial in checker.trials(plant) {
        let found = run_checker(binary, checker, plant, *trial)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn run_checker(
    binary: &Path,
    checker: Checker,
    plant: Option<&str>,
    (seeds, limit): Trial,
) -> Result<Option<String>, String> {
    let folder = tree::root().join(FOLDER);
    let log = folder.join("checker.log");
    let file = || fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()));
    let mut command = Command::new(binary);
    command.arg(checker.filter()).current_dir(folder.join("minato")).stdin(Stdio::null());
    let output = file()?;
    let copied = output.try_clone().map_err(|error| error.to_string())?;
    command.stdout(output).stderr(copied).env("RUST_BACKTRACE", "0");
    command.envs(plant.map(|plant| (SWITCH, plant)));
    command.envs(seeds.map(|seeds| ("MINATO_SIM_SEEDS", seeds)));
    let Some(status) = wait(&mut command, limit)? else {
        return Ok(Some(format!("it hangs for {limit:?}")));
    };
    let output = fs::read(&log).map_err(|error| error.to_string())?;
    let output = String::from_utf8_lossy(&output);
    if status.success() {
        let ran = process::count_tests(&output).passed;
        let filter = checker.filter();
        return if ran > 0 { Ok(None) } else { Err(format!("there is no test {filter}")) };
    }
    Ok(Some(reason(&output).unwrap_or_else(|| status.to_string())))
}

/// Runs a command to its end, or gives `None` where it hangs.
fn wait(command: &mut Command, limit: Duration) -> Result<Option<ExitStatus>, String> {
    let name = command.get_program().display().to_string();
    let mut child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
    let begun = Instant::now();
    loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => return Ok(Some(status)),
            None if begun.elapsed() > limit => {
                _ = child.kill();
                _ = child.wait();
                return Ok(None);
            }
            None => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// The first thing that a failed test says.
fn reason(output: &str) -> Option<String> {
    let mut lines = output.lines().skip_while(|line| !line.contains("panicked at")).skip(1);
    let line = lines.find(|line| !line.trim().is_empty())?;
    Some(line.trim().chars().take(140).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    /// The table for TESTING.md.
    fn table() -> String {
        let mut table = "| bug | planted in | found by |\n|---|---|---|\n".to_owned();
        for Plant { name, file, checker, .. } in PLANTS {
            // Writing to a string cannot fail.
            _ = writeln!(table, "| {name} | `{file}` | {} |", checker.describe());
        }
        table
    }

    #[test]
    fn every_bug_can_be_planted() {
        planted(&Tree::read().unwrap()).unwrap();
        for plant in PLANTS {
            assert!(plant.becomes.contains("PLANTED"), "{} has no switch", plant.name);
        }
    }

    #[test]
    fn what_is_not_there_once_is_an_error() {
        let plant = |was| Plant { was, becomes: "PLANTED", ..PLANTS[0] };
        assert!(plant("a").applied("b").unwrap_err().contains("0 times"));
        assert!(plant("a").applied("a a").unwrap_err().contains("2 times"));
        assert!(plant("a").applied("(a)").unwrap().starts_with("(minato_sim::planted(\""));
    }

    #[test]
    fn the_document_has_the_table() {
        let tree = Tree::read().unwrap();
        let document = &tree.file("TESTING.md").unwrap().text;
        assert!(document.contains(&table()), "TESTING.md should have\n{}", table());
        let count = format!("{} of {0} bugs", PLANTS.len());
        assert!(document.contains(&count), "TESTING.md should say {count}");
    }

    #[test]
    fn the_reason_is_what_the_panic_says() {
        let output = "x\nthread 'a' panicked at b.rs:1:2:\n\n  a wake is lost  \nmore";
        assert_eq!(reason(output).as_deref(), Some("a wake is lost"));
        assert_eq!(reason("ok"), None);
    }
}
