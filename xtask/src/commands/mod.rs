//! The commands, one a file.

mod acceptance;
mod api;
mod asan;
mod cargo;
mod ci;
mod count;
mod examples;
mod features;
mod instructions;
mod loom;
mod origin;
mod tour;

use std::fmt::Write;

use crate::outcome::Outcome;
use crate::tidy;

/// A command and, where [`STEPS`] lists it, a step of CI.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    run: Run,
}

type Run = fn() -> Result<Outcome, String>;

impl Command {
    const fn new(name: &'static str, about: &'static str, run: Run) -> Command {
        Command { name, about, run }
    }

    /// Runs it.
    pub(crate) fn outcome(&self) -> Outcome {
        (self.run)().unwrap_or_else(Outcome::failed)
    }
}

/// What `ci` runs, in this order: the quick checks first.
pub(crate) const STEPS: &[Command] = &[
    Command::new("fmt", "The sources are formatted", cargo::fmt),
    Command::new("tidy", "The sources and documents keep the written rules", tidy::run),
    Command::new("clippy", "No warnings from the compiler or clippy", cargo::clippy),
    Command::new("api", "No type of a 0.x crate in the public API", api::run),
    Command::new("test", "The README's test command passes", cargo::test),
    Command::new("members", "The other members' tests pass", cargo::members),
    Command::new(
        "origin",
        "Every test that docs/ORIGIN.md and docs/GUARANTEES.md name exists",
        origin::run,
    ),
    Command::new("doc", "The documentation builds without warnings", cargo::doc),
    Command::new("features", "Every combination of features compiles", features::run),
    Command::new("examples", "Every example runs and ends by itself", examples::run),
    Command::new("tour", "The README's tour ends well in under a minute", tour::run),
    Command::new(
        "bench-smoke",
        "The benchmark suite gives figures for every area",
        cargo::bench_smoke,
    ),
    Command::new("loom", "The loom models hold (2 preemptions, 5 minutes)", loom::run),
    Command::new("asan", "The tests pass under AddressSanitizer", asan::run),
];

const OTHERS: &[Command] = &[
    Command::new("ci", "Run the steps from fmt to asan in order, and print a table", ci::run),
    Command::new("count", "Print lines of code and unsafe blocks", count::run),
    Command::new(
        "instructions",
        "Count instructions per echo under callgrind, for us and our peers",
        instructions::run,
    ),
    Command::new("acceptance", "Run the acceptance programs, if they are there", acceptance::run),
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
