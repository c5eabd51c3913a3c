//! The same echo in a simulated world: one seed gives one trace.

use std::fmt;
use std::io;
use std::time::Duration;

use minato::sim::Simulation;

use super::connection::Transport;
use super::drivers::{self, Load, Until};
use super::services;

const CLIENTS: usize = 8;
const REQUESTS_PER_CLIENT: u64 = 25;

/// What three worlds have shown.
#[derive(Debug)]
pub(super) struct Comparison {
    seed: u64,
    first: Outcome,
    other: Outcome,
}

/// What happened in one world.
#[derive(Debug)]
struct Outcome {
    trace_hash: u64,
    requests: u64,
    virtual_time: Duration,
}

/// Runs the echo twice under `seed` and once under another one. It is an error if the first two
/// worlds differ, or the third one does not.
pub(super) fn compare(seed: u64) -> io::Result<Comparison> {
    let first = run(seed)?;
    let again = run(seed)?;
    let other = run(seed.wrapping_add(1))?;
    if first.trace_hash != again.trace_hash {
        return Err(io::Error::other(format!("simulated: seed {seed} gave two traces")));
    }
    if first.trace_hash == other.trace_hash {
        return Err(io::Error::other(format!(
            "simulated: seed {seed} and the next gave one trace"
        )));
    }
    Ok(Comparison { seed, first, other })
}

/// The echo on one host, its clients on another.
fn run(seed: u64) -> io::Result<Outcome> {
    let mut simulation = Simulation::new(seed);
    let starting = simulation.spawn("harbour", services::start_echo("0.0.0.0:0"))?;
    let port = simulation.block_on(starting)??.port();
    let harbour = simulation.world().host("harbour").ip();
    let load = Load {
        transport: Transport::Tcp,
        target: (harbour, port).into(),
        clients: CLIENTS,
        until: Until::Requests(REQUESTS_PER_CLIENT),
        seed,
    };
    let driving = async move { drivers::drive(&load, &Default::default()).await };
    let driving = simulation.spawn("ships", driving)?;
    let measured = simulation.block_on(driving)?;
    let world = simulation.world();
    match measured.errors.first() {
        Some(error) => Err(io::Error::other(format!("simulated: {error}"))),
        None => Ok(Outcome {
            trace_hash: world.trace_hash(),
            requests: measured.requests,
            virtual_time: world.now(),
        }),
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, first, other } = self;
        let milliseconds = first.virtual_time.as_secs_f64() * 1e3;
        writeln!(
            f,
            "the same echo on two hosts, {} requests in {milliseconds:.1} ms of virtual time",
            first.requests
        )?;
        writeln!(f, "            seed {seed}, twice: trace {:016x} both times", first.trace_hash)?;
        let next = seed.wrapping_add(1);
        write!(f, "            seed {next}: trace {:016x}, another one", other.trace_hash)
    }
}
