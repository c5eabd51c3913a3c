//! Everything that CI does, as `cargo xtask <command>`.

mod commands;
mod markdown;
mod outcome;
mod process;
mod readme;
mod source;
mod tidy;
mod tree;
mod workspace;

use std::process::ExitCode;

use crate::outcome::Verdict;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] | ["help" | "--help" | "-h"] => {
            print!("{}", commands::help());
            ExitCode::SUCCESS
        }
        [name] => match commands::find(name) {
            Some(command) => report(name, command.outcome().verdict),
            None => {
                eprintln!("error: there is no command `{name}`; `cargo xtask --help` lists them");
                ExitCode::from(2)
            }
        },
        [name, rest @ ..] => {
            eprintln!(
                "error: `cargo xtask {name}` takes no arguments, but got `{}`",
                rest.join(" ")
            );
            ExitCode::from(2)
        }
    }
}

fn report(name: &str, verdict: Verdict) -> ExitCode {
    if let Verdict::Failed(why) = verdict {
        eprintln!("{name} failed: {why}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
