//! The benchmark suite, and its load generator.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use minato_bench::load::alternate::{self, AlternateOptions};
use minato_bench::load::{self, LoadOptions};
use minato_bench::report::compare::Comparison;
use minato_bench::report::folder::Report;
use minato_bench::report::json::Run;
use minato_bench::report::table;
use minato_bench::suite::case::Area;
use minato_bench::suite::machine::Machine;
use minato_bench::suite::options::SuiteOptions;
use minato_bench::suite::peers::PEERS;
use minato_bench::suite::results::CaseResult;
use minato_bench::{area, suite};

/// Minato beside its peers: starts each of them, drives them all in the same way, and compares.
///
/// Without arguments it runs the quick suite. A ratio is that of minato to the peer, measured side
/// by side; its interval holds the true value with 99%. Where minato measured twice is not the
/// same, ratios are marked with `?`.
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
    /// Load several servers in turns, and print a line of JSON for each slice
    Alternate(AlternateOptions),
    /// Take bytes and drop them, until standard input ends
    Sink,
    /// Compare runs of the same commit: which ratios differ, which targets are contradicted, and
    /// which are claimed from three runs
    Compare {
        /// What `--json` has written, the first run first
        #[arg(required = true, num_args = 2..)]
        runs: Vec<PathBuf>,
    },
}

fn main() -> ExitCode {
    let command = CommandLine::parse();
    let done = match &command.action {
        Some(Action::Load(options)) => load(options),
        Some(Action::Alternate(options)) => alternate(options),
        Some(Action::Sink) => load::sink(),
        Some(Action::Compare { runs }) => compare(runs),
        None => measure(&command.suite),
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

/// What is printed stays in memory until the end: writing would disturb what is measured.
fn alternate(options: &AlternateOptions) -> io::Result<()> {
    let mut lines = Vec::new();
    alternate::run(options, &mut |slice| {
        serde_json::to_writer(&mut lines, &slice)?;
        lines.push(b'\n');
        Ok(())
    })?;
    io::stdout().lock().write_all(&lines)
}

fn compare(paths: &[PathBuf]) -> io::Result<()> {
    let runs = paths.iter().map(|path| Run::read(path)).collect::<io::Result<Vec<_>>>()?;
    let comparison = Comparison::new(&runs);
    print!("{}", comparison.text());
    if comparison.agrees() { Ok(()) } else { Err(io::Error::other("the runs do not agree")) }
}

fn measure(options: &SuiteOptions) -> io::Result<()> {
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
        println!("{}", expected(&areas, options));
        return Ok(());
    }
    if !options.no_build {
        suite::build_peers()?;
    }
    let machine = Machine::here(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    for line in table::conditions(&machine) {
        println!("{line}");
    }
    println!("{}", expected(&areas, options));
    suite::end_on_interrupt()?;
    let results = suite::run(&areas, options, &mut |area, results| table::print(area, results))?;
    if let Some(path) = &options.json {
        Run::new(&machine, &results).write(path)?;
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

fn expected(areas: &[Area], options: &SuiteOptions) -> String {
    let minutes = suite::expected(areas, options).as_secs().div_ceil(60);
    format!("takes about {minutes} min on a quiet machine, and more for what that does not decide")
}

fn list(areas: &[Area]) {
    for area in areas {
        println!("{}: {}", area.name, area.title);
        for case in &area.cases {
            println!("    {}: {}", case.name, case.peers.join(", "));
        }
    }
}
