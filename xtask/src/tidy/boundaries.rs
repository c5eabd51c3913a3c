//! Which part of the library may touch the world outside it.

use super::places;
use super::{Violation, tokens};
use crate::source::{Path, Source};
use crate::tree::{RustFile, Tree};

const SIMULATION: &str = "minato-sim/src/";

/// Only the clock asks the system for the time: everything else asks the clock, which may be
/// simulated.
pub(crate) fn clock(tree: &Tree) -> Vec<Violation> {
    let calls = ["std::time::Instant::now", "std::time::SystemTime::now"];
    forbid(library(tree, places::CLOCK), &calls, "is called only by time/clock.rs")
}

/// Locks, atomics and counted references come from `sync.rs`, where loom's can take their place.
pub(crate) fn sync(tree: &Tree) -> Vec<Violation> {
    let names = ["Arc", "Weak", "Mutex", "MutexGuard", "atomic"];
    let names = names.map(|name| format!("std::sync::{name}"));
    forbid(library(tree, places::SYNC), &names, "comes from crate::sync")
}

/// There is one thread-local, in one file.
pub(crate) fn thread_local(tree: &Tree) -> Vec<Violation> {
    words(library(tree, places::THREAD_LOCAL), |source, at| {
        let found = source.text(at) == "thread_local" && source.text(at + 1) == "!";
        found.then(|| "only runtime/context.rs has a thread-local".to_string())
    })
}

/// System calls are made by the engines and the socket, nowhere else. An error number such as
/// `libc::EMFILE` is no call and may be named anywhere.
pub(crate) fn syscalls(tree: &Tree) -> Vec<Violation> {
    paths(library(tree, places::SYSCALLS), |path| {
        let name =
            path.segments.iter().find(|name| ["libc", "socket2"].contains(&name.as_str()))?;
        let last = path.segments.last()?;
        let is_constant = last.bytes().all(|byte| !byte.is_ascii_lowercase()) && last != "*";
        let is_call = path.segments.len() > 1 && !is_constant;
        is_call.then(|| format!("system calls ({name}) are not made in this file"))
    })
}

/// The simulated world is the same on every run: it has no clock, thread or randomly seeded map of
/// the system's. What makes many runs has threads, of which each has a world.
pub(crate) fn determinism(tree: &Tree) -> Vec<Violation> {
    const WORDS: [&str; 5] = ["HashMap", "HashSet", "RandomState", "SystemTime", "thread_rng"];
    const PATHS: [&str; 2] = ["std::thread", "std::time::Instant"];
    const RUNS_WORLDS: [&str; 2] = ["minato-sim/src/sweep/", "minato-sim/src/scenario/run.rs"];
    let files = || tree.rust(SIMULATION).filter(|(file, _)| !file.is_test());
    let mut found = words(files(), |source, at| {
        let word = source.text(at);
        WORDS.contains(&word).then(|| format!("{word} differs from run to run"))
    });
    let in_world =
        files().filter(|(file, _)| !RUNS_WORLDS.iter().any(|start| file.path.starts_with(start)));
    found.extend(forbid(in_world, &PATHS, "differs from run to run"));
    found
}

/// The library's files that are not in one of these places.
fn library<'a>(tree: &'a Tree, places: &'a [&str]) -> impl Iterator<Item = RustFile<'a>> {
    tree.library().filter(|(file, _)| !places::allows(places, &file.path))
}

/// No path starts with one of these.
fn forbid<'a>(
    files: impl Iterator<Item = RustFile<'a>>,
    starts: &[impl AsRef<str>],
    why: &str,
) -> Vec<Violation> {
    paths(files, |path| {
        let start = starts.iter().find(|start| path.starts_with(start.as_ref()))?;
        Some(format!("{} {why}", start.as_ref()))
    })
}

/// Judges each path outside unit tests, imported names written out: a test may wait for the real
/// clock and call the system.
fn paths<'a>(
    files: impl Iterator<Item = RustFile<'a>>,
    judge: impl Fn(&Path) -> Option<String>,
) -> Vec<Violation> {
    let mut found = Vec::new();
    for (file, source) in files {
        let paths = source.resolved_paths().into_iter();
        let outside = paths.filter(|path| !source.in_test_block(path.line));
        let judged = outside.filter_map(|path| Some((path.line, judge(&path)?)));
        found.extend(judged.map(|(line, message)| Violation::new(&file.path, line, message)));
    }
    found
}

/// The same for each word.
fn words<'a>(
    files: impl Iterator<Item = RustFile<'a>>,
    judge: impl Fn(&Source, usize) -> Option<String>,
) -> Vec<Violation> {
    tokens(files, |source, at| {
        judge(source, at).filter(|_| !source.in_test_block(source.tokens[at].line))
    })
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
        assert_eq!(calls("use socket2::Socket;\nfn f() { assert!(Socket::new()); }"), 2);
        assert_eq!(calls("fn f() -> i32 { libc::EMFILE }"), 0);
        assert_eq!(calls("// libc::close is called elsewhere"), 0);
        assert!(
            syscalls(&Tree::of(&[("minato/src/engine/mio.rs", "fn f() { libc::close(0) }")]))
                .is_empty()
        );
    }

    #[test]
    fn the_simulated_world_has_no_system_clock() {
        let found = |text| determinism(&Tree::of(&[("minato-sim/src/a.rs", text)])).len();
        assert_eq!(found("use std::time::Instant;"), 1);
        assert_eq!(found("fn f() { std::thread::yield_now(); }"), 1);
        assert_eq!(found("use std::collections::BTreeMap;"), 0);
        let sweep = [("minato-sim/src/sweep/pool.rs", "use std::thread;")];
        assert!(determinism(&Tree::of(&sweep)).is_empty());
    }
}
