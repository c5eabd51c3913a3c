//! Which part of the library may touch the world outside it.

use super::Violation;
use super::places::{self, LIBRARY};
use crate::imports::{self, Import};
use crate::source::{Source, identifier};
use crate::tree::{File, Tree};

const SIMULATION: &str = "minato-sim/src/";

/// Only the clock asks the system for the time: everything else asks the clock, which may be
/// simulated.
pub(crate) fn clock(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (file, source) in plain_code(tree, LIBRARY, places::CLOCK) {
        let uses = imports::of(source);
        for name in ["Instant", "SystemTime"] {
            let full = format!("std::time::{name}");
            // `Instant` alone may be the library's own.
            let imported = uses.iter().find(|import| import.path == full);
            for at in plain_words(source, "now") {
                let before = &source.code[..at];
                let direct = before.ends_with(&format!("{full}::"));
                let short = imported.is_some_and(|Import { local, .. }| {
                    before.strip_suffix("::").is_some_and(|path| {
                        path.ends_with(local.as_str()) && !path.ends_with(&format!("::{local}"))
                    })
                });
                if direct || short {
                    let message = format!("only time/clock.rs calls {full}::now");
                    found.push(Violation::new(&file.path, source.line(at), message));
                }
            }
        }
    }
    found
}

/// There is one thread-local, in one file.
pub(crate) fn thread_local(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (file, source) in plain_code(tree, LIBRARY, places::THREAD_LOCAL) {
        for at in plain_words(source, "thread_local") {
            if source.code[at..].starts_with("thread_local!") {
                let message = "only runtime/context.rs has a thread-local";
                found.push(Violation::new(&file.path, source.line(at), message));
            }
        }
    }
    found
}

/// System calls are made by the engines and the socket, nowhere else. An error number such as
/// `libc::EMFILE` is no call and may be named anywhere.
pub(crate) fn syscalls(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (file, source) in plain_code(tree, LIBRARY, places::SYSCALLS) {
        for crate_name in ["libc", "socket2"] {
            for at in plain_words(source, crate_name) {
                let Some(item) = source.code[at + crate_name.len()..].strip_prefix("::") else {
                    continue;
                };
                if !is_constant(identifier(item)) {
                    let message = format!("system calls ({crate_name}) are not made in this file");
                    found.push(Violation::new(&file.path, source.line(at), message));
                }
            }
        }
    }
    found
}

/// The simulated world is the same on every run: it has no clock, thread or randomly seeded map of
/// the system's.
pub(crate) fn determinism(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (file, source) in plain_code(tree, SIMULATION, &[]) {
        for name in ["HashMap", "HashSet", "RandomState", "SystemTime", "thread_rng"] {
            for at in plain_words(source, name) {
                let message = format!("{name} differs from run to run");
                found.push(Violation::new(&file.path, source.line(at), message));
            }
        }
        for path in ["std::thread", "std::time::Instant"] {
            for at in plain_words(source, path) {
                let message = format!("{path} differs from run to run");
                found.push(Violation::new(&file.path, source.line(at), message));
            }
        }
    }
    found
}

/// Rust files under `prefix` that are not test files and not in `allowed`.
fn plain_code<'a>(
    tree: &'a Tree,
    prefix: &'a str,
    allowed: &'a [&'a str],
) -> impl Iterator<Item = (&'a File, &'a Source)> + 'a {
    tree.rust(prefix)
        .filter(|(file, _)| !file.is_test())
        .filter(move |(file, _)| !places::allows(allowed, &file.path))
}

/// The word's offsets outside unit tests: a test may wait for the real clock and call the system.
fn plain_words(source: &Source, word: &str) -> Vec<usize> {
    source.words(word).into_iter().filter(|at| !source.in_test_block(*at)).collect()
}

fn is_constant(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| !byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "minato/src/net/udp.rs";

    fn clocks(text: &str) -> usize {
        clock(&Tree::of(&[(PATH, text)])).len()
    }

    #[test]
    fn the_systems_clock_is_told_from_ours() {
        assert_eq!(clocks("use std::time::Instant;\nfn f() { Instant::now(); }"), 1);
        assert_eq!(
            clocks("use std::time::{Duration, Instant as Clock};\nfn f() { Clock::now(); }"),
            1
        );
        assert_eq!(clocks("use std::time::SystemTime;\nfn f() { SystemTime::now(); }"), 1);
        assert_eq!(clocks("use crate::time::Instant;\nfn f() { Instant::now(); }"), 0);
        assert_eq!(clocks("use std::time::Instant;\nfn f(at: Instant) {}"), 0);
        let text = "fn f() { std::time::Instant::now(); }";
        assert_eq!(clocks(&format!("#[cfg(test)]\nmod tests {{ {text} }}")), 0);
        assert!(clock(&Tree::of(&[("minato/src/time/clock.rs", text)])).is_empty());
        assert!(clock(&Tree::of(&[("minato-cli/src/main.rs", text)])).is_empty());
    }

    #[test]
    fn thread_locals_live_in_one_file() {
        let text = "thread_local! { static A: u8 = 0; }";
        assert!(thread_local(&Tree::of(&[("minato/src/runtime/context.rs", text)])).is_empty());
        assert_eq!(thread_local(&Tree::of(&[("minato/src/runtime/worker.rs", text)])).len(), 1);
    }

    #[test]
    fn calls_are_told_from_constants() {
        let calls = |text| syscalls(&Tree::of(&[(PATH, text)])).len();
        assert_eq!(calls("fn f() { socket2::Socket::new(); }"), 1);
        assert_eq!(calls("use libc::{close, EMFILE};"), 1);
        assert_eq!(calls("fn f() -> i32 { libc::EMFILE }"), 0);
        assert_eq!(calls("// libc::close is called elsewhere"), 0);
        assert!(syscalls(&Tree::of(&[("minato/src/engine/mio.rs", "libc::close(0)")])).is_empty());
    }

    #[test]
    fn the_simulated_world_has_no_system_clock() {
        let found = |text| determinism(&Tree::of(&[("minato-sim/src/a.rs", text)])).len();
        assert_eq!(found("use std::time::Instant;"), 1);
        assert_eq!(found("fn f() { std::thread::yield_now(); }"), 1);
        assert_eq!(found("use std::collections::BTreeMap;"), 0);
    }
}
