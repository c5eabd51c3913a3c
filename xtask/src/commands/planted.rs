//! A copy of the sources with bugs planted in it, each behind a switch of its own, so that one
//! build has them all. The product has neither the bugs nor the switches.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::process::{self, LONG};
use crate::tree::{self, Tree};

/// The environment variable that names the bug whose switch is on.
const SWITCH: &str = "MINATO_PLANT";

/// Where all crates find the switches.
const ROOT: &str = "minato-sim/src/lib.rs";

/// What the copy of the world has, for all to ask.
const SWITCHES: &str = r#"
/// Whether this bug is planted.
#[doc(hidden)]
pub fn planted(name: &str) -> bool {
    static PLANT: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    PLANT.get_or_init(|| std::env::var("MINATO_PLANT").ok()).as_deref() == Some(name)
}
"#;

/// The condition that the switch of this bug is on, in a file of the project.
pub(super) fn switch(file: &str, name: &str) -> String {
    let from = if file.starts_with("minato-sim/") { "crate" } else { "minato_sim" };
    format!("{from}::planted({name:?})")
}

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// With success, after so many tests.
    Passed(usize),
    /// With this to say.
    Failed(String),
    /// Not by itself.
    Hung(String),
}

/// The copy, in a folder of its own below `target`.
pub(super) struct PlantedTree {
    name: &'static str,
}

impl PlantedTree {
    pub(super) const fn new(name: &'static str) -> Self {
        Self { name }
    }

    pub(super) fn folder(&self) -> PathBuf {
        tree::root().join("target").join(self.name)
    }

    /// Copies the sources. `planted` has those files that bugs are in, by their paths.
    pub(super) fn copy(
        &self,
        tree: &Tree,
        mut planted: BTreeMap<&str, String>,
    ) -> Result<(), String> {
        _ = fs::remove_dir_all(self.folder());
        planted.insert("Cargo.toml", self.manifest(tree)?);
        planted.insert(ROOT, text(tree, ROOT)?.to_owned() + SWITCHES);
        for path in &tree.paths {
            match planted.get(path.as_str()) {
                Some(text) => self.write(path, text)?,
                None => {
                    let target = self.place(path)?;
                    let copied = fs::copy(tree::root().join(path), target);
                    copied.map_err(|error| format!("{path}: {error}"))?;
                }
            }
        }
        Ok(())
    }

    /// Writes one file.
    pub(super) fn write(&self, path: &str, text: &str) -> Result<(), String> {
        fs::write(self.place(path)?, text).map_err(|error| format!("{path}: {error}"))
    }

    /// Where a file is to be, in a folder that is there.
    fn place(&self, path: &str) -> Result<PathBuf, String> {
        let target = self.folder().join(path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(|error| format!("{path}: {error}"))?;
        }
        Ok(target)
    }

    /// Another version has other artifacts. Else those of the copy would pass for the product's.
    fn manifest(&self, tree: &Tree) -> Result<String, String> {
        const VERSION: &str = "[workspace.package]\nversion = \"";
        let manifest = text(tree, "Cargo.toml")?;
        let version = manifest.find(VERSION).map(|at| at + VERSION.len());
        let end = version.and_then(|at| Some(at + manifest[at..].find('"')?));
        let end = end.ok_or("Cargo.toml has no version of the workspace")?;
        Ok(format!("{}+{}{}", &manifest[..end], self.name, &manifest[end..]))
    }

    /// Cargo in the copy. It builds beside the other builds, so that what the copy depends on is
    /// not built again.
    pub(super) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = process::cargo(arguments);
        cargo.current_dir(self.folder()).env("CARGO_TARGET_DIR", tree::target());
        cargo
    }

    /// Builds tests of the library in the copy; returns the path of each binary by its name.
    /// The unit tests have the name `lib`.
    pub(super) fn build(&self, names: &[&str]) -> Result<BTreeMap<String, PathBuf>, String> {
        let mut cargo = self.cargo(&["test", "--package=minato", "--no-run"]);
        for name in names {
            match *name {
                "lib" => cargo.arg("--lib"),
                name => cargo.args(["--test", name]),
            };
        }
        let output = process::succeed(&mut cargo, LONG)?;
        let paths = output.lines().filter_map(executable);
        Ok(paths.map(|(name, path)| (name.to_owned(), self.folder().join(path))).collect())
    }

    /// Runs tests of the copy, with the switch of a bug on or none.
    pub(super) fn run(
        &self,
        tests: &mut Command,
        plant: Option<&str>,
        limit: Duration,
    ) -> Result<Ended, String> {
        let failed = |error: io::Error| format!("a test cannot be run: {error}");
        let log = self.folder().join(format!("{}.log", plant.unwrap_or("none").replace(' ', "-")));
        let output = fs::File::create(&log).map_err(failed)?;
        let copied = output.try_clone().map_err(failed)?;
        tests.current_dir(self.folder().join("minato")).stdin(Stdio::null());
        tests.stdout(output).stderr(copied).env("RUST_BACKTRACE", "0");
        tests.envs(plant.map(|plant| (SWITCH, plant)));
        let status = wait(tests, limit).map_err(failed)?;
        let text = fs::read(&log).map_err(failed)?;
        _ = fs::remove_file(&log);
        let text = String::from_utf8_lossy(&text);
        Ok(match status {
            None => Ended::Hung(format!("it hangs for {limit:?}")),
            Some(status) if status.success() => Ended::Passed(process::count_tests(&text).passed),
            Some(status) => Ended::failed(&text, &status.to_string()),
        })
    }
}

/// Runs a command to its end, or gives `None` where it hangs. What it has started goes with it.
fn wait(command: &mut Command, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let mut child = command.process_group(0).spawn()?;
    let begun = Instant::now();
    let status = loop {
        match child.try_wait()? {
            Some(status) => break Some(status),
            None if begun.elapsed() > limit => break None,
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).output();
    _ = child.wait();
    Ok(status)
}

impl Ended {
    /// How a test ended that has written this, and whose process has ended so.
    fn failed(output: &str, status: &str) -> Self {
        // The watchdog of the tests ends what hangs, and the system what uses up its time.
        let hung = output.lines().find(|line| line.starts_with("watchdog: "));
        match hung {
            Some(line) => Self::Hung(line.to_owned()),
            None if status.contains("SIGXCPU") || status.contains("signal: 9") => {
                Self::Hung("it uses up its time".to_owned())
            }
            None => Self::Failed(reason(output).unwrap_or_else(|| status.to_owned())),
        }
    }
}

/// The text of a file of the project.
pub(super) fn text<'a>(tree: &'a Tree, path: &str) -> Result<&'a str, String> {
    Ok(&tree.file(path).ok_or_else(|| format!("{path} is missing"))?.text)
}

/// The name and the path in cargo's line `Executable tests/tcp.rs (target/debug/deps/tcp-0123)`.
fn executable(line: &str) -> Option<(&str, &str)> {
    let (source, path) = line.trim().strip_prefix("Executable ")?.split_once(" (")?;
    let name = match source.strip_prefix("tests/") {
        Some(test) => test.strip_suffix(".rs")?,
        None => source.strip_suffix("src/lib.rs").map(|_| "lib")?,
    };
    Some((name, path.strip_suffix(')')?))
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

    #[test]
    fn binaries_are_found_in_what_cargo_says() {
        let test = "  Executable tests/tcp.rs (target/debug/deps/tcp-0123)";
        assert_eq!(executable(test), Some(("tcp", "target/debug/deps/tcp-0123")));
        let unit = "  Executable unittests src/lib.rs (/t/debug/deps/minato-0123)";
        assert_eq!(executable(unit), Some(("lib", "/t/debug/deps/minato-0123")));
        assert_eq!(executable("    Finished `test` profile"), None);
    }

    #[test]
    fn the_reason_is_what_the_panic_says() {
        let output = "x\nthread 'a' panicked at b.rs:1:2:\n\n  a wake is lost  \nmore";
        assert_eq!(reason(output).as_deref(), Some("a wake is lost"));
        assert_eq!(reason("ok"), None);
    }

    #[test]
    fn what_the_watchdog_or_the_system_has_ended_has_hung() {
        assert_eq!(Ended::failed("x", "signal: 6"), Ended::Failed("signal: 6".into()));
        let watchdog = "watchdog: the test at a.rs has hung for 60s";
        assert_eq!(Ended::failed(watchdog, "signal: 6"), Ended::Hung(watchdog.into()));
        assert!(matches!(Ended::failed("", "signal: 24 (SIGXCPU)"), Ended::Hung(_)));
    }
}
