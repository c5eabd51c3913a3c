//! Words that may not be names, because the field has a term for what they would name.

use super::{Violation, tokens};
use crate::source::is_identifier;
use crate::tree::Tree;

/// The packages whose names are ours to choose.
const PLACES: [&str; 4] = ["minato/", "minato-sim/", "minato-cli/", "xtask/"];

/// A word that is no part of a name, and what to write instead.
const WORDS: &[(&str, &str)] = &[
    ("ward wards warded care cares carer", "watch, WatchedCore"),
    ("keeper keepers", "TurnedBy"),
    ("seat seats seated", "Context, enter"),
    ("stand stands stood", "CoreSlot"),
    ("sentinel sentinels duty", "standby"),
    ("patience calm", "a limit: STUCK_AFTER, MAX_REFUSALS"),
    ("rouse rouses roused", "wake"),
    ("doze dozes dozing dozed", "deep_sleep"),
    ("relieve relieves adopt adopts adopted adoption", "steal, watch"),
    ("home homes settle settles settled evict", "register, deregister, flush_outbox"),
    ("look looks looked", "snapshot, check"),
    ("crowd crowded witness witnesses", "poll_limit"),
    ("lane lanes pace paces paced thick thin", "splice: SplicePipe, Policy"),
    ("kept pour pours poured told tells", "gro_queue, drain_into, meta"),
    ("vain unwoken", "empty_answers, woken_wakers"),
    ("allowance allowances", "budget"),
    ("fewest", "MIN_"),
];

/// What may be no whole name of a type, function or constant, by the word before it.
const NAMES: &[(&str, &str, &str)] = &[
    ("struct", "Shared", "an Inner, such as ReactorInner"),
    ("struct", "Facts", "TaskMeta"),
    ("struct", "Held", "RawTask"),
    ("struct", "Fresh", "NewTask"),
    ("enum", "After", "Action"),
    ("enum", "Started", "WakeOutcome"),
    ("struct", "Copy", "a name that std does not have"),
    ("fn", "of", "new, from_, with_"),
];

/// No name holds one of the words. A name is split at `_` and where a capital letter starts a word;
/// a path is split in the same way. Tests are free: their names are sentences.
pub(crate) fn names(tree: &Tree) -> Vec<Violation> {
    let report = |name: &str, instead: &str| format!("`{name}` has a standard term: {instead}");
    let files = || PLACES.iter().flat_map(|place| tree.rust(place));
    let paths = files().filter_map(|(file, _)| Some((&file.path, instead(&file.path)?)));
    let mut found: Vec<Violation> =
        paths.map(|(path, instead)| Violation::new(path, 1, report(path, instead))).collect();
    found.extend(tokens(files().filter(|(file, _)| !file.is_test()), |source, at| {
        let (name, before) = (source.text(at), source.text(at.wrapping_sub(1)));
        let whole = NAMES.iter().find(|(kind, known, _)| *kind == before && *known == name);
        let instead = match whole {
            Some((_, _, instead)) => Some(*instead),
            None if before == "const" && name.starts_with("MOST_") => Some("MAX_"),
            None => instead(name).filter(|_| is_identifier(name)),
        };
        let outside = instead.filter(|_| !source.in_test_block(source.tokens[at].line));
        outside.map(|instead| report(name, instead))
    }));
    found
}

/// What to write instead of a name that holds one of the words.
fn instead(name: &str) -> Option<&'static str> {
    let parts = parts(name);
    let holds = |words: &str| words.split(' ').any(|word| parts.iter().any(|part| part == word));
    WORDS.iter().find(|(words, _)| holds(words)).map(|(_, instead)| *instead)
}

/// The words of a name, in small letters: `look`, `up` and `key` of `lookUp_KEY`.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut was_small = false;
    for character in name.chars() {
        if !character.is_alphanumeric() || (was_small && character.is_uppercase()) {
            parts.push(String::new());
        }
        if let Some(last) = parts.last_mut().filter(|_| character.is_alphanumeric()) {
            last.extend(character.to_lowercase());
        }
        was_small = character.is_lowercase();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        names(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn parts_of_names_are_found() {
        let path = "minato/src/a.rs";
        for text in [
            "fn settle_in() {}",
            "struct SeatOf;",
            "const PATIENCE: u8 = 0;",
            "const MOST_READS: u8 = 0;",
            "fn of() {}",
            "struct Shared;",
            "struct A { is_dozing: bool }",
            "fn f() { let ward = 1; }",
            "macro_rules! m { () => { fn told() {} } }",
        ] {
            assert_eq!(count(path, text), 1, "{text}");
        }
        assert_eq!(count("minato-cli/src/lane.rs", "fn f() {}"), 1);
    }

    #[test]
    fn prose_other_words_and_tests_are_free() {
        let path = "minato/src/a.rs";
        for text in [
            "// settle\nfn f() { g(\"the lane\") }",
            "fn forward_standard_lookup() { TypeId::of::<u8>(); }",
            "struct SharedWaker;",
            "#[cfg(test)]\nmod tests { fn nobody_is_told() {} }",
        ] {
            assert_eq!(count(path, text), 0, "{text}");
        }
        assert_eq!(count("minato/tests/a.rs", "fn nobody_is_told() {}"), 0);
        assert_eq!(count("examples/a.rs", "fn settle() {}"), 0);
    }
}
