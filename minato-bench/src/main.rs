//! The benchmark suite, and its load generator.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use minato_bench::load::{self, LoadOptions};
use minato_bench::report::folder::Report;
use minato_bench::report::{json, table};
use minato_bench::suite::case::Area;
use minato_bench::suite::machine::Machine;
use minato_bench::suite::options::SuiteOptions;
use minato_bench::suite::peers::PEERS;
use minato_bench::suite::results::CaseResult;
use minato_bench::{area, suite};

/// Minato beside its peers: starts each of them, drives them all in the same way, and compares.
///
/// Without arguments it runs the quick suite. A ratio is that of minato to the peer, paired by
/// round; its interval holds the true median with at least 95%. A ratio counts only if minato
/// measured twice in the same rounds is the same within 3%; otherwise it is marked with `?`.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    suite: SuiteOptions,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Load a server, and print how it did
    Load(LoadOptions),
    /// Take bytes and drop them, until standard input ends
    Sink,
}

fn main() -> ExitCode {
    let command = CommandLine::parse();
    let done = match &command.action {
        Some(Action::Load(options)) => load(options),
        Some(Action::Sink) => load::sink(),
        None => compare(&command.suite),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn load(options: &LoadOptions) -> io::Result<()> {
    let figures = load::run(options)?;
    if options.json {
        println!("{}", serde_json::to_string(&figures)?);
    } else {
        load::print(options, &figures);
    }
    Ok(())
}

fn compare(options: &SuiteOptions) -> io::Result<()> {
    let areas = area::chosen(options).map_err(io::Error::other)?;
    for word in &options.peers {
        if !PEERS.iter().any(|peer| peer.is_meant_by(word)) {
            let names: Vec<&str> = PEERS.iter().map(|peer| peer.name).collect();
            let what = format!("there is no peer `{word}`; there are {}", names.join(", "));
            return Err(io::Error::other(what));
        }
    }
    if options.list {
        list(&areas);
        return Ok(());
    }
    if !options.no_build {
        suite::build_peers()?;
    }
    let machine = Machine::here(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    for line in table::conditions(&machine) {
        println!("{line}");
    }
    suite::end_on_interrupt()?;
    let results = suite::run(&areas, options, &mut |area, results| table::print(area, results))?;
    if let Some(path) = &options.json {
        json::write(path, &machine, &results)?;
    }
    if let Some(folder) = &options.report {
        let settings = options.settings();
        let report = Report { areas: &areas, results: &results, machine: &machine, settings };
        report.write(folder).map_err(|error| io::Error::other(error.to_string()))?;
    }
    if suite::is_interrupted() {
        return Err(io::Error::other("interrupted: what was measured until then is above"));
    }
    if options.smoke {
        return smoke(&results);
    }
    Ok(())
}

/// The smoke run asks only that every peer has a figure, or lacks the workload.
fn smoke(results: &[CaseResult]) -> io::Result<()> {
    let mut without = Vec::new();
    for result in results {
        for row in result.rows.iter().filter(|row| row.is_missing()) {
            without.push(format!("{}: {}", result.case.name, row.peer.name));
        }
    }
    if results.is_empty() || !without.is_empty() {
        return Err(io::Error::other(format!("there are no figures of {}", without.join(", "))));
    }
    Ok(())
}

fn list(areas: &[Area]) {
    for area in areas {
        println!("{}: {}", area.name, area.title);
        for case in &area.cases {
            println!("    {}: {}", case.name, case.peers.join(", "));
        }
    }
}
