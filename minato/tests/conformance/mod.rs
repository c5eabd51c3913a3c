//! Conformance: what Linux does, a simulated world does too.
//!
//! A case is one body that runs on the operating system and, with three seeds, in a world. It notes
//! *statements*, a name and what was seen: every statement must be the same in both. Where a world
//! is another one on purpose, the statement stands in [`DIFFERENCES`] with both values and a
//! reason; one that stands there and is no difference any more is a failure, too. Cases have
//! numbers, and docs/CONFORMANCE.md lists them, with those that stand elsewhere in the tests
//! (`list.rs` compares). `random.rs` runs programs that nobody wrote.

mod connecting;
mod datagrams;
mod list;
mod options;
mod random;
mod streams;
mod unix;

use std::fmt::Debug;
use std::io;

use crate::kit::{self, At, Place, outcome_text, watchdog};

/// A statement that is another one in a world, on purpose.
struct Difference {
    case: u32,
    statement: &'static str,
    linux: &'static str,
    world: &'static str,
    reason: &'static str,
}

const fn difference(
    case: u32,
    statement: &'static str,
    linux: &'static str,
    world: &'static str,
    reason: &'static str,
) -> Difference {
    Difference { case, statement, linux, world, reason }
}

/// All of them. Cases of [`random`] have none.
const DIFFERENCES: &[Difference] = &[
    difference(
        18,
        "more than 1 MiB is taken before a reader that sleeps stops the writer",
        "true",
        "false",
        "Linux lets the buffers of a connection grow with its traffic. A world keeps to 384 KiB, \
         so that a test meets a full buffer soon.",
    ),
    difference(
        54,
        "the send buffer of a stream after 10,000 were asked for",
        "Ok(20000)",
        "Ok(10000)",
        "A world takes the sizes of streams as asked, from one byte on, so that a test can say \
         where a stream is full. Linux doubles them.",
    ),
    difference(
        54,
        "the receive buffer of a stream after 10,000 were asked for",
        "Ok(20000)",
        "Ok(10000)",
        "The same.",
    ),
    difference(
        55,
        "the send buffer of a new stream is 16 KiB",
        "true",
        "false",
        "Linux begins small and grows. What a world says is what it has, 256 KiB.",
    ),
];

/// Notes a statement.
fn say(at: &At, statement: &str, value: impl Debug) {
    at.note(format!("{statement}: {value:?}"));
}

/// Notes how something went.
fn went<T: Debug>(at: &At, statement: &str, result: &io::Result<T>) {
    at.note(format!("{statement}: {}", outcome_text(result)));
}

/// Text of what a read gave.
fn text(read: io::Result<usize>, buf: &[u8]) -> io::Result<String> {
    read.map(|len| String::from_utf8_lossy(&buf[..len]).into_owned())
}

/// Runs a case in both places and compares. Returns how many statements it made.
fn check<F>(number: u32, name: &str, case: fn(At) -> F) -> usize
where
    F: Future<Output = ()> + Send + 'static,
{
    let _watched = watchdog::watch(format!("C{number} {name}"));
    let linux = kit::notes(Place::CurrentThread, 1, &case);
    let mut problems = Vec::new();
    for seed in kit::SEEDS {
        let world = kit::notes(Place::Sim, seed, &case);
        problems.extend(compare(number, &linux, &world, DIFFERENCES));
    }
    assert!(problems.is_empty(), "C{number} {name}:\n{}", problems.join("\n"));
    assert!(!linux.is_empty(), "C{number} {name} states nothing");
    println!("C{number} {name}: {} statements", linux.len());
    linux.len()
}

/// What is wrong with the statements of a world.
fn compare(
    number: u32,
    linux: &[String],
    world: &[String],
    differences: &[Difference],
) -> Vec<String> {
    let mut problems = Vec::new();
    let mut listed: Vec<_> = differences.iter().filter(|listed| listed.case == number).collect();
    if linux.len() != world.len() {
        problems.push(format!("on Linux {linux:#?}, in the world {world:#?}"));
    }
    for (linux, world) in linux.iter().zip(world).filter(|(linux, world)| linux != world) {
        let is_this = |listed: &&Difference| {
            *linux == format!("{}: {}", listed.statement, listed.linux)
                && *world == format!("{}: {}", listed.statement, listed.world)
        };
        match listed.iter().position(is_this) {
            Some(position) => drop(listed.remove(position)),
            None => problems.push(format!("on Linux {linux}, in the world {world}")),
        }
    }
    for gone in listed {
        problems.push(format!("no difference any more, but listed: {}", gone.statement));
    }
    problems
}

/// Makes a test of each case: `number name "what it states";`.
macro_rules! conformance {
    ($($number:literal $name:ident $states:literal;)*) => {
        mod cases {
            $(
                #[doc = $states]
                #[test]
                fn $name() {
                    super::super::check($number, stringify!($name), super::$name);
                }
            )*
        }
    };
}

use conformance;

#[test]
fn a_canary_differs_and_a_difference_that_is_gone_is_found() {
    let notes = |value: &str| vec![format!("something: {value}")];
    let listed = [difference(1, "something", "1", "2", "a reason")];
    assert_eq!(compare(1, &notes("1"), &notes("2"), &[]).len(), 1);
    assert_eq!(compare(1, &notes("1"), &notes("2"), &listed).len(), 0);
    assert_eq!(compare(1, &notes("1"), &notes("3"), &listed).len(), 2, "another one, and gone");
    assert_eq!(compare(1, &notes("1"), &notes("1"), &listed).len(), 1, "gone");
    assert_eq!(compare(2, &notes("1"), &notes("1"), &listed).len(), 0, "of another case");
    assert_eq!(compare(2, &notes("1"), &[], &listed).len(), 1, "one is missing");
}
