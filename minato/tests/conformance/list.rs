//! The list of all cases in docs/CONFORMANCE.md: those of this folder, and from 101 on the tests
//! elsewhere that run the same body on the operating system and in a world. `MINATO_LIST=write`
//! in the environment writes what is missing, with the next numbers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::DIFFERENCES;

const DOCUMENT: &str = "../docs/CONFORMANCE.md";

/// The number of the first case that stands elsewhere.
const FIRST_ELSEWHERE: u32 = 101;

/// A case as the sources have it: its file, its function and what it states.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Case {
    file: String,
    name: String,
    states: String,
}

impl Case {
    fn row(&self, number: u32) -> String {
        format!("| C{number} | {} | `{}::{}` |", self.states, self.file, self.name)
    }
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// A name as a sentence.
fn sentence(name: &str) -> String {
    let words = name.replace('_', " ");
    let (first, rest) = words.split_at(1);
    first.to_uppercase() + rest
}

/// The cases of this folder, by their numbers; and those elsewhere.
fn found() -> (BTreeMap<u32, Case>, Vec<Case>) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut files = Vec::new();
    sources(&tests, &mut files);
    files.sort();
    let (mut numbered, mut elsewhere) = (BTreeMap::new(), Vec::new());
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let file = path.strip_prefix(&tests).unwrap().to_str().unwrap().to_owned();
        let case = |name: &str, states: String| {
            let (file, name) = (file.clone(), name.to_owned());
            Case { file, name, states }
        };
        let blocks = |start: &str| {
            let blocks: Vec<_> = text.split(start).skip(1).collect();
            blocks.into_iter().filter_map(|block| block.split("\n}").next()).collect::<Vec<_>>()
        };
        for line in blocks("\nconformance! {").into_iter().flat_map(str::lines) {
            let mut words = line.trim().splitn(3, ' ');
            if let (Some(number), Some(name), Some(states)) =
                (words.next(), words.next(), words.next())
            {
                let states = states.trim_matches(|c| c == '"' || c == ';').to_owned();
                let old = numbered.insert(number.parse().unwrap(), case(name, states));
                assert_eq!(old, None, "two cases have the number {number}");
            }
        }
        for line in blocks("\ncases! {").into_iter().flat_map(str::lines) {
            let Some((name, needs)) = line.trim().split_once(" [") else { continue };
            let one_place = ["Descriptors", "World", "Threads"];
            if !one_place.iter().any(|need| needs.contains(need)) {
                elsewhere.push(case(name, sentence(name)));
            }
        }
        for function in text.split("#[test]\nfn ").skip(1) {
            let Some((name, body)) = function.split_once("() {\n") else { continue };
            if body.trim_start().starts_with("everywhere(") {
                elsewhere.push(case(name, sentence(name)));
            }
        }
    }
    (numbered, elsewhere)
}

/// The rows of a document: numbers, and what is in the last column.
fn listed(document: &str) -> Vec<(u32, &str)> {
    let rows = document.lines().filter_map(|line| line.strip_prefix("| C")?.split_once(" | "));
    rows.map(|(number, row)| {
        let name = row.rsplit('`').nth(1).unwrap_or_else(|| panic!("no name in {row}"));
        (number.parse().unwrap(), name)
    })
    .collect()
}

/// The document with exactly the rows that there should be.
fn brought_up_to_date(document: &str) -> String {
    let (numbered, elsewhere) = found();
    let old: BTreeMap<&str, u32> =
        listed(document).into_iter().map(|(number, name)| (name, number)).collect();
    let mut next = old.values().copied().max().unwrap_or(0).max(FIRST_ELSEWHERE - 1);
    let mut rows: BTreeMap<u32, String> =
        numbered.iter().map(|(number, case)| (*number, case.row(*number))).collect();
    for case in elsewhere {
        let number = old.get(&*format!("{}::{}", case.file, case.name)).copied();
        let number = number.unwrap_or_else(|| {
            next += 1;
            next
        });
        rows.insert(number, case.row(number));
    }
    let differences: String = DIFFERENCES
        .iter()
        .map(|listed| {
            let [linux, world] = [listed.linux, listed.world].map(|value| format!("`{value}`"));
            let (case, statement, reason) = (listed.case, listed.statement, listed.reason);
            format!("| {case} | {statement} | {linux} | {world} | {reason} |\n")
        })
        .collect();
    let part = |range: std::ops::Range<u32>| {
        rows.range(range).map(|(_, row)| row.clone() + "\n").collect::<String>()
    };
    let tables = [
        (
            "differences",
            "| case | statement | Linux | a world | why |\n|--:|---|---|---|---|\n",
            differences,
        ),
        ("cases", "| number | states | case |\n|---|---|---|\n", part(0..FIRST_ELSEWHERE)),
        (
            "elsewhere",
            "| number | states | test |\n|---|---|---|\n",
            part(FIRST_ELSEWHERE..u32::MAX),
        ),
    ];
    let mut text = document.to_owned();
    for (name, head, rows) in tables {
        let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
        let (before, rest) = text.split_once(&start).expect("the document has its marks");
        let (_, after) = rest.split_once(&end).expect("the document has its marks");
        text = format!("{before}{start}\n{head}{rows}\n{end}{after}");
    }
    text
}

#[test]
fn the_document_lists_every_case() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let document = fs::read_to_string(&path).unwrap();
    let wanted = brought_up_to_date(&document);
    if std::env::var_os("MINATO_LIST").is_some_and(|value| value == "write") {
        fs::write(&path, &wanted).unwrap();
    } else if wanted != document {
        let missing = wanted.lines().filter(|line| !document.contains(*line));
        let gone = document.lines().filter(|line| !wanted.contains(*line));
        let lines: Vec<_> = missing
            .map(|line| format!("+ {line}"))
            .chain(gone.map(|line| format!("- {line}")))
            .collect();
        panic!(
            "docs/CONFORMANCE.md is not what the tests are:\n{}\nMINATO_LIST=write writes it",
            lines.join("\n")
        );
    }
    let (numbered, elsewhere) = found();
    println!("conformance: {} cases here, {} elsewhere", numbered.len(), elsewhere.len());
    assert!(numbered.len() > 70 && elsewhere.len() > 200, "cases were overlooked");
}
