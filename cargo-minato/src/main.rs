//! `cargo minato`: runs a program that uses tokio 1 on Minato, without a changed line.

mod arguments;
mod outcome;
mod prepare;
mod source;

use std::path::Path;
use std::process::ExitCode;

use crate::arguments::Arguments;
use crate::outcome::Outcome;
use crate::prepare::Recipe;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(101)
        }
    }
}

fn run() -> Outcome<()> {
    let mut arguments = Arguments::new(std::env::args_os().skip(1));
    // Cargo runs its `cargo-NAME` with NAME as the first argument.
    arguments.skip("minato");
    let command = arguments.next_text()?;
    match command.as_deref() {
        Some("prepare") => {
            let minato = arguments.value("--minato")?.map(Into::into);
            let simulation = arguments.flag("--simulation");
            let folder = arguments.next_text()?.ok_or("prepare wants a folder")?;
            arguments.end()?;
            prepare::run(Path::new(&folder), &Recipe::new(minato, simulation)?)
        }
        Some(other) => Err(format!("no such command: `{other}`")),
        None => Err("a command is missing".to_string()),
    }
}
