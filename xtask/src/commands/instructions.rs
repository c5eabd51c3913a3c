//! `cargo xtask instructions`: user-mode instructions per echo under callgrind, for us and our
//! peers; per MiB of QUIC; and per echo in the simulated world.
//!
//! Instructions do not shake as times do. Each server is run twice, with few requests and with
//! many; the difference of the two counts, divided by the difference in requests, leaves out what
//! starting and stopping cost. The figures are for work on the path of an echo. Two are judged:
//! that of the simulated world, where one seed is one run, so that the count does not shake at all;
//! and how many instructions of ours are locked.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::locked;
use crate::outcome::{Counts, Outcome};
use crate::{process, tree};

/// Names, programs, and their variants.
const PEERS: [(&str, &str, &str); 5] = [
    ("tokio-current", "peer-tokio", "current"),
    ("minato-current", "peer-minato", "current"),
    ("tokio-multi", "peer-tokio", "multi"),
    ("minato-multi", "peer-minato", "multi"),
    ("smol", "peer-smol", "current"),
];
const LOAD: &str = "minato-bench";
const CONNECTIONS: u64 = 50;
const SIZE: u64 = 64;
const FEW: u64 = 5_000;
const MANY: u64 = 25_000;

/// How many locked instructions an echo of ours may take on one thread, in hundredths: three, and
/// its share of the seven of a turn. A turn under valgrind finds about a dozen events, more or less
/// from run to run; one instruction more in each echo is beyond this all the same.
const LOCKED_MOST: u64 = 400;

/// The program for QUIC, and how many MiB it moves.
const QUIC: &str = "quic";
const QUIC_FEW: u64 = 4;
const QUIC_MANY: u64 = 24;
const QUIC_RUNS: usize = 5;

/// The program for the simulated world, how many pairs of hosts it has echo, and how often each.
const SIMULATION: &str = "simulation";
const PAIRS: u64 = 10;
const FEW_ROUNDS: u64 = 200;
const MANY_ROUNDS: u64 = 1200;

/// The instructions that an echo there may take, both ends together.
const SIMULATED_MOST: u64 = 10_000;

pub(crate) fn run() -> Result<Outcome, String> {
    if process::output(Command::new("valgrind").arg("--version")).is_err() {
        return Ok(Outcome::skipped("valgrind is not installed"));
    }
    let mut build = vec!["build", "--release", "--package", "minato-bench", "--bin", LOAD];
    for program in ["peer-tokio", "peer-minato", "peer-smol", QUIC, SIMULATION] {
        build.extend(["--bin", program]);
    }
    process::succeed(&mut process::cargo(&build), process::LONG)?;
    println!("{CONNECTIONS} connections of {SIZE} B; instructions per echo, and beside tokio's");
    let mut tokio = None;
    for (name, program, variant) in PEERS {
        let count = |requests| {
            count(program, variant, requests).map_err(|problem| format!("{name}: {problem}"))
        };
        let each = count(MANY)?.saturating_sub(count(FEW)?) / (MANY - FEW);
        let base = *tokio.get_or_insert(each);
        println!("{name:>16} {each:>6}   {:.2}", each as f64 / base as f64);
    }
    let locked = locked_each()?;
    let most = hundredths(LOCKED_MOST);
    println!("{:>16} {:>6.2}   of {most:.2} locked", PEERS[1].0, hundredths(locked));
    quic()?;
    let mut problems = simulation()?;
    if locked > LOCKED_MOST {
        problems.push(format!("an echo takes {:.2} locked instructions", hundredths(locked)));
    }
    Ok(Outcome::from_problems(problems, Counts::default()))
}

fn hundredths(count: u64) -> f64 {
    count as f64 / 100.0
}

/// The locked instructions of an echo of ours on one thread, in hundredths.
fn locked_each() -> Result<u64, String> {
    let (_, name, variant) = PEERS[1];
    let program = tree::root().join("target/release").join(name);
    let addresses = locked::addresses(&program)?;
    let profile = tree::root().join("target/callgrind.out");
    let count = |requests| -> Result<u64, String> {
        let mut server = Command::new("valgrind");
        server.args(["--tool=callgrind", "--dump-instr=yes", "--compress-strings=no"]);
        server.arg("--compress-pos=no");
        server.arg(format!("--callgrind-out-file={}", profile.display())).arg(&program);
        serve(server, variant, requests)?;
        let profile = fs::read_to_string(&profile).map_err(|error| error.to_string())?;
        Ok(locked::executed(&profile, &program, &addresses))
    };
    Ok(count(MANY)?.saturating_sub(count(FEW)?) * 100 / (MANY - FEW))
}

/// An echo between two simulated hosts, with all that the world does for it.
fn simulation() -> Result<Vec<String>, String> {
    let count = |rounds: u64| {
        let mut command = callgrind(SIMULATION);
        command.args(["pairs", &PAIRS.to_string(), "--rounds", &rounds.to_string()]);
        counted(&command.output().map_err(|error| error.to_string())?)
    };
    let rounds = PAIRS * (MANY_ROUNDS - FEW_ROUNDS);
    let each = count(MANY_ROUNDS)?.saturating_sub(count(FEW_ROUNDS)?) / rounds;
    println!("{PAIRS} pairs of simulated hosts; instructions per echo, both ends and the world");
    println!("{SIMULATION:>16} {each:>6}   of {SIMULATED_MOST}");
    let problem = format!("a simulated echo takes {each} instructions, over {SIMULATED_MOST}");
    Ok(if each > SIMULATED_MOST { vec![problem] } else { Vec::new() })
}

/// QUIC in bulk. How packets and acknowledgements fall differs from run to run, so that there are
/// several of each, in turns.
fn quic() -> Result<(), String> {
    println!("QUIC in bulk, both ends; thousands of instructions per MiB, medians of {QUIC_RUNS}");
    let mut figures = [const { Vec::new() }; 2];
    for _ in 0..QUIC_RUNS {
        for (peer, figures) in ["tokio", "minato"].iter().zip(&mut figures) {
            let [few, many] = [QUIC_FEW, QUIC_MANY].map(|mib| {
                let mut command = callgrind(QUIC);
                let output = command.args([*peer, &mib.to_string()]).output();
                counted(&output.map_err(|error| error.to_string())?)
            });
            figures.push(many?.saturating_sub(few?) / (QUIC_MANY - QUIC_FEW) / 1000);
        }
    }
    let medians = figures.map(|mut figures| {
        figures.sort_unstable();
        figures[figures.len() / 2]
    });
    for (peer, each) in ["tokio", "minato"].iter().zip(medians) {
        println!(
            "{:>16} {each:>6}   {:.3}",
            format!("quic-{peer}"),
            each as f64 / medians[0] as f64
        );
    }
    Ok(())
}

/// A program, to be run under callgrind.
fn callgrind(program: &str) -> Command {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(tree::root().join("target/release").join(program));
    command
}

/// The count that callgrind has told.
fn counted(output: &Output) -> Result<u64, String> {
    let report = String::from_utf8_lossy(&output.stderr);
    collected(&report).ok_or_else(|| format!("callgrind did not tell a count: {report}"))
}

/// The instructions that a server executes for `requests` requests.
fn count(program: &str, variant: &str, requests: u64) -> Result<u64, String> {
    counted(&serve(callgrind(program), variant, requests)?)
}

/// What callgrind has told of a server after `requests` requests.
fn serve(mut server: Command, variant: &str, requests: u64) -> Result<Output, String> {
    let programs = tree::root().join("target/release");
    let mut server = server
        .args([variant, "echo"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut line = String::new();
    if let Some(output) = server.stdout.take() {
        BufReader::new(output).read_line(&mut line).map_err(|error| error.to_string())?;
    }
    let driven = match line.trim().strip_prefix("listening ") {
        Some(address) => drive(&programs.join(LOAD), address, requests),
        None => Err(format!("the server said `{line}`")),
    };
    // This ends the server's input, and so the server.
    let output = server.wait_with_output().map_err(|error| error.to_string())?;
    driven?;
    Ok(output)
}

fn drive(load: &Path, address: &str, requests: u64) -> Result<(), String> {
    let [connections, size, requests] =
        [CONNECTIONS, SIZE, requests].map(|count| count.to_string());
    let mut command = Command::new(load);
    command.args(["load", address, "--lockstep", "--connections", &connections, "--size", &size]);
    process::output(command.args(["--operations", &requests])).map(drop)
}

/// The count in callgrind's line `Collected : 12345`.
fn collected(report: &str) -> Option<u64> {
    let line = report.lines().find(|line| line.contains("Collected"))?;
    line.rsplit(':').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found() {
        let report = "==1== Events    : Ir\n==1== Collected : 25884276\n==1==\n";
        assert_eq!(collected(report), Some(25_884_276));
        assert_eq!(collected("==1== nothing"), None);
    }
}
