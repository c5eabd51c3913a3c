//! `cargo minato`: runs a program that uses tokio 1 on Minato, without a changed line.

mod arguments;
mod cargo;
mod doctor;
mod graph;
mod library;
mod lock;
mod outcome;
mod prepare;
mod run;
mod source;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::arguments::Arguments;
use crate::outcome::Outcome;
use crate::prepare::Recipe;

const HELP: &str = "\
Runs a program that uses tokio 1 on Minato, without a changed line.

Usage: cargo minato run|test|build|check|bench [OPTIONS] [CARGO'S ARGUMENTS]
       cargo minato prepare [OPTIONS] DIR
       cargo minato doctor [CARGO'S ARGUMENTS]

run, test, build, check, bench
    What cargo does by that name, in the same folder with the same arguments, but each crate of the
    graph that uses tokio gets a crate named tokio that is made of Minato. That crate and a lock
    file are put below the folder `target/minato`. Cargo.toml and Cargo.lock stay as they are: plain
    cargo does afterwards what it did before.
prepare DIR
    Makes that crate in DIR for good, and prints the lines for Cargo.toml that use it.
doctor
    Tells what in this project will not work on Minato, why, and what to do. Runs nothing.

Options:
      --minato DIR    Take Minato from this checkout, not from where cargo-minato came from: the
                      checkout that it was built in, or the registry
      --engine NAME   For test: `sim` has each #[tokio::test] run as a host of a simulated
                      network; `os` is the operating system [environment: MINATO_ENGINE]
      --seed NUMBER   For test: the seed of the simulated network [environment: MINATO_SEED]
      --simulation    For prepare: make the crate as `test` does, whose sockets can be simulated
  -h, --help          Print this
  -V, --version       Print the version, and which tokio is played";

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            // As cargo ends where it could not start what it was to run.
            ExitCode::from(101)
        }
    }
}

fn run() -> Outcome<ExitCode> {
    let mut arguments = Arguments::new(std::env::args_os().skip(1));
    let command = arguments.command();
    if matches!(command.as_deref(), Some("--help" | "-h" | "help"))
        || arguments.flag(&["--help", "-h"])
    {
        println!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    }
    match command.as_deref() {
        Some("-V" | "--version") => {
            println!(
                "cargo-minato {} (plays tokio {})",
                env!("CARGO_PKG_VERSION"),
                source::VERSION
            );
            Ok(ExitCode::SUCCESS)
        }
        Some("prepare") => {
            let minato = arguments.value("--minato")?.map(PathBuf::from);
            let simulation = arguments.flag(&["--simulation"]);
            let [folder] = arguments.operands("prepare wants one argument, the folder")?;
            prepare::run(Path::new(&folder), &Recipe::new(minato, simulation)?)
        }
        Some("doctor") => doctor::run(arguments),
        Some(command @ ("run" | "test" | "build" | "check" | "bench")) => {
            run::run(command, arguments)
        }
        Some(other) => {
            Err(format!("there is no command `{other}`. `cargo minato --help` lists them"))
        }
        None => Err("a command is missing. `cargo minato --help` lists them".to_string()),
    }
}
