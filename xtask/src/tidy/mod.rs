//! `cargo xtask tidy`: the project's written habits, as rules over its files.
//!
//! A rule is a function from the tree to the places that break it. Each has a canary: a planted
//! violation that it must find, checked by this crate's tests, so that a rule which has gone blind
//! does not stay unnoticed.

mod architecture;
mod boundaries;
mod conditional;
mod layers;
mod leftovers;
mod macros;
mod places;
mod prose;
mod size;
mod unsafe_code;
mod words;

use std::fmt;

pub(crate) use self::unsafe_code::count as count_unsafe;
use crate::outcome::Outcome;
use crate::source::Source;
use crate::tree::{File, RustFile, Tree};

/// A place that breaks a rule.
#[derive(Debug)]
pub(crate) struct Violation {
    file: String,
    line: usize,
    rule: &'static str,
    message: String,
}

impl Violation {
    /// `rule` is the empty string until [`check`] fills it in.
    pub(crate) fn new(file: &str, line: usize, message: impl Into<String>) -> Violation {
        Violation { file: file.to_string(), line, rule: "", message: message.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}: {}", self.file, self.line, self.rule, self.message)
    }
}

/// What is wrong if there are more than `limit` of something.
fn at_most(limit: usize, count: usize, what: &str, file: &str) -> Vec<Violation> {
    let message = format!("{count} {what}, at most {limit} are allowed");
    Vec::from_iter((count > limit).then(|| Violation::new(file, 1, message)))
}

/// Judges each line of the files.
fn lines<'a>(
    files: impl Iterator<Item = &'a File>,
    judge: impl Fn(&str) -> Option<String>,
) -> Vec<Violation> {
    let lines = files.flat_map(|file| file.text.lines().enumerate().map(move |line| (file, line)));
    lines
        .filter_map(|(file, (at, line))| Some(Violation::new(&file.path, at + 1, judge(line)?)))
        .collect()
}

/// Judges each token of the files, by its index.
fn tokens<'a>(
    files: impl Iterator<Item = RustFile<'a>>,
    judge: impl Fn(&Source, usize) -> Option<String>,
) -> Vec<Violation> {
    let mut found = Vec::new();
    for (file, source) in files {
        let messages = (0..source.tokens.len()).filter_map(|at| Some((at, judge(source, at)?)));
        let violations = messages
            .map(|(at, message)| Violation::new(&file.path, source.tokens[at].line, message));
        found.extend(violations);
    }
    found
}

type Rule = (&'static str, fn(&Tree) -> Vec<Violation>);

const RULES: &[Rule] = &[
    ("columns", size::columns),
    ("file-length", size::file_length),
    ("function-length", size::function_length),
    ("core-length", size::core_length),
    ("example-length", size::example_length),
    ("test-binaries", size::test_binaries),
    ("module-head", prose::module_head),
    ("readable", prose::readable),
    ("link", prose::links),
    ("architecture", architecture::mentions_every_file),
    ("architecture-stale", architecture::names_only_what_exists),
    ("circle", layers::circles),
    ("way", layers::ways),
    ("place", places::exist),
    ("cfg", conditional::cfg),
    ("cfg-budget", conditional::budget),
    ("public-macro", macros::no_public_types),
    ("unsafe-place", unsafe_code::place),
    ("unsafe-budget", unsafe_code::budget),
    ("unsafe-inventory", unsafe_code::inventory),
    ("leftover", leftovers::unfinished),
    ("ignored-test", leftovers::ignored_tests),
    ("machine-path", leftovers::machine_paths),
    ("registry-host", leftovers::registry_hosts),
    ("clock", boundaries::clock),
    ("thread-local", boundaries::thread_local),
    ("sync", boundaries::sync),
    ("syscall", boundaries::syscalls),
    ("determinism", boundaries::determinism),
    ("name", words::names),
];

/// Every violation in the tree, by file and line.
pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (rule, find) in RULES {
        violations.extend(find(tree).into_iter().map(|found| Violation { rule, ..found }));
    }
    violations.sort_by(|a, b| (&a.file, a.line, a.rule).cmp(&(&b.file, b.line, b.rule)));
    violations
}

/// The command.
pub(crate) fn run() -> Result<Outcome, String> {
    let tree = Tree::read()?;
    let violations = check(&tree);
    violations.iter().for_each(|violation| println!("{violation}"));
    if violations.is_empty() {
        println!("{} rules, {} files: nothing to report", RULES.len(), tree.paths.len());
        return Ok(Outcome::default());
    }
    Err(format!("{} violations", violations.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        let tree = Tree::read().unwrap();
        let violations = check(&tree);
        let report: Vec<String> = violations.iter().map(Violation::to_string).collect();
        assert!(report.is_empty(), "{} violations:\n{}", report.len(), report.join("\n"));
    }

    /// A file that breaks the rule.
    fn canary(rule: &str) -> (&'static str, String) {
        let library = "minato/src/net/udp.rs";
        let rust = |body: &str| (library, format!("//! Head.\n{body}\n"));
        match rule {
            "columns" => rust(&format!("// {}", "a".repeat(98))),
            "file-length" => rust(&"const A: u8 = 0;\n".repeat(451)),
            "function-length" => rust(&format!("fn long() {{{}}}", "\n".repeat(70))),
            "core-length" => rust(&"const A: u8 = 0;\n".repeat(size::CORE_LINES + 1)),
            "example-length" => ("examples/echo.rs", "const A: u8 = 0;\n".repeat(61)),
            "module-head" => (library, "use std::io;\n".to_string()),
            "readable" => rust("fn f( {"),
            "link" => ("README.md", "[gone](docs/GONE.md)\n".to_string()),
            "architecture" => rust(""),
            "architecture-stale" => ("ARCHITECTURE.md", "The file `net/gone.rs`.\n".to_string()),
            "way" => {
                let text = "### From an event to the task's poll\n\n1. `net/gone.rs`: `gone`\n";
                ("ARCHITECTURE.md", text.to_string())
            }
            "place" => ("xtask/src/tidy/places.rs", "//! Lists.\n".to_string()),
            "cfg-budget" => rust("#[cfg(unix)]\nmod unix;"),
            "cfg" => rust("#[cfg(unix)]\nfn only_here() {}"),
            "public-macro" => rust("macro_rules! make { ($n:ident) => { pub struct $n; } }"),
            "unsafe-place" => rust("fn f() { unsafe { g() } }"),
            "unsafe-budget" => {
                ("minato/src/io/read_buf.rs", "unsafe impl Send for A {}\n".repeat(81))
            }
            "unsafe-inventory" => {
                ("minato/src/io/read_buf.rs", "unsafe impl Send for A {}\n".to_string())
            }
            "leftover" => rust("fn f() { todo!() }"),
            "ignored-test" => rust("#[ignore]\nfn f() {}"),
            "machine-path" => ("README.md", format!("/{}/user\n", "home")),
            "registry-host" => ("README.md", format!("crates{}\n", ".io")),
            "clock" => rust("fn f() { std::time::Instant::now(); }"),
            "thread-local" => rust("thread_local! {}"),
            "sync" => ("minato/src/panics.rs", "use std::sync::{Arc, mpsc};".to_string()),
            "syscall" => rust("fn f() { libc::close(0); }"),
            "name" => ("minato-cli/src/main.rs", "fn settle() {}".to_string()),
            "determinism" => ("minato-sim/src/world.rs", "use std::collections::HashMap;".into()),
            other => panic!("the rule {other} has no canary"),
        }
    }

    fn many_test_binaries() -> Tree {
        let names: Vec<String> = (0..20).map(|index| format!("minato/tests/{index}.rs")).collect();
        Tree::of(&names.iter().map(|name| (name.as_str(), "//! A.\n")).collect::<Vec<_>>())
    }

    #[test]
    fn every_rule_finds_its_canary() {
        for (rule, find) in RULES {
            let tree = match *rule {
                "test-binaries" => many_test_binaries(),
                "circle" => Tree::of(&[
                    ("minato/src/net/mod.rs", "use crate::io::A;"),
                    ("minato/src/io/mod.rs", "use crate::net::B;"),
                ]),
                rule => {
                    let (path, text) = canary(rule);
                    Tree::of(&[(path, &text)])
                }
            };
            assert!(!find(&tree).is_empty(), "the rule {rule} missed its canary");
        }
    }

    #[test]
    fn a_clean_tree_has_no_violations() {
        let tree = Tree::of(&[
            ("minato/src/net/mod.rs", "//! Sockets.\n\nmod udp;\n"),
            ("minato/src/net/udp.rs", "//! Datagrams.\n\n/// A socket.\npub struct UdpSocket;\n"),
            ("minato/src/io/read_buf.rs", "//! A buffer.\n\nfn f() {\n    unsafe { g() }\n}\n"),
            (
                "ARCHITECTURE.md",
                "`net/`, `net/udp.rs`, `io/read_buf.rs`; see [the list](docs/UNSAFE.md).\n\n\
                 ## From `read_exact` to the system call\n\n1. `io/read_buf.rs`: `f`\n\n\
                 ## From an event to the task's poll\n\n1. `io/read_buf.rs`: `f`\n",
            ),
            (
                "docs/UNSAFE.md",
                "| file | count | why |\n|---|--:|---|\n| `io/read_buf.rs` | 1 | set_len |\n",
            ),
        ]);
        let violations = check(&tree);
        assert!(violations.is_empty(), "{violations:?}");
    }

    #[test]
    fn violations_are_sorted_and_say_where() {
        let text = format!("//! Head.\nfn f() {{ todo!() }}\n// {}\n", "a".repeat(98));
        let tree = Tree::of(&[("minato-cli/src/main.rs", &text)]);
        let report: Vec<String> = check(&tree)
            .iter()
            .map(Violation::to_string)
            .filter(|line| line.contains("cli"))
            .collect();
        assert_eq!(report.len(), 2);
        assert!(report[0].starts_with("minato-cli/src/main.rs:2: leftover: "), "{}", report[0]);
        assert!(report[1].starts_with("minato-cli/src/main.rs:3: columns: "), "{}", report[1]);
    }
}
