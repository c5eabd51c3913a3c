//! Which mutants compile. The compiler is asked of all at once, and says where its errors are:
//! those mutants are taken out, until there are none. It finds errors of types before those of
//! lifetimes, so that takes a few rounds.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::ops::Range;
use std::process::Stdio;

use cargo_metadata::Message;
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel};

use super::list::Mutant;
use super::plant::{Place, Planted, plant};
use crate::commands::planted::{PlantedTree, text};
use crate::tree::Tree;

const ROOT: &str = "minato/src/lib.rs";

/// A mutant that panics is one for the tests to find.
const LENIENT: &str = "#![allow(warnings, arithmetic_overflow, unconditional_panic)] ";

/// Plants all that compile into a copy of the sources; returns those that do not.
pub(super) fn plant_viable(
    copy: &PlantedTree,
    tree: &Tree,
    mutants: &[Mutant],
) -> Result<BTreeSet<usize>, String> {
    let mut unviable = BTreeSet::new();
    let (first, _) = plant_all(tree, mutants, &unviable)?;
    let texts = first.iter().map(|(path, planted)| (*path, planted.text.clone()));
    let mut texts: BTreeMap<&str, String> = texts.collect();
    texts.insert(ROOT, format!("{LENIENT}{}", text(tree, ROOT)?));
    copy.copy(tree, texts)?;
    let mut planted = first;
    loop {
        let found = errors(copy, &planted)?;
        if found.is_empty() {
            return Ok(unviable);
        }
        let files: BTreeSet<&str> =
            found.iter().map(|number| mutants[*number].change.file.as_str()).collect();
        println!("{} mutants do not compile", found.len());
        unviable.extend(found);
        (planted, _) = plant_all(tree, mutants, &unviable)?;
        for (path, planted) in planted.iter().filter(|(path, _)| files.contains(**path)) {
            copy.write(path, &planted.text)?;
        }
    }
}

/// Those of the mutants that can be behind a switch. One in a constant function cannot.
pub(super) fn switchable(tree: &Tree, mutants: Vec<Mutant>) -> Result<Vec<Mutant>, String> {
    let (_, without) = plant_all(tree, &mutants, &BTreeSet::new())?;
    let (without, all) = (BTreeSet::from_iter(without), mutants.len());
    let numbered = mutants.into_iter().enumerate();
    let left = numbered.filter(|(number, _)| !without.contains(number)).map(|(_, mutant)| mutant);
    println!("{} of {all} mutants have no form with a switch", without.len());
    Ok(left.collect())
}

type Files<'a> = BTreeMap<&'a str, Planted>;

/// All files with mutants in them but `unviable`, and the mutants that cannot be planted.
fn plant_all<'a>(
    tree: &Tree,
    mutants: &'a [Mutant],
    unviable: &BTreeSet<usize>,
) -> Result<(Files<'a>, Vec<usize>), String> {
    let mut by_file = BTreeMap::<&str, Vec<(usize, &Mutant)>>::new();
    for (number, mutant) in mutants.iter().enumerate() {
        let of_file = by_file.entry(&mutant.change.file).or_default();
        of_file.extend((!unviable.contains(&number)).then_some((number, mutant)));
    }
    let (mut files, mut without) = (BTreeMap::new(), Vec::new());
    for (path, mutants) in by_file {
        let mut planted =
            plant(text(tree, path)?, &mutants).map_err(|error| format!("{path}: {error}"))?;
        without.append(&mut planted.without);
        files.insert(path, planted);
    }
    Ok((files, without))
}

/// The mutants that the compiler finds errors in.
fn errors(copy: &PlantedTree, files: &Files<'_>) -> Result<BTreeSet<usize>, String> {
    let mut cargo = copy.cargo(&["check", "--package=minato", "--lib", "--message-format=json"]);
    let output = cargo.stderr(Stdio::inherit()).output().map_err(|error| error.to_string())?;
    let (mut found, mut lost) = (BTreeSet::new(), Vec::new());
    for message in Message::parse_stream(Cursor::new(&output.stdout)) {
        let Ok(Message::CompilerMessage(message)) = message else { continue };
        let diagnostic = message.message;
        // The last one counts the others.
        if diagnostic.level != DiagnosticLevel::Error || diagnostic.spans.is_empty() {
            continue;
        }
        match mutants_of(&diagnostic, files) {
            numbers if numbers.is_empty() => lost.extend(diagnostic.rendered),
            numbers => found.extend(numbers),
        }
    }
    if found.is_empty() && !output.status.success() {
        return Err(format!("errors outside of the mutants:\n{}", lost.concat()));
    }
    Ok(found)
}

/// The mutants that an error is about: the one whose text it points into, with its first place if
/// that has one; else the smallest ones around its places.
fn mutants_of(diagnostic: &Diagnostic, files: &Files<'_>) -> Vec<usize> {
    let mut spans: Vec<_> = diagnostic.spans.iter().collect();
    spans.sort_by_key(|span| !span.is_primary);
    let ranges = spans.iter().filter_map(|span| {
        let places = &files.get(span.file_name.as_str())?.places;
        Some((places, span.byte_start as usize..span.byte_end as usize))
    });
    let ranges: Vec<(&Vec<Place>, Range<usize>)> = ranges.collect();
    for (places, range) in &ranges {
        let touched = |place: &&Place| overlap(&place.inserted, range);
        let smallest = places.iter().filter(touched).min_by_key(|place| place.inserted.len());
        if let Some(place) = smallest {
            return vec![place.mutant];
        }
    }
    let around = ranges.iter().filter_map(|(places, range)| {
        let around = places.iter().filter(|place| overlap(&place.whole, range));
        around.min_by_key(|place| place.whole.len()).map(|place| place.mutant)
    });
    around.collect()
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}
