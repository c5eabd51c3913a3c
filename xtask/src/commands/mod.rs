//! The commands. What only runs cargo is in `cargo`; the others have a file each.

mod acceptance;
mod api;
mod cargo;
mod ci;
mod count;
mod demo;
mod fuzz;
mod instructions;
mod locked;
mod mutants;
mod origin;
mod package;
mod planted;
mod platforms;
mod programs;
mod recall;
mod semver;
mod soak;
mod tokio_names;
mod tokio_suite;
mod torture;
mod tour;

use self::Run::{Arguments, Cargo, Function};
use crate::outcome::{Outcome, Verdict};
use crate::{process, tidy};

/// A command and, where [`STEPS`] lists it, a step of CI.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    run: Run,
}

enum Run {
    /// One call of cargo, with these arguments and a limit in minutes.
    Cargo(&'static [&'static str], u64),
    Function(fn() -> Result<Outcome, String>),
    /// A function of the words after the command's name; as a step it is given none.
    Arguments(fn(&[String]) -> Result<Outcome, String>),
}

const fn step(name: &'static str, about: &'static str, run: Run) -> Command {
    Command { name, about, run }
}

impl Command {
    pub(crate) fn takes_arguments(&self) -> bool {
        matches!(self.run, Arguments(_))
    }

    pub(crate) fn outcome(&self, arguments: &[String]) -> Outcome {
        let result = match self.run {
            Function(function) => function(),
            Arguments(function) => function(arguments),
            Cargo(arguments, limit) => {
                let limit = process::minutes(limit);
                process::succeed(&mut process::cargo(arguments), limit).map(|_| Outcome::default())
            }
        };
        result.unwrap_or_else(|why| Verdict::Failed(why).into())
    }
}

/// What `ci` runs in sight, in this order: the quick checks first.
pub(crate) const STEPS: &[Command] = &[
    step("fmt", "The sources are formatted", Function(cargo::fmt)),
    step("tidy", "The sources and documents keep the written rules", Function(tidy::run)),
    step("clippy", "No warnings from the compiler or clippy", Cargo(cargo::CLIPPY, 25)),
    step("api", "No type of a 0.x crate in the public API", Function(api::run)),
    step("test", "The README's test command passes", Function(cargo::test)),
    step("members", "The other members' tests pass", Function(cargo::members)),
    step("origin", "The tests that ORIGIN.md and GUARANTEES.md name exist", Function(origin::run)),
    step("doc", "The documentation builds without warnings", Cargo(cargo::DOC, 25)),
    step("package", "Each public package builds by itself", Function(package::run)),
    step("features", "Each feature compiles, alone and with all", Function(cargo::every_feature)),
    step("examples", "Every example runs and ends by itself", Function(cargo::examples)),
    step("tour", "The README's tour ends well in under a minute", Function(tour::run)),
    step(
        "bench-smoke",
        "The benchmark suite gives figures for every area",
        Function(cargo::bench_smoke),
    ),
    step("recall", "Every planted bug is found", Function(recall::run)),
    step("torture", "Hostile peers do not harm a server", Arguments(torture::run)),
    step("fuzz", "Two minutes of guided fuzzing: --minutes N", Arguments(fuzz::run)),
    step("soak", "Two minutes over a bad link: --minutes N, --seed S", Arguments(soak::run)),
    step("loom", "The loom models hold (2 preemptions, 5 minutes)", Function(cargo::loom)),
];

/// What `ci` runs beside them, in this order. Each builds in a folder below `target/`, so that it
/// does not wait at cargo's lock for the steps above.
pub(crate) const BESIDE: &[Command] = &[
    step("asan", "The tests pass under AddressSanitizer", Function(cargo::asan)),
    step("platforms", "No warnings on other systems", Function(platforms::check)),
    step("tokio-names", "The names are under tokio's features", Function(tokio_names::run)),
    step("programs", "Programs written for tokio run on Minato", Function(programs::run)),
    // It installs PostgreSQL, Redis, a browser and h2load itself, where it may.
    step("demo", "The service in demo/ runs on tokio and on Minato", Function(demo::run)),
    step("acceptance", "The acceptance programs pass, or tokio-suite", Function(acceptance::run)),
];

const OTHERS: &[Command] = &[
    step("ci", "Run all steps from fmt to acceptance, and print a table", Function(ci::run)),
    step("count", "Print lines of code and unsafe blocks", Function(count::run)),
    step(
        "instructions",
        "Count instructions per echo under callgrind",
        Function(instructions::run),
    ),
    step(
        "mutants",
        "Some of the mutants that were caught are caught again",
        Function(mutants::again),
    ),
    step("mutants-all", "Go on with the long sample of mutants", Function(mutants::sample)),
    step("tokio-suite", "Run tokio's own tests on Minato", Function(tokio_suite::run)),
    step("semver", "Compare the public API with the last release's", Function(semver::run)),
];

/// The command of this name.
pub(crate) fn find(name: &str) -> Option<&'static Command> {
    STEPS.iter().chain(BESIDE).chain(OTHERS).find(|command| command.name == name)
}

/// The numbers that follow the options of these names. There may be nothing else.
fn options<const N: usize>(
    names: [&str; N],
    arguments: &[String],
) -> Result<[Option<u64>; N], String> {
    let mut values = [None; N];
    for pair in arguments.chunks(2) {
        let known = names.iter().position(|name| *name == pair[0]);
        let known =
            known.ok_or_else(|| format!("it takes {}, not {}", names.join(", "), pair[0]))?;
        let value = pair.get(1).ok_or_else(|| format!("{} needs a number", pair[0]))?;
        let value = value.parse().map_err(|error| format!("{} {value}: {error}", pair[0]))?;
        values[known] = Some(value);
    }
    Ok(values)
}

/// What `cargo xtask --help` prints.
pub(crate) fn help() -> String {
    let (ci, others) = OTHERS.split_at(1);
    let commands = ci.iter().chain(STEPS).chain(BESIDE).chain(others);
    let lines = commands.map(|command| format!("  {:<14}{}\n", command.name, command.about));
    format!(
        "Everything that CI does.

Usage: cargo xtask <command> [options]

Commands:
{}  help          Print this text

A command exits with 0 if it passed or if it had to be skipped, which it says,
with 1 if it failed, and with 2 if it does not exist.
",
        lines.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_lists_every_command_once() {
        let text = help();
        for command in STEPS.iter().chain(BESIDE).chain(OTHERS) {
            let start = format!("  {} ", command.name);
            assert_eq!(text.lines().filter(|line| line.starts_with(&start)).count(), 1, "{start}");
            assert!(find(command.name).is_some());
        }
        assert!(find("no-such-command").is_none());
    }

    #[test]
    fn options_are_numbers_with_known_names() {
        let given = |words: &str| {
            let words: Vec<String> = words.split_whitespace().map(String::from).collect();
            options(["--minutes", "--seed"], &words)
        };
        assert_eq!(given(""), Ok([None, None]));
        assert_eq!(given("--seed 7 --minutes 60"), Ok([Some(60), Some(7)]));
        for wrong in ["--minutes", "--minutes many", "60", "--hours 1"] {
            assert!(given(wrong).is_err(), "{wrong}");
        }
    }
}
