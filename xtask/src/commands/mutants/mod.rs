//! `cargo xtask mutants`: changes that `cargo mutants` finds in the sources, each of which a test
//! must notice.
//!
//! A build for each mutant would take hours. So all that are drawn are planted in one copy of the
//! sources, each behind a switch, and the tests that concern an area are built once:
//!
//! 1. `cargo mutants` lists the mutants, and a seed, which is printed, draws some of each area.
//! 2. They are planted, and those that do not compile are taken out.
//! 3. With no switch on, all tests must pass.
//! 4. With each switch on, a test must fail or hang.
//!
//! `docs/mutants.tsv` keeps what became of each mutant of the long sample, and TESTING.md has its
//! counts. CI draws from those that were caught, and all must be caught again.

mod areas;
mod list;
mod plant;
mod record;
mod viable;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use self::areas::{AREAS, Area, Tests};
use self::list::Mutant;
use self::record::{Entry, Fate, Record};
use super::planted::{Ended, PlantedTree};
use crate::outcome::{Counts, Outcome};
use crate::process;
use crate::tree::Tree;

/// The seed of the sample that is kept.
const SEED: &str = "harbour";

/// How many of each area are in that sample.
const SAMPLE: usize = 80;

/// How many of each area CI draws.
const AGAIN: usize = 4;

/// What hangs waits, or it runs in a circle. A machine that is busy may take long for the tests.
const LIMIT: Duration = Duration::from_secs(240);

/// How many seconds of processors the system gives a test. A busy machine does not shorten that.
const PROCESSOR: &str = "--cpu=60";

/// What a sweep tries: most changes show with any seed.
const SEEDS: &str = "0..4";

/// The environment variable with another seed for CI's draw, and that with the areas of the long
/// run.
const CHOICES: [&str; 2] = ["MINATO_MUTANTS_SEED", "MINATO_MUTANTS_AREAS"];

/// Some of the mutants that were caught are caught again.
pub(super) fn again() -> Result<Outcome, String> {
    if !list::is_installed() {
        return Ok(Outcome::skipped("there is no cargo-mutants"));
    }
    let commit = process::output(Command::new("git").args(["rev-parse", "HEAD"]));
    let seed = std::env::var(CHOICES[0]).or(commit)?;
    println!("seed: {}", seed.trim());
    let (record, all, mut drawn) = (Record::read()?, mutants()?, Vec::new());
    for area in AREAS {
        let was_caught = |mutant: &Mutant| {
            record.0.get(&mutant.name).is_some_and(|entry| entry.fate == Fate::Caught)
        };
        let mut mutants = in_area(area, &all);
        mutants.retain(was_caught);
        list::shuffle(seed.trim(), &mut mutants, |mutant| &mutant.name);
        drawn.extend(mutants.into_iter().take(AGAIN).map(|mutant| (area, mutant)));
    }
    let (mut problems, mut counts) = (Vec::new(), Counts::default());
    judge(&drawn, |_, mutant, entry| {
        match entry.fate {
            Fate::Caught | Fate::Timeout => counts.passed += 1,
            Fate::Survived | Fate::Unviable => {
                counts.failed += 1;
                problems.push(format!("{}: {}", entry.fate.word(), mutant.name));
            }
        }
        Ok(())
    })?;
    Ok(Outcome::from_problems(problems, counts))
}

/// Goes on with the long sample, in all areas by turns.
pub(super) fn sample() -> Result<Outcome, String> {
    let mut record = Record::read()?;
    let only = std::env::var(CHOICES[1]).ok();
    let is_chosen = |area: &&Area| {
        only.as_deref().is_none_or(|only| only.split(',').any(|name| name == area.name))
    };
    let (all, mut drawn) = (mutants()?, Vec::new());
    for area in AREAS.iter().filter(is_chosen) {
        let mut mutants = in_area(area, &all);
        println!("{}: {} mutants, of which {SAMPLE} by seed {SEED}", area.name, mutants.len());
        list::shuffle(SEED, &mut mutants, |mutant| &mutant.name);
        let sample = mutants.into_iter().take(SAMPLE).enumerate();
        let left = sample.filter(|(_, mutant)| !record.0.contains_key(&mutant.name));
        drawn.extend(left.map(|(turn, mutant)| (turn, area, mutant)));
    }
    drawn.sort_by_key(|(turn, ..)| *turn);
    let drawn: Vec<_> = drawn.into_iter().map(|(_, area, mutant)| (area, mutant)).collect();
    judge(&drawn, |_, mutant, entry| {
        record.0.insert(mutant.name.clone(), entry);
        record.write()
    })?;
    print!("{}", record.table(&area_names()));
    Ok(Outcome::default())
}

/// All mutants of all areas that can be behind a switch.
fn mutants() -> Result<Vec<Mutant>, String> {
    let mut all = list::mutants()?;
    all.retain(|mutant| AREAS.iter().any(|area| area.has(&mutant.change.file)));
    viable::switchable(&Tree::read()?, all)
}

/// The mutants of an area.
fn in_area(area: &Area, all: &[Mutant]) -> Vec<Mutant> {
    all.iter().filter(|mutant| area.has(&mutant.change.file)).cloned().collect()
}

fn area_names() -> Vec<&'static str> {
    AREAS.iter().map(|area| area.name).collect()
}

/// Finds out what becomes of each mutant, and tells it as it is known.
fn judge(
    drawn: &[(&Area, Mutant)],
    mut tell: impl FnMut(&Area, &Mutant, Entry) -> Result<(), String> + Send,
) -> Result<(), String> {
    if drawn.is_empty() {
        return Ok(());
    }
    let copy = PlantedTree::new("mutants");
    let mutants: Vec<Mutant> = drawn.iter().map(|(_, mutant)| mutant.clone()).collect();
    let unviable = viable::plant_viable(&copy, &Tree::read()?, &mutants)?;
    for number in &unviable {
        let (area, mutant) = &drawn[*number];
        let (area_name, note) = (area.name.to_owned(), String::new());
        tell(area, mutant, Entry { area: area_name, fate: Fate::Unviable, note })?;
    }
    let tests = tests_of(drawn.iter().map(|(area, _)| *area));
    let mut names: Vec<&str> = tests.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    let binaries = copy.build(&names)?;
    for test in &tests {
        match run(&copy, &binaries, test, None)? {
            Ended::Passed(count) if count > 0 => {}
            ended => return Err(format!("without a mutant, {} ends so: {ended:?}", test.0)),
        }
    }
    let (next, tell) = (AtomicUsize::new(0), Mutex::new(&mut tell));
    let worker = || -> Result<(), String> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some((area, mutant)) = drawn.get(number) else { return Ok(()) };
            if unviable.contains(&number) {
                continue;
            }
            let (fate, note) = fate(&copy, &binaries, area, &plant::switch_name(number))?;
            println!("{}: {}: {note}", fate.word(), mutant.name);
            let entry = Entry { area: area.name.to_owned(), fate, note };
            let mut tell = tell.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            tell(area, mutant, entry)?;
        }
    };
    thread::scope(|scope| {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(worker)).collect();
        let join = |worker: thread::ScopedJoinHandle<'_, _>| worker.join().expect("it returns");
        workers.into_iter().try_for_each(join)
    })
}

/// The tests of these areas, each once.
fn tests_of<'a>(areas: impl Iterator<Item = &'a Area>) -> Vec<Tests> {
    let mut tests: Vec<Tests> = areas.flat_map(|area| area.tests).copied().collect();
    tests.sort_unstable();
    tests.dedup();
    tests
}

/// What becomes of a mutant, and which test says so.
fn fate(
    copy: &PlantedTree,
    binaries: &BTreeMap<String, PathBuf>,
    area: &Area,
    switch: &str,
) -> Result<(Fate, String), String> {
    for test in area.tests {
        // A tab would end the note.
        let note = |what: String| format!("{}: {}", test.0, what.replace(['\t', '\n'], " "));
        match run(copy, binaries, test, Some(switch))? {
            Ended::Passed(_) => {}
            Ended::Failed(why) => return Ok((Fate::Caught, note(why))),
            Ended::Hung(why) => return Ok((Fate::Timeout, note(why))),
        }
    }
    Ok((Fate::Survived, String::new()))
}

fn run(
    copy: &PlantedTree,
    binaries: &BTreeMap<String, PathBuf>,
    (name, filters): &Tests,
    switch: Option<&str>,
) -> Result<Ended, String> {
    let binary = binaries.get(*name).ok_or_else(|| format!("cargo has built no {name}"))?;
    let mut tests = Command::new("prlimit");
    tests.args([PROCESSOR, "--"]).arg(binary).args(*filters).env("MINATO_SIM_SEEDS", SEEDS);
    copy.run(&mut tests, switch, LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_the_counts() {
        let tree = Tree::read().unwrap();
        let document = &tree.file("TESTING.md").unwrap().text;
        let table = Record::read().unwrap().table(&area_names());
        assert!(document.contains(&table), "TESTING.md should have\n{table}");
    }

    #[test]
    fn each_that_survived_has_a_reason() {
        let record = Record::read().unwrap();
        let survived = record.0.iter().filter(|(_, entry)| entry.fate == Fate::Survived);
        let without: Vec<_> = survived.filter(|(_, entry)| entry.note.is_empty()).collect();
        assert!(without.is_empty(), "{without:#?}");
    }
}
