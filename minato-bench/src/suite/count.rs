//! What is counted rather than timed: instructions under callgrind, system calls under strace,
//! allocations under memcheck.
//!
//! Each is counted in two runs of different length; the difference, by the difference in
//! operations, leaves out what starting and ending cost. Counts do not shake as times do.

use std::process::Command;
use std::time::Duration;

use crate::suite::case::{Case, Plan};
use crate::suite::measure::{Bench, START};
use crate::suite::metric::Metric;
use crate::suite::peers::Peer;
use crate::suite::process::{Program, Trouble};

/// How long a counted run may take.
const LIMIT: Duration = Duration::from_secs(180);

/// A program that counts what another does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counter {
    pub(crate) metric: Metric,
    /// The words before the command.
    prefix: &'static [&'static str],
    /// Finds the count in what it prints on standard error.
    find: fn(&str) -> Option<u64>,
}

const INSTRUCTIONS: Counter = Counter {
    metric: Metric::Instructions,
    prefix: &["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"],
    find: collected,
};

const ALLOCATIONS: Counter = Counter {
    metric: Metric::Allocations,
    prefix: &["valgrind", "--tool=memcheck", "--leak-check=no", "--undef-value-errors=no"],
    find: allocated,
};

const SYSCALLS: Counter =
    Counter { metric: Metric::Syscalls, prefix: &["strace", "-f", "-c"], find: called };

impl Counter {
    /// The program that has to be there.
    pub(crate) fn tool(&self) -> &'static str {
        self.prefix[0]
    }
}

/// What a case wants to have counted, with the lengths of the two runs.
pub(crate) fn wanted(case: &Case) -> Vec<(Counter, (u64, u64))> {
    let pairs = [
        (INSTRUCTIONS, case.counts.instructions),
        (SYSCALLS, case.counts.syscalls),
        (ALLOCATIONS, case.counts.allocations),
    ];
    pairs.into_iter().filter_map(|(counter, lengths)| Some((counter, lengths?))).collect()
}

/// Counts per operation.
pub(crate) fn count(
    bench: &Bench,
    case: &Case,
    peer: &Peer,
    counter: Counter,
    (few, many): (u64, u64),
) -> Result<f64, Trouble> {
    let less = run(bench, case, peer, counter, few)?;
    let more = run(bench, case, peer, counter, many)?;
    Ok((more as f64 - less as f64) / (many - few) as f64)
}

fn run(
    bench: &Bench,
    case: &Case,
    peer: &Peer,
    counter: Counter,
    operations: u64,
) -> Result<u64, Trouble> {
    if peer.rings && counter.tool() == "valgrind" {
        return Err(Trouble::Lacks("valgrind does not know how io_uring waits".to_string()));
    }
    let stderr = match &case.plan {
        Plan::Drive { workload, arguments, .. } => {
            let mut command = bench.peer(peer, *workload, arguments, case.workers);
            command.args(["--count", &operations.to_string()]);
            Program::start(&mut under(counter, &command), None)?.output(LIMIT)?.1
        }
        Plan::Serve(serve) => {
            let behind = bench.behind(serve, None, false)?;
            let mut command = bench.peer(peer, serve.workload, serve.arguments, case.workers);
            if let Some((_, address)) = &behind {
                command.args(["--target", address]);
            }
            let mut server = Program::start(&mut under(counter, &command), None)?;
            let address = server.address(START)?;
            let words = format!("{address} {} --operations {operations} --lockstep", serve.load);
            bench.load(&words, None)?.output(LIMIT)?;
            server.finish(LIMIT)?.1
        }
        Plan::Build => return Err(Trouble::Lacks("a build is not counted".to_string())),
    };
    (counter.find)(&stderr)
        .ok_or_else(|| Trouble::Failed(format!("{} told no count", counter.tool())))
}

/// The command, run by the counter.
fn under(counter: Counter, command: &Command) -> Command {
    let mut counted = Command::new(counter.tool());
    counted.args(&counter.prefix[1..]).arg(command.get_program()).args(command.get_args());
    counted
}

/// The count in callgrind's line `Collected : 12345`.
fn collected(report: &str) -> Option<u64> {
    let line = report.lines().find(|line| line.contains("Collected"))?;
    line.rsplit(':').next()?.trim().parse().ok()
}

/// The count in memcheck's line `total heap usage: 1,234 allocs, ..`.
fn allocated(report: &str) -> Option<u64> {
    let (_, rest) = report.split_once("total heap usage: ")?;
    rest.split(' ').next()?.replace(',', "").parse().ok()
}

/// The count in the last line of strace's table, whose columns are share, seconds, time a call,
/// calls, errors (if any) and `total`.
fn called(report: &str) -> Option<u64> {
    let line = report.lines().rev().find(|line| line.trim_end().ends_with(" total"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_are_found() {
        let callgrind = "==1== Events    : Ir\n==1== Collected : 25884276\n==1==\n";
        assert_eq!(collected(callgrind), Some(25_884_276));
        let memcheck = "==1==   total heap usage: 1,234 allocs, 1,230 frees, 9 bytes allocated\n";
        assert_eq!(allocated(memcheck), Some(1234));
        let strace = "% time     seconds  usecs/call     calls    errors syscall\n\
                      100.00    0.000100           1        99           read\n\
                      ------ ----------- ----------- --------- --------- ----------------\n\
                      100.00    0.000100           1       123         4 total\n";
        assert_eq!(called(strace), Some(123));
        for find in [collected, allocated, called] {
            assert_eq!(find("nothing"), None);
        }
    }

    #[test]
    fn the_counter_comes_before_the_command() {
        let mut command = Command::new("peer");
        command.args(["a", "b"]);
        let counted = under(SYSCALLS, &command);
        let words: Vec<_> = counted.get_args().map(|word| word.to_str().unwrap()).collect();
        assert_eq!(
            (counted.get_program().to_str(), words),
            (Some("strace"), vec!["-f", "-c", "peer", "a", "b"])
        );
    }
}
