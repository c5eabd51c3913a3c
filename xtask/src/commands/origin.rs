//! `cargo xtask origin`: every test that docs/ORIGIN.md and docs/GUARANTEES.md name exists.
//!
//! The names are those in backticks in the columns whose heading holds the word "test". A name is a
//! test's path as `cargo test -- --list` prints it, or the end of one; `udp.rs::a_test` also asks
//! that this file has it; a path of a document or source file by itself stands for its doctests,
//! that of a folder for the tests in it, and `cargo xtask something` for that command.

use super::cargo::list_tests;
use crate::markdown;
use crate::outcome::{Counts, Outcome};
use crate::tree::Tree;

const DOCUMENTS: [&str; 2] = ["docs/ORIGIN.md", "docs/GUARANTEES.md"];

pub(crate) fn run() -> Result<Outcome, String> {
    let tree = Tree::read()?;
    let listed = list_tests()?;
    let tests: Vec<&str> = listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    let mut all = Vec::new();
    for document in DOCUMENTS {
        let file = tree.file(document).ok_or_else(|| format!("{document} is missing"))?;
        let (named, problems) = check(document, &file.text, &tests, &tree);
        println!("{document} names {named} tests, {} exist in all", tests.len());
        all.extend(problems);
    }
    Ok(Outcome::from_problems(all, Counts::default()))
}

/// How many tests a document names, and what is wrong with it.
fn check(document: &str, text: &str, tests: &[&str], tree: &Tree) -> (usize, Vec<String>) {
    let (mut named, mut problems) = (0, Vec::new());
    for row in markdown::rows(text) {
        let place = format!("{document}:{}", row.line);
        for cell in row.under("test") {
            let mut names = markdown::code(cell).peekable();
            if names.peek().is_none() {
                problems.push(format!("{place}: the row names no test"));
            }
            for name in names {
                named += 1;
                if !exists(name, tests, tree) {
                    problems.push(format!("{place}: there is no test {name}"));
                }
            }
        }
    }
    if named == 0 {
        problems.push(format!("{document} names no test"));
    }
    (named, problems)
}

fn exists(name: &str, tests: &[&str], tree: &Tree) -> bool {
    if let Some(command) = name.strip_prefix("cargo xtask ") {
        return super::find(command).is_some();
    }
    if name.starts_with("tests/") && !name.contains('.') {
        let inside = format!("/{name}/");
        return tree.rust("").any(|(known, _)| known.path.contains(&inside));
    }
    if let Some((file, test)) = name.split_once(".rs::") {
        let function = test.rsplit("::").next().unwrap_or(test);
        let inside = format!("/{file}.rs");
        let mut files =
            tree.rust("").filter(|(known, _)| format!("/{}", known.path).ends_with(&inside));
        return files
            .any(|(_, source)| source.functions().iter().any(|known| known.name == function))
            && tests.iter().any(|known| ends_with_path(known, function));
    }
    if name.ends_with(".rs") || name.ends_with(".md") {
        // Doctests are listed as `path - item (line 3)`.
        let files = tests.iter().filter_map(|known| known.split(" - ").next());
        return files.filter(|path| path.ends_with(name)).count() > 0;
    }
    tests.iter().any(|known| ends_with_path(known, name))
}

/// Whether `path` is `end`, or ends with it at a `::`.
fn ends_with_path(path: &str, end: &str) -> bool {
    path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TESTS: [&str; 3] =
        ["echo::by_future", "datagrams_arrive", "minato/src/io/mod.rs - io (line 4)"];

    fn problems(rows: &str) -> Vec<String> {
        let tree = Tree::of(&[("minato/tests/udp.rs", "fn datagrams_arrive() {}")]);
        let text = format!("# Origin\n\n| statement | item | the test |\n|---|---|---|\n{rows}\n");
        check("docs/ORIGIN.md", &text, &TESTS, &tree).1
    }

    #[test]
    fn existing_tests_pass() {
        assert!(problems("| a | `TcpStream` | `echo::by_future`, `by_future` |").is_empty());
        assert!(problems("| a | b | `tests/udp.rs::datagrams_arrive` |").is_empty());
        assert!(problems("| a | b | the doctests of `io/mod.rs` |").is_empty());
        assert!(
            problems("| a | b | `cargo xtask loom`, `minato/tests/udp.rs::datagrams_arrive` |")
                .is_empty()
        );
    }

    #[test]
    fn missing_tests_fail() {
        assert_eq!(problems("| a | b | `future` |"), ["docs/ORIGIN.md:5: there is no test future"]);
        assert_eq!(problems("| a | b | `tests/tcp.rs::datagrams_arrive` |").len(), 1);
        assert_eq!(problems("| a | b | `net/mod.rs` |").len(), 1);
        assert_eq!(problems("| a | b | `by_future` |\n| a | b | none |").len(), 1);
        assert_eq!(check("a.md", "no table\n", &TESTS, &Tree::of(&[])).1.len(), 1);
        assert_eq!(problems("| a | b | `cargo xtask sing` |").len(), 1);
        assert_eq!(problems("| a | b | `tests/sea` |").len(), 1);
    }
}
