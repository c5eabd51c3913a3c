//! `cargo xtask count`: lines of code by folder, and the unsafe blocks.

use std::collections::BTreeMap;

use crate::outcome::Outcome;
use crate::tidy;
use crate::tree::Tree;

/// Files, lines of code, lines of tests, unsafe blocks.
type Row = [usize; 4];

pub(crate) fn run() -> Result<Outcome, String> {
    println!("{:<28}{:>7}{:>9}{:>9}{:>9}", "folder", "files", "code", "tests", "unsafe");
    let mut total = Row::default();
    for (folder, row) in rows(&Tree::read()?) {
        print(&folder, row);
        add(&mut total, row);
    }
    print("total", total);
    println!("\nLines with code: comments and blank lines are not counted.");
    Ok(Outcome::default())
}

fn add(row: &mut Row, other: Row) {
    row.iter_mut().zip(other).for_each(|(sum, number)| *sum += number);
}

fn print(name: &str, [files, code, tests, unsafe_blocks]: Row) {
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
        let row = rows.entry(folder.to_string()).or_default();
        add(row, [1, code, tests, tidy::count_unsafe(source)]);
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
        assert_eq!(rows["minato/src"], [2, 2, 3, 1]);
        assert_eq!(rows["minato/tests"], [1, 0, 1, 0]);
    }
}
