//! How long things may be.

use super::{Violation, at_most, lines};
use crate::tree::{LIBRARY, Tree};

const COLUMNS: usize = 100;
const FILE_LINES: usize = 450;
const FUNCTION_LINES: usize = 70;
pub(crate) const CORE_LINES: usize = 20_500;
const EXAMPLE_LINES: usize = 60;
const TEST_BINARIES: usize = 15;

/// Lines of Rust have at most 100 columns.
pub(crate) fn columns(tree: &Tree) -> Vec<Violation> {
    lines(tree.rust("").map(|(file, _)| file), |line| {
        let width = line.chars().count();
        (width > COLUMNS).then(|| format!("{width} columns, at most {COLUMNS} are allowed"))
    })
}

/// Those files whose lines of code exceed `limit`.
fn longer(tree: &Tree, folder: &str, limit: usize) -> Vec<Violation> {
    let lengths = tree.rust(folder).map(|(file, source)| (file, source.lines_of_code().0));
    lengths.flat_map(|(file, lines)| at_most(limit, lines, "lines of code", &file.path)).collect()
}

/// A file has at most 450 lines of code. Comments, blank lines and unit tests are free.
pub(crate) fn file_length(tree: &Tree) -> Vec<Violation> {
    longer(tree, "", FILE_LINES)
}

/// An example has fewer than 60 lines of code: it is a page that teaches one thing. Tests of
/// examples, what is measured beside them and the program of a chapter are none.
pub(crate) fn example_length(tree: &Tree) -> Vec<Violation> {
    let others = ["/tests/", "/twins/", "/register/"];
    let is_example = |path: &str| !others.iter().any(|folder| path.contains(folder));
    let all = longer(tree, "examples/", EXAMPLE_LINES - 1).into_iter();
    all.filter(|violation| is_example(&violation.file)).collect()
}

/// A function has at most 70 lines, from its name to its closing brace, comments included: it fits
/// on a screen.
pub(crate) fn function_length(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (file, source) in tree.rust("") {
        for function in source.functions() {
            let (line, count) = (*function.lines.start(), function.lines.count());
            let what = format!("lines of `{}`", function.name);
            let long = at_most(FUNCTION_LINES, count, &what, &file.path);
            found.extend(long.into_iter().map(|found| Violation { line, ..found }));
        }
    }
    found
}

/// The library has at most 20,500 lines of code, tests apart.
pub(crate) fn core_length(tree: &Tree) -> Vec<Violation> {
    let files = tree.library();
    let lines = files.map(|(_, source)| source.lines_of_code().0).sum();
    at_most(CORE_LINES, lines, "lines of code", LIBRARY)
}

/// The library has at most 15 test programs, because each is linked anew.
pub(crate) fn test_binaries(tree: &Tree) -> Vec<Violation> {
    let folder = "minato/tests/";
    let names = tree.paths.iter().filter_map(|path| path.strip_prefix(folder));
    let binaries = names.filter(|name| match name.split_once('/') {
        None => name.ends_with(".rs"),
        Some((_, inside)) => inside == "main.rs",
    });
    at_most(TEST_BINARIES, binaries.count(), "test programs", folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_themselves_are_allowed() {
        let wide = format!("// {}\n", "é".repeat(97));
        assert!(columns(&Tree::of(&[("a.rs", &wide)])).is_empty());
        let full = "const A: u8 = 0;\n".repeat(450);
        assert!(file_length(&Tree::of(&[("a.rs", &full)])).is_empty());
        let screen = format!("fn f() {{{}}}", "\n".repeat(69));
        assert!(function_length(&Tree::of(&[("a.rs", &screen)])).is_empty());
        let page = "const A: u8 = 0;\n".repeat(59);
        assert!(example_length(&Tree::of(&[("examples/a.rs", &page)])).is_empty());
    }

    #[test]
    fn comments_blank_lines_and_unit_tests_are_free() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    fn a() {}\n".repeat(500));
        let text = format!("{}{}{tests}", "// why\n".repeat(500), "\n".repeat(500));
        assert!(file_length(&Tree::of(&[("a.rs", &text)])).is_empty());
    }

    #[test]
    fn modules_of_a_test_program_are_not_programs() {
        let names: Vec<String> =
            (0..16).map(|index| format!("minato/tests/a/{index}.rs")).collect();
        let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        assert!(test_binaries(&Tree::of(&files)).is_empty());
        let names: Vec<String> = (0..16).map(|index| format!("minato/tests/{index}.rs")).collect();
        let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        assert!(test_binaries(&Tree::of(&files[1..])).is_empty());
        assert_eq!(test_binaries(&Tree::of(&files)).len(), 1);
    }

    #[test]
    fn the_function_is_named_at_its_line() {
        let text = format!("\nfn long() {{{}}}", "\n".repeat(70));
        let found = function_length(&Tree::of(&[("a.rs", &text)]));
        assert_eq!(found[0].line, 2);
        assert!(found[0].message.contains("71 lines of `long`"));
    }
}
