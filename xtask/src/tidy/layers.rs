//! What ARCHITECTURE.md says about ways through the code: which folders import each other, and how
//! many files an operation crosses.

use std::collections::{BTreeMap, BTreeSet};

use super::{Violation, at_most};
use crate::markdown;
use crate::tree::{LIBRARY, Tree};

const DOCUMENT: &str = "ARCHITECTURE.md";

/// The heading above the table of imports that go upwards.
const UPWARDS: &str = "Imports that go upwards";

/// Headings above numbered lists of functions, and how many files each list may name.
const WAYS: [(&str, usize); 2] =
    [("From `read_exact` to the system call", 5), ("From an event to the task's poll", 10)];

/// Marks a line of such a list whose function the one above does not name.
const CALLED_BACK: &str = "called back";

type Edge = (String, String);

/// Folders of the library import each other in circles only where the document says why: without
/// the imports in its table there are none.
pub(crate) fn circles(tree: &Tree) -> Vec<Violation> {
    let text = tree.file(DOCUMENT).map_or("", |file| &file.text);
    let lines = markdown::section(text, UPWARDS);
    let first = lines.first().map_or(1, |(line, _)| *line);
    let table: Vec<&str> = lines.iter().map(|(_, line)| *line).collect();
    let mut imports = imports(tree);
    let mut found = Vec::new();
    for row in markdown::rows(&table.join("\n")) {
        let mut report =
            |message| found.push(Violation::new(DOCUMENT, first + row.line - 1, message));
        let mut cells = row.cells.iter().map(|cell| cell.trim_matches(['`', '/']).to_string());
        let (from, to) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
        if cells.next().is_none_or(|reason| reason.is_empty()) {
            report(format!("no reason is given for {from}/ and {to}/"));
        }
        let edge = (from, to);
        if imports.remove(&edge).is_none() {
            report(format!("{}/ does not import {}/", edge.0, edge.1));
        }
    }
    for ((from, to), (file, line)) in &imports {
        if reaches(&imports, to, from) {
            let message = format!("{from}/ imports {to}/, which leads back to {from}/");
            found.push(Violation::new(file, *line, message));
        }
    }
    found
}

/// Which folder imports which, with the first place that does.
fn imports(tree: &Tree) -> BTreeMap<Edge, (String, usize)> {
    let folder = |path: &str| path[LIBRARY.len()..].split_once('/').map(|(top, _)| top.to_string());
    let folders: BTreeSet<String> =
        tree.library().filter_map(|(file, _)| folder(&file.path)).collect();
    let mut found = BTreeMap::new();
    for (file, source) in tree.library() {
        let Some(from) = folder(&file.path) else { continue };
        let outside = source.paths().into_iter().filter(|path| !source.in_test_block(path.line));
        for path in outside.filter(|path| path.segments[0] == "crate") {
            let to = path.segments.get(1).filter(|to| folders.contains(*to) && **to != from);
            if let Some(to) = to {
                let place = (file.path.clone(), path.line);
                found.entry((from.clone(), to.clone())).or_insert(place);
            }
        }
    }
    found
}

fn reaches(imports: &BTreeMap<Edge, (String, usize)>, from: &str, to: &str) -> bool {
    let (mut seen, mut left) = (BTreeSet::new(), vec![from]);
    while let Some(at) = left.pop() {
        if seen.insert(at) {
            left.extend(imports.keys().filter(|(start, _)| start == at).map(|(_, end)| &**end));
        }
    }
    seen.contains(to)
}

/// An operation crosses few files: those in the document's list of its functions. Each function
/// exists and names the next one.
pub(crate) fn ways(tree: &Tree) -> Vec<Violation> {
    let Some(document) = tree.file(DOCUMENT) else { return Vec::new() };
    let mut found = Vec::new();
    for (heading, limit) in WAYS {
        let mut files = BTreeSet::new();
        let mut before: Option<(String, Vec<String>)> = None;
        for (number, line) in markdown::section(&document.text, heading) {
            if !line.trim_start().starts_with(|c: char| c.is_ascii_digit()) {
                continue;
            }
            let mut report = |message| found.push(Violation::new(DOCUMENT, number, message));
            let mut names = markdown::code(line);
            let (file, function) = (names.next().unwrap_or(""), names.next().unwrap_or(""));
            let function = function.rsplit("::").next().unwrap_or("");
            files.insert(file);
            if let Some((name, body)) = &before
                && !line.contains(CALLED_BACK)
                && !body.iter().any(|word| word == function)
            {
                report(format!("`{name}` does not name `{function}`"));
            }
            let words = body(tree, file, function);
            if words.is_none() {
                report(format!("{file} has no function `{function}`"));
            }
            before = Some((function.to_string(), words.unwrap_or_default()));
        }
        if files.is_empty() {
            let message = format!("lists no functions under the heading `{heading}`");
            found.push(Violation::new(DOCUMENT, 1, message));
        }
        found.extend(at_most(limit, files.len(), &format!("files: {heading}"), DOCUMENT));
    }
    found
}

/// The words in the bodies of the file's functions of this name, and of its macros.
fn body(tree: &Tree, file: &str, function: &str) -> Option<Vec<String>> {
    let (_, source) = tree.rust(LIBRARY).find(|(known, _)| known.path[LIBRARY.len()..] == *file)?;
    let functions = source.functions().into_iter().filter(|known| known.name == function);
    let bodies: Vec<_> = functions.map(|function| function.body).collect();
    let words = bodies.concat().iter().map(|token| token.text.clone()).collect();
    (!bodies.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: (&str, &str) = ("minato/src/a/mod.rs", "use crate::b::B;\nfn f() { g() }");
    const B: (&str, &str) = ("minato/src/b/mod.rs", "fn g() { crate::c::h() }");
    const C: (&str, &str) = ("minato/src/c/mod.rs", "use crate::{a::{X, Y}, d};\nfn h() {}");

    fn messages(rule: fn(&Tree) -> Vec<Violation>, document: &str) -> Vec<String> {
        let tree = Tree::of(&[A, B, C, (DOCUMENT, document)]);
        rule(&tree).into_iter().map(|found| found.message).collect()
    }

    #[test]
    fn a_circle_needs_its_reason() {
        assert_eq!(messages(circles, "").len(), 3);
        let table = format!("# {UPWARDS}\n\n| from | to | why |\n|---|---|---|\n");
        let row = |row: &str| messages(circles, &format!("{table}{row}\n"));
        assert!(row("| `c/` | `a/` | it must |").is_empty());
        assert_eq!(row("| `c/` | `a/` | |"), ["no reason is given for c/ and a/"]);
        assert_eq!(row("| `c/` | `a/` | x |\n| `a/` | `c/` | x |"), ["a/ does not import c/"]);
        assert!(circles(&Tree::of(&[A, B])).is_empty());
    }

    fn way(lines: &str) -> Vec<String> {
        let [(first, _), (second, _)] = WAYS;
        let other = format!("## {second}\n1. `a/mod.rs`: `f`\n## Other\n9. `no.rs`: `x`\n");
        messages(ways, &format!("## {first}\n\n{lines}\n{other}"))
    }

    #[test]
    fn each_function_names_the_next() {
        assert!(way("1. `a/mod.rs`: `A::f`\n2. `b/mod.rs`: `g`, which is small").is_empty());
        let skipped = way("1. `a/mod.rs`: `f`\n2. `c/mod.rs`: `h`");
        assert_eq!(skipped, ["`f` does not name `h`"]);
        assert!(way("1. `a/mod.rs`: `f`\n2. `c/mod.rs`: `h`, called back").is_empty());
        assert_eq!(way("1. `a/mod.rs`: `gone`"), ["a/mod.rs has no function `gone`"]);
    }

    #[test]
    fn a_list_that_is_missing_or_empty_is_found() {
        let [(first, _), (second, _)] = WAYS;
        let missing = |heading| format!("lists no functions under the heading `{heading}`");
        assert_eq!(messages(ways, ""), [missing(first), missing(second)]);
        let renamed = format!("## {first}\n1. `a/mod.rs`: `f`\n## {second}s\n1. `a/mod.rs`: `f`\n");
        assert_eq!(messages(ways, &renamed), [missing(second)]);
        assert_eq!(way("nothing"), [missing(first)]);
    }

    #[test]
    fn a_way_crosses_few_files() {
        let lines: Vec<String> = (0..6).map(|index| format!("1. `{index}.rs`: `f`")).collect();
        assert!(way(&lines.join("\n")).iter().any(|message| message.contains("6 files")));
    }
}
