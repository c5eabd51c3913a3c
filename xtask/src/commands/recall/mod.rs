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
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use self::plants::{Checker, PLANTS, Plant};
use super::planted::{Ended, PlantedTree, switch, text};
use crate::outcome::{Counts, Outcome};
use crate::tree::Tree;

/// A run of a checker: its seeds, if they are not its own, and how long it may take. One that takes
/// longer has met a bug that hangs it.
type Trial = (Option<&'static str>, Duration);

const ALL_SEEDS: Trial = (None, Duration::from_secs(60));

/// What the sweep tries first, since most bugs show with any seed. It tries all if these pass.
const FEW_SEEDS: Trial = (Some("0..2"), Duration::from_secs(20));

const COPY: PlantedTree = PlantedTree::new("recall");

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
        Ok(text.replace(was, &becomes.replace("PLANTED", &switch(file, name))))
    }
}

pub(super) fn run() -> Result<Outcome, String> {
    let (tree, (path, checkers_source)) = (Tree::read()?, BINARY);
    COPY.copy(&tree, planted(&tree)?)?;
    COPY.write(path, checkers_source)?;
    let binary = COPY.build(&["recall"])?.remove("recall").ok_or("cargo names no binary")?;
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

/// The files that bugs are planted in, as they become.
fn planted(tree: &Tree) -> Result<BTreeMap<&'static str, String>, String> {
    let mut texts = BTreeMap::new();
    for plant in PLANTS {
        let before = match texts.remove(plant.file) {
            Some(text) => text,
            None => text(tree, plant.file)?.to_owned(),
        };
        texts.insert(plant.file, plant.applied(&before)?);
    }
    Ok(texts)
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
    let filter = checker.filter();
    let mut tests = Command::new(binary);
    tests.arg(filter).envs(seeds.map(|seeds| ("MINATO_SIM_SEEDS", seeds)));
    match COPY.run(&mut tests, plant, limit)? {
        Ended::Passed(0) => Err(format!("there is no test {filter}")),
        Ended::Passed(_) => Ok(None),
        Ended::Failed(finding) | Ended::Hung(finding) => Ok(Some(finding)),
    }
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
}
