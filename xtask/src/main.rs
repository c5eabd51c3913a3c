//! Everything that CI does, as `cargo xtask <command>`.

mod commands;
mod markdown;
mod outcome;
mod process;
mod source;
mod tidy;
mod time_used;
mod tree;

use std::process::ExitCode;

use crate::outcome::Verdict;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = match arguments.as_slice() {
        [name] if !["help", "--help", "-h"].contains(&name.as_str()) => name,
        [] | [_] => {
            print!("{}", commands::help());
            return ExitCode::SUCCESS;
        }
        [name, rest @ ..] => {
            let rest = rest.join(" ");
            eprintln!("error: `cargo xtask {name}` takes no arguments, but got `{rest}`");
            return ExitCode::from(2);
        }
    };
    let Some(command) = commands::find(name) else {
        eprintln!("error: there is no command `{name}`; `cargo xtask --help` lists them");
        return ExitCode::from(2);
    };
    if let Verdict::Failed(why) = command.outcome().verdict {
        eprintln!("{name} failed: {why}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
