//! The same echo in a simulated world: one seed gives one trace.

use std::fmt;
use std::io;
use std::time::Duration;

use minato::engine::Engine;
use minato::runtime::Builder;
use minato::sim::World;

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

fn run(seed: u64) -> io::Result<Outcome> {
    let world = World::new(seed);
    let engine = Engine::sim(world.host("harbour"));
    let runtime = Builder::new_current_thread().engine(engine).build()?;
    let measured = runtime.block_on(async {
        let load = Load {
            transport: Transport::Tcp,
            target: services::start_echo().await?,
            clients: CLIENTS,
            until: Until::Requests(REQUESTS_PER_CLIENT),
            seed,
        };
        io::Result::Ok(drivers::drive(&load, &Default::default()).await)
    })?;
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
            "the same echo, {} requests in {milliseconds:.1} ms of virtual time",
            first.requests
        )?;
        writeln!(f, "            seed {seed}, twice: trace {:016x} both times", first.trace_hash)?;
        let next = seed.wrapping_add(1);
        write!(f, "            seed {next}: trace {:016x}, another one", other.trace_hash)
    }
}
