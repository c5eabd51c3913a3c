//! Where `unsafe` may stand, how much of it, and the inventory that explains each.

use std::collections::BTreeMap;

use super::places;
use super::{Violation, at_most, tokens};
use crate::markdown;
use crate::source::Source;
use crate::tree::{LIBRARY, Tree};

const BLOCKS: usize = 80;

/// The inventory: a table of file, count and reason.
pub(crate) const INVENTORY: &str = "docs/UNSAFE.md";

/// `unsafe` stands only in the files that the architecture gives it to.
pub(crate) fn place(tree: &Tree) -> Vec<Violation> {
    let files = tree.rust(LIBRARY).filter(|(file, _)| !places::allows(places::UNSAFE, &file.path));
    tokens(files, |source, at| {
        let found = source.text(at) == "unsafe";
        found.then(|| "this file may hold no unsafe code".to_string())
    })
}

/// The library has at most 80 unsafe blocks and impls.
pub(crate) fn budget(tree: &Tree) -> Vec<Violation> {
    at_most(BLOCKS, counts(tree).values().sum(), "unsafe blocks", LIBRARY)
}

/// The inventory lists exactly the unsafe blocks that there are, and a reason for each file.
pub(crate) fn inventory(tree: &Tree) -> Vec<Violation> {
    let mut counts = counts(tree);
    counts.retain(|_, count| *count > 0);
    let rows = tree.file(INVENTORY).map_or(Vec::new(), |file| markdown::rows(&file.text));
    let mut found = Vec::new();
    for row in rows {
        let [path, listed, reason] = row.cells[..] else { continue };
        let Ok(listed) = listed.parse::<usize>() else { continue };
        let path = path.trim_matches('`').trim_start_matches(LIBRARY);
        let real = counts.remove(&format!("{LIBRARY}{path}")).unwrap_or(0);
        let mut report = |message| found.push(Violation::new(INVENTORY, row.line, message));
        if real != listed {
            report(format!("{path} has {real} unsafe blocks, not {listed}"));
        }
        if reason.is_empty() {
            report(format!("no reason is given for {path}"));
        }
    }
    found.extend(counts.into_iter().map(|(path, count)| {
        let message = format!("{path} has {count} unsafe blocks and is not listed");
        Violation::new(INVENTORY, 1, message)
    }));
    found
}

/// Unsafe blocks and impls in a file.
pub(crate) fn count(source: &Source) -> usize {
    source.words("unsafe").filter(|at| matches!(source.text(at + 1), "{" | "impl")).count()
}

fn counts(tree: &Tree) -> BTreeMap<String, usize> {
    tree.rust(LIBRARY).map(|(file, source)| (file.path.clone(), count(source))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUFFER: (&str, &str) = ("minato/src/io/read_buf.rs", "fn f() { unsafe { g() } }");

    fn with_inventory(table: &str) -> Vec<Violation> {
        inventory(&Tree::of(&[
            BUFFER,
            (INVENTORY, &format!("| file | count | why |\n|---|--:|---|\n{table}\n")),
        ]))
    }

    #[test]
    fn blocks_and_impls_count_but_not_functions_or_words() {
        let text = "unsafe fn f() { unsafe {} }\nunsafe impl Send for A {}\n// unsafe {}\n";
        assert_eq!(count(&Source::new(text)), 2);
    }

    #[test]
    fn the_inventory_must_agree() {
        assert!(with_inventory("| `io/read_buf.rs` | 1 | set_len |").is_empty());
        assert!(with_inventory("| minato/src/io/read_buf.rs | 1 | set_len |").is_empty());
        assert_eq!(with_inventory("| `io/read_buf.rs` | 2 | set_len |").len(), 1);
        assert_eq!(with_inventory("| `io/read_buf.rs` | 1 | |").len(), 1);
        assert_eq!(with_inventory("no table").len(), 1);
        assert_eq!(
            with_inventory("| `io/read_buf.rs` | 1 | a |\n| `io/gone.rs` | 1 | b |").len(),
            1
        );
    }

    #[test]
    fn no_unsafe_needs_no_inventory() {
        assert!(inventory(&Tree::of(&[("minato/src/lib.rs", "")])).is_empty());
    }

    #[test]
    fn any_use_of_the_word_is_out_of_place() {
        let tree =
            Tree::of(&[("minato/src/net/udp.rs", "unsafe impl Send for A {}\nunsafe fn f() {}")]);
        assert_eq!(place(&tree).len(), 2);
        assert!(place(&Tree::of(&[BUFFER, ("minato-cli/src/main.rs", "unsafe {}")])).is_empty());
    }
}
