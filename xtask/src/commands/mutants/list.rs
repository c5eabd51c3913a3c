//! The mutants that `cargo mutants` finds in the library, and which of them are drawn.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{process, tree};

/// A change to the sources that a test should notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mutant {
    /// `file: what is done in which function`, which stays the same when lines move. The second of
    /// two that would have one name ends with `#2`.
    pub(super) name: String,
    pub(super) change: Change,
}

/// What `cargo mutants --list --json` says of a mutant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Change {
    /// With line and column behind the file.
    pub(super) name: String,
    pub(super) file: String,
    pub(super) genre: Genre,
    /// What is replaced.
    pub(super) span: Span,
    pub(super) replacement: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Genre {
    FnValue,
    BinaryOperator,
    UnaryOperator,
    MatchArm,
    MatchArmGuard,
    StructField,
}

/// A part of a file; the end is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct Span {
    pub(super) start: Position,
    pub(super) end: Position,
}

/// Both count from 1; columns are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Whether `cargo mutants` is there.
pub(super) fn is_installed() -> bool {
    process::output(&mut process::cargo(&["mutants", "--version"])).is_ok()
}

/// All mutants of the library.
pub(super) fn mutants() -> Result<Vec<Mutant>, String> {
    let mut command = process::cargo(&["mutants", "--list", "--json", "--package=minato"]);
    let listed = process::output(command.arg("--dir").arg(tree::root()))?;
    let changes: Vec<Change> = serde_json::from_str(&listed).map_err(|error| error.to_string())?;
    Ok(named(changes))
}

fn named(changes: Vec<Change>) -> Vec<Mutant> {
    let mut counts = BTreeMap::<String, usize>::new();
    let named = changes.into_iter().map(|change| {
        let Position { line, column } = change.span.start;
        let mut name = change.name.replacen(&format!(":{line}:{column}: "), ": ", 1);
        let count = counts.entry(name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            name += &format!(" #{count}");
        }
        Mutant { name, change }
    });
    named.collect()
}

/// Puts mutants into the order in which the seed draws them. It depends on their names alone: one
/// more or less does not change the others' order.
pub(super) fn shuffle<T>(seed: &str, items: &mut [T], name: impl Fn(&T) -> &str) {
    items.sort_by_cached_key(|item| hash(&[seed, name(item)]));
}

/// FNV-1a, and then bits mixed downwards, since its upper ones differ little.
fn hash(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    let mixed = bytes.fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: &str = r#"[
        {"name": "a.rs:2:5: replace == with != in f", "package": "p", "file": "a.rs",
         "function": null, "genre": "BinaryOperator", "replacement": "!=", "diff": "",
         "span": {"start": {"line": 2, "column": 5}, "end": {"line": 2, "column": 7}}},
        {"name": "a.rs:3:5: replace == with != in f", "package": "p", "file": "a.rs",
         "function": null, "genre": "BinaryOperator", "replacement": "!=", "diff": "",
         "span": {"start": {"line": 3, "column": 5}, "end": {"line": 3, "column": 7}}}
    ]"#;

    #[test]
    fn names_are_without_lines_and_differ() {
        let mutants = named(serde_json::from_str(LISTED).unwrap());
        let names: Vec<&str> = mutants.iter().map(|mutant| mutant.name.as_str()).collect();
        let first = "a.rs: replace == with != in f";
        assert_eq!(names, [first, &format!("{first} #2")]);
        assert_eq!(mutants[1].change.span.start, Position { line: 3, column: 5 });
    }

    #[test]
    fn a_seed_gives_an_order_that_others_do_not_change() {
        let order = |seed, mut names: Vec<&'static str>| {
            shuffle(seed, &mut names, |name| name);
            names
        };
        let all = vec!["a", "b", "c", "d", "e", "f"];
        let drawn = order("1", all.clone());
        assert_ne!(drawn, order("2", all.clone()));
        let without: Vec<&str> = drawn.iter().copied().filter(|name| *name != "c").collect();
        assert_eq!(order("1", vec!["f", "e", "d", "b", "a"]), without);
    }
}
