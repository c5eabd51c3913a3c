//! What a stranger would do to a server, done to the same one on Minato, tokio and smol.
//!
//! Each case has a server process of its own, with two worker threads. The peers are plain blocking
//! sockets. The scores of the others are told; a failure is one of Minato's.
#![allow(clippy::duplicate_mod, reason = "the server is the same on three runtimes")]

mod cases;
mod on_minato;
mod on_smol;
mod on_tokio;
mod subject;

use std::fmt::Write;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use nix::sys::resource::{Resource, setrlimit};

use self::cases::{CASES, Case, Verdict};
use self::subject::Subject;

/// Torture the same server on three runtimes, and print a table.
#[derive(Parser)]
struct Options {
    /// A file to write the table to, too
    #[arg(long)]
    report: Option<PathBuf>,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// Be the server, with so many descriptors
    #[command(hide = true)]
    Serve { runtime: Runtime, descriptors: u64 },
}

/// What the server runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Runtime {
    Minato,
    Tokio,
    Smol,
}

impl Runtime {
    const ALL: [Runtime; 3] = [Runtime::Minato, Runtime::Tokio, Runtime::Smol];

    fn name(self) -> &'static str {
        match self {
            Runtime::Minato => "minato",
            Runtime::Tokio => "tokio",
            Runtime::Smol => "smol",
        }
    }

    fn serve(self, descriptors: u64) -> io::Result<()> {
        setrlimit(Resource::RLIMIT_NOFILE, descriptors, descriptors)?;
        match self {
            Runtime::Minato => on_minato::run(),
            Runtime::Tokio => on_tokio::run(),
            Runtime::Smol => on_smol::run(),
        }
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match options.role {
        Some(Role::Serve { runtime, descriptors }) => runtime.serve(descriptors),
        None => return torture(options.report),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs every case on every runtime.
fn torture(report: Option<PathBuf>) -> ExitCode {
    let mut table = String::from("| case | Minato | tokio | smol |\n|---|---|---|---|\n");
    let mut failed = 0;
    for case in CASES {
        _ = write!(table, "| {} |", case.name);
        for runtime in Runtime::ALL {
            let verdict = run(case, runtime);
            let is_bad = verdict.is_err();
            failed += usize::from(is_bad && runtime == Runtime::Minato);
            let (word, text) = match verdict {
                Ok(text) => ("ok", text),
                Err(text) => ("**fails**", text),
            };
            let separator = if text.is_empty() { "" } else { ": " };
            println!("{}, {}: {word}{separator}{text}", case.name, runtime.name());
            _ = write!(table, " {word}{separator}{text} |");
        }
        table.push('\n');
    }
    println!("\n{table}");
    if let Some(path) = report
        && let Err(error) = std::fs::write(&path, page(&table))
    {
        eprintln!("error: {}: {error}", path.display());
        return ExitCode::FAILURE;
    }
    let (word, passed) = (if failed == 0 { "ok" } else { "FAILED" }, CASES.len() - failed);
    println!("test result: {word}. {passed} passed; {failed} failed; 0 ignored");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A case on a server of its own. That an operation fails is a failure of the case.
fn run(case: &Case, runtime: Runtime) -> Verdict {
    let begun = Subject::start(runtime, case.descriptors);
    let ended = begun.and_then(|mut subject| (case.run)(&mut subject));
    ended.unwrap_or_else(|error| Err(error.to_string()))
}

/// What the page says before the table.
const HEAD: &str = "# What a stranger would do to a server

`cargo xtask torture --report` wrote this page. One server, whose source is
`soak/src/bin/torture/server.rs`, runs on each runtime with two worker threads, each case in a
process of its own and against plain blocking sockets. It takes the runtime's stream of connections,
where there is one, and ignores its errors, as many programs do. A peer waits too long for its echo
from two seconds on. A server that waits for descriptors may take a tenth of a processor, and one at
rest 1,000 us a second.
";

/// The page that holds the table.
fn page(table: &str) -> String {
    format!("{HEAD}\n{table}")
}
