//! `cargo xtask count`: lines of code by folder, and the unsafe blocks.

use std::collections::BTreeMap;

use crate::outcome::Outcome;
use crate::tidy;
use crate::tree::{self, Tree};

#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
struct Row {
    files: usize,
    code: usize,
    tests: usize,
    unsafe_blocks: usize,
}

pub(crate) fn run() -> Outcome {
    let tree = match Tree::read(&tree::root()) {
        Ok(tree) => tree,
        Err(error) => return Outcome::failed(error),
    };
    println!("{:<28}{:>7}{:>9}{:>9}{:>9}", "folder", "files", "code", "tests", "unsafe");
    let mut total = Row::default();
    for (folder, row) in rows(&tree) {
        print_row(&folder, row);
        total.add(row);
    }
    print_row("total", total);
    println!("\nLines with code: comments and blank lines are not counted.");
    Outcome::passed()
}

impl Row {
    fn add(&mut self, other: Row) {
        self.files += other.files;
        self.code += other.code;
        self.tests += other.tests;
        self.unsafe_blocks += other.unsafe_blocks;
    }
}

fn print_row(name: &str, row: Row) {
    let Row { files, code, tests, unsafe_blocks } = row;
    println!("{name:<28}{files:>7}{code:>9}{tests:>9}{unsafe_blocks:>9}");
}

/// The numbers of each folder that holds Rust files, without its subfolders.
fn rows(tree: &Tree) -> BTreeMap<String, Row> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for (file, source) in tree.rust("") {
        let folder = file.path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let (mut code, mut tests) = source.lines_of_code();
        if file.is_test() {
            tests += std::mem::take(&mut code);
        }
        let unsafe_blocks = tidy::count_unsafe(source);
        rows.entry(folder.to_string()).or_default().add(Row {
            files: 1,
            code,
            tests,
            unsafe_blocks,
        });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_by_folder() {
        let tree = Tree::of(&[
            ("minato/src/a.rs", "//! A.\nfn f() {}\n#[cfg(test)]\nmod tests {\n}\n"),
            ("minato/src/b.rs", "fn f() { unsafe {} }\n"),
            ("minato/tests/c.rs", "fn f() {}\n"),
        ]);
        let rows = rows(&tree);
        assert_eq!(rows["minato/src"], Row { files: 2, code: 2, tests: 3, unsafe_blocks: 1 });
        assert_eq!(rows["minato/tests"], Row { files: 1, code: 0, tests: 1, unsafe_blocks: 0 });
    }
}
