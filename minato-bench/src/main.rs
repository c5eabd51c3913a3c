//! The benchmark suite, and its load generator.

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use minato_bench::load::{self, LoadOptions};

/// Minato beside its peers
#[derive(Debug, Parser)]
struct CommandLine {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Load a server, and tell how it did
    Load(LoadOptions),
    /// Take bytes and drop them, until standard input ends
    Sink,
}

fn main() -> ExitCode {
    let command = CommandLine::parse();
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: CommandLine) -> io::Result<()> {
    match command.action {
        Some(Action::Load(options)) => {
            let figures = load::run(&options)?;
            if options.json {
                println!("{}", serde_json::to_string(&figures)?);
            } else {
                load::print(&options, &figures);
            }
            Ok(())
        }
        Some(Action::Sink) => load::sink(),
        None => Ok(()),
    }
}
