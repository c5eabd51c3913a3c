//! Everything that CI does, as `cargo xtask <command>`.

mod commands;
mod markdown;
mod outcome;
mod process;
mod report;
mod source;
mod tidy;
mod time_used;
mod tree;

use std::process::ExitCode;

use crate::outcome::Verdict;
use crate::report::Report;
use crate::time_used::Stopwatch;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) if !["help", "--help", "-h"].contains(&name.as_str()) => (name, rest),
        _ => {
            print!("{}", commands::help());
            return ExitCode::SUCCESS;
        }
    };
    let Some(command) = commands::find(name) else {
        eprintln!("error: there is no command `{name}`; `cargo xtask --help` lists them");
        return ExitCode::from(2);
    };
    if !rest.is_empty() && !command.takes_arguments() {
        let rest = rest.join(" ");
        eprintln!("error: `cargo xtask {name}` takes no arguments, but got `{rest}`");
        return ExitCode::from(2);
    }
    let stopwatch = Stopwatch::start();
    let report = Report { outcome: command.outcome(rest), used: stopwatch.stop() };
    if let Err(error) = report.hand_over() {
        eprintln!("the report cannot be written: {error}");
        return ExitCode::FAILURE;
    }
    if let Verdict::Failed(why) = report.outcome.verdict {
        eprintln!("{name} failed: {why}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
