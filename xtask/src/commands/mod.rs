//! The commands, one a file.

mod acceptance;
mod api;
mod asan;
mod bench_smoke;
mod ci;
mod clippy;
mod count;
mod declarations;
mod doc;
mod examples;
mod features;
mod fmt;
mod instructions;
mod loom;
mod members;
mod origin;
mod test;
mod tour;

use std::fmt::Write;

use crate::outcome::Outcome;
use crate::tidy;

/// A command and, where [`STEPS`] lists it, a step of CI.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn() -> Outcome,
}

/// What `ci` runs, in this order: the quick checks first.
pub(crate) const STEPS: &[Command] = &[
    Command { name: "fmt", about: "The sources are formatted", run: fmt::run },
    Command {
        name: "tidy",
        about: "The sources and documents keep the written rules",
        run: tidy::run,
    },
    Command { name: "clippy", about: "No warnings from the compiler or clippy", run: clippy::run },
    Command { name: "api", about: "No type of a 0.x crate in the public API", run: api::run },
    Command { name: "test", about: "The README's test command passes", run: test::run },
    Command { name: "members", about: "The other members' tests pass", run: members::run },
    Command {
        name: "origin",
        about: "Every test that docs/ORIGIN.md and docs/GUARANTEES.md name exists",
        run: origin::run,
    },
    Command { name: "doc", about: "The documentation builds without warnings", run: doc::run },
    Command {
        name: "features",
        about: "Every combination of features compiles",
        run: features::run,
    },
    Command {
        name: "examples",
        about: "Every example runs and ends by itself",
        run: examples::run,
    },
    Command {
        name: "tour",
        about: "The README's tour ends well in under a minute",
        run: tour::run,
    },
    Command {
        name: "bench-smoke",
        about: "The benchmark suite gives figures for every area",
        run: bench_smoke::run,
    },
    Command {
        name: "loom",
        about: "The loom models hold (2 preemptions, 5 minutes)",
        run: loom::run,
    },
    Command { name: "asan", about: "The tests pass under AddressSanitizer", run: asan::run },
];

const OTHERS: &[Command] = &[
    Command {
        name: "ci",
        about: "Run the steps from fmt to asan in order, and print a table",
        run: ci::run,
    },
    Command { name: "count", about: "Print lines of code and unsafe blocks", run: count::run },
    Command {
        name: "instructions",
        about: "Count instructions per echo under callgrind, for us and our peers",
        run: instructions::run,
    },
    Command {
        name: "acceptance",
        about: "Run the acceptance programs, if they are there",
        run: acceptance::run,
    },
];

/// The command of this name.
pub(crate) fn find(name: &str) -> Option<&'static Command> {
    STEPS.iter().chain(OTHERS).find(|command| command.name == name)
}

/// What `cargo xtask --help` prints.
pub(crate) fn help() -> String {
    let mut text = String::from("Everything that CI does.\n\n");
    text.push_str("Usage: cargo xtask <command>\n\nCommands:\n");
    let (ci, others) = OTHERS.split_first().expect("`ci` is listed");
    for command in std::iter::once(ci).chain(STEPS).chain(others) {
        let _ = writeln!(text, "  {:<14}{}", command.name, command.about);
    }
    text.push_str("  help          Print this text\n\n");
    text.push_str(
        "A command exits with 0 if it passed or if it had to be skipped, which it says,\n",
    );
    text.push_str("with 1 if it failed, and with 2 if it does not exist.\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_lists_every_command_once() {
        let text = help();
        for command in STEPS.iter().chain(OTHERS) {
            let start = format!("  {} ", command.name);
            assert_eq!(text.lines().filter(|line| line.starts_with(&start)).count(), 1, "{start}");
            assert!(find(command.name).is_some());
        }
        assert!(find("no-such-command").is_none());
    }
}
