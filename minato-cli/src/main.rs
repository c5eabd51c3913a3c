//! The `minato` program: a tour of the library, an echo server, a proxy, a look into others, and
//! sweeps of simulated tests.

mod arguments;
mod echo;
mod endpoint;
mod proxy;
mod serve;
mod shutdown;
mod sim;
mod top;
mod tour;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use minato::runtime::{Builder, Runtime};

use self::arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse_from(arguments::arrange(std::env::args_os()));
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &Arguments) -> io::Result<ExitCode> {
    let runtime = || build_runtime(arguments.workers);
    match &arguments.command {
        None => tour::run(runtime()?, &arguments.tour),
        Some(Command::Echo(options)) => echo::run(runtime()?, options),
        Some(Command::Proxy(options)) => proxy::run(runtime()?, options),
        Some(Command::Top(options)) => top::run(options),
        Some(Command::Sim(options)) => return Ok(sim::run(options)),
    }
    .map(|()| ExitCode::SUCCESS)
}

fn build_runtime(workers: Option<u16>) -> io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    if let Some(workers) = workers {
        builder.worker_threads(workers.into());
    }
    builder.build().map_err(|error| in_context("cannot start the runtime", &error))
}

/// Prints a line. Unlike `println!` it gives an error, not a panic, when the reader is gone.
fn say(line: impl fmt::Display) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
        .map_err(|error| in_context("cannot write to standard output", &error))
}

/// An error that says what could not be done, and then why.
fn in_context(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
