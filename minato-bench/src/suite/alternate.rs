//! One start of all peers of a case, which are then loaded in turns.

use std::collections::BTreeMap;
use std::time::Duration;

use super::case::{Case, Plan, Serve, Slices};
use super::measure::{Bench, START};
use super::options::Suite;
use super::peers::Peer;
use super::process::{Program, Trouble};
use super::statistics::trimmed_mean;
use crate::load::alternate::Slice;

/// How long a slice may take, and all of them beyond it.
const LONG: Duration = Duration::from_secs(60);

/// Slices of the smoke suite.
const FEW: usize = 2;

/// What one start has shown: for each peer a value a block.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// CPU time of an operation, in nanoseconds.
    pub times: BTreeMap<&'static str, Vec<f64>>,
    /// The same by the time of a probe, where there is one. These are compared.
    pub scaled: BTreeMap<&'static str, Vec<f64>>,
}

impl Start {
    /// The logarithm of `ours / theirs`, from the blocks without the lowest and highest fifth.
    pub fn log_ratio(&self, ours: &str, theirs: &str) -> Option<f64> {
        let pairs = self.scaled.get(ours)?.iter().zip(self.scaled.get(theirs)?);
        let logarithms = pairs.map(|(ours, theirs)| (ours / theirs).ln());
        trimmed_mean(&logarithms.filter(|value| value.is_finite()).collect::<Vec<_>>())
    }

    /// The CPU time of an operation of a peer.
    pub fn time(&self, peer: &str) -> Option<f64> {
        trimmed_mean(self.times.get(peer)?)
    }

    fn put(&mut self, peer: &'static str, time: f64, probe: Option<f64>) {
        self.times.entry(peer).or_default().push(time);
        self.scaled.entry(peer).or_default().push(time / probe.unwrap_or(1.0));
    }
}

/// A start, and which of the peers had no part in it.
pub(crate) struct Started {
    pub(crate) start: Start,
    pub(crate) troubles: Vec<(&'static Peer, Trouble)>,
}

/// Starts all peers of the case in random order, and has each do its slices.
///
/// # Errors
///
/// If the load fails, so that there are no figures of any peer.
pub(crate) fn start(
    bench: &Bench,
    case: &Case,
    slices: Slices,
    peers: &[&'static Peer],
    random: &mut fastrand::Rng,
) -> Result<Started, Trouble> {
    let mut peers = peers.to_vec();
    random.shuffle(&mut peers);
    let slices = bench.shortened(slices);
    match &case.plan {
        Plan::Serve(serve) => served(bench, case, serve, slices, &peers, random.u64(..)),
        Plan::Drive { .. } => driven(bench, case, slices, &peers, random),
        Plan::Build => Err(Trouble::Lacks("a build does not alternate".to_string())),
    }
}

impl Bench {
    fn shortened(&self, slices: Slices) -> Slices {
        match self.settings.suite {
            Suite::Smoke => Slices { blocks: FEW, operations: 10, warm_up: 1, ..slices },
            Suite::Quick | Suite::Full => slices,
        }
    }
}

/// Servers, which one client loads.
fn served(
    bench: &Bench,
    case: &Case,
    serve: &Serve,
    slices: Slices,
    peers: &[&'static Peer],
    seed: u64,
) -> Result<Started, Trouble> {
    let client = if slices.apart { bench.client } else { bench.server };
    let behind = bench.behind(serve, client, !slices.apart)?;
    let mut servers: Vec<(&Peer, Program)> = Vec::new();
    let (mut words, mut troubles) = (Vec::new(), Vec::new());
    for peer in peers {
        let mut command = bench.peer(peer, serve.workload, serve.arguments, case.workers);
        if let Some((_, address)) = &behind {
            command.args(["--target", address]);
        }
        let started = Program::start_in_batch(&mut command, bench.server)
            .and_then(|mut server| Ok((server.address(START)?, server)));
        match started {
            Ok((address, server)) => {
                words.push(format!("{}={}@{address}", peer.name, server.pid()));
                servers.push((peer, server));
            }
            Err(Trouble::Interrupted) => return Err(Trouble::Interrupted),
            Err(trouble) => troubles.push((*peer, trouble)),
        }
    }
    let mut command = bench.program("alternate");
    command.args(serve.load.split_whitespace()).args(load(slices, seed)).args(words);
    let mut program = if slices.apart {
        Program::start(&mut command, client)?
    } else {
        Program::start_in_batch(&mut command, client)?
    };
    let mut start = Start::default();
    for line in program.output(LONG + LONG)?.0 {
        let slice: Slice = serde_json::from_str(&line)
            .map_err(|error| Trouble::Failed(format!("the load said `{line}`: {error}")))?;
        let peer = peers.iter().find(|peer| peer.name == slice.server);
        if let Some(peer) = peer {
            let time = slice.cpu_nanoseconds as f64 / slice.operations.max(1) as f64;
            start.put(peer.name, time, slice.probe_nanoseconds);
        }
    }
    Ok(Started { start, troubles })
}

/// The words that tell the load how to alternate.
fn load(slices: Slices, seed: u64) -> Vec<String> {
    let mut words = vec![
        ("--operations", slices.operations),
        ("--warm-up", slices.warm_up),
        ("--blocks", slices.blocks as u64),
        ("--seed", seed),
    ];
    words.extend(slices.bytes.map(|bytes| ("--bytes", bytes)));
    let words = words.into_iter().flat_map(|(word, value)| [word.to_string(), value.to_string()]);
    words.chain((!slices.apart).then(|| "--probe".to_string())).collect()
}

/// Workloads that drive themselves, each when it is asked to.
fn driven(
    bench: &Bench,
    case: &Case,
    slices: Slices,
    peers: &[&'static Peer],
    random: &mut fastrand::Rng,
) -> Result<Started, Trouble> {
    let (mut start, mut troubles) = (Start::default(), Vec::new());
    let mut programs: Vec<(&'static Peer, Program)> = Vec::new();
    for peer in peers {
        match on_demand(bench, case, peer) {
            Ok(program) => programs.push((peer, program)),
            Err(Trouble::Interrupted) => return Err(Trouble::Interrupted),
            Err(trouble) => troubles.push((*peer, trouble)),
        }
    }
    for block in 0..=slices.blocks {
        random.shuffle(&mut programs);
        let mut left = Vec::new();
        for (peer, mut program) in programs {
            match slice(&mut program, slices) {
                Ok(time) => {
                    if block > 0 {
                        start.put(peer.name, time, None);
                    }
                    left.push((peer, program));
                }
                Err(Trouble::Interrupted) => return Err(Trouble::Interrupted),
                Err(trouble) => {
                    start.times.remove(peer.name);
                    start.scaled.remove(peer.name);
                    troubles.push((peer, trouble));
                }
            }
        }
        programs = left;
    }
    Ok(Started { start, troubles })
}

fn on_demand(bench: &Bench, case: &Case, peer: &Peer) -> Result<Program, Trouble> {
    let Plan::Drive { workload, arguments, .. } = &case.plan else {
        return Err(Trouble::Failed("a server is not driven".to_string()));
    };
    let mut command = bench.peer(peer, *workload, arguments, case.workers);
    Program::start_in_batch(command.arg("--on-demand"), bench.server)
}

/// A warm-up and a slice; gives the CPU time of an operation.
fn slice(program: &mut Program, slices: Slices) -> Result<f64, Trouble> {
    if slices.warm_up > 0 {
        go(program, slices.warm_up)?;
    }
    go(program, slices.operations)
}

fn go(program: &mut Program, operations: u64) -> Result<f64, Trouble> {
    let answer = program.ask(&format!("go {operations}"), LONG)?;
    done(&answer).ok_or_else(|| Trouble::Failed(format!("a peer answered `{answer}`")))
}

/// Nanoseconds by operations in the line `done N NANOSECONDS`.
fn done(line: &str) -> Option<f64> {
    let (operations, nanoseconds) = line.strip_prefix("done ")?.split_once(' ')?;
    let operations = operations.parse::<u64>().ok().filter(|operations| *operations > 0)?;
    Some(nanoseconds.parse::<u64>().ok()? as f64 / operations as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_to_go_is_understood() {
        assert_eq!(done("done 10 500"), Some(50.0));
        for line in ["done 0 500", "done 10", "done ten 500", "operations 10"] {
            assert_eq!(done(line), None, "{line}");
        }
    }

    #[test]
    fn a_ratio_is_of_paired_blocks_by_the_probe() {
        let mut start = Start::default();
        // The machine is twice as slow in every other block, for both and for the probe.
        for block in 0..10 {
            let slow = f64::from(1 + block % 2);
            start.put("minato", 100.0 * slow, Some(slow));
            start.put("tokio", 200.0 * slow, Some(slow));
            start.put("smol", 50.0, None);
        }
        assert!((start.log_ratio("minato", "tokio").unwrap() - 0.5_f64.ln()).abs() < 1e-12);
        assert!((start.log_ratio("minato", "smol").unwrap() - 2.0_f64.ln()).abs() < 1e-12);
        assert_eq!(start.time("minato"), Some(150.0));
        assert_eq!(start.log_ratio("minato", "monoio"), None);
    }
}
