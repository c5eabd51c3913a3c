//! The load for comparing servers: all of them are alive, and are loaded in turns.
//!
//! A *slice* is some operations with one server; a *block* is a slice with each server, in random
//! order. What slows the machine for longer than a block slows all servers of the block, and falls
//! out of their ratios. Within a slice:
//!
//! * The work is **fixed**, and is done when the slice ends: all CPU time between two readings of
//!   the server's clock belongs to exactly these operations.
//! * It is done in **lockstep**: a batch is sent as a whole, and the next one when all of it is
//!   answered. A client on the same processor thus gives each server the same batches, and is woken
//!   once a batch. On two processors a server's cost holds how often it had to wake the client.
//! * It begins with a **warm-up**, which fills the caches with this server and is not counted.
//! * After each batch the client sends some requests **to itself**. They go through the same code
//!   of the kernel in the same millisecond, and no server has a part in them: a server's time by
//!   the time of such a request does not depend on how fast the machine is just then.

mod clients;
mod probe;

use std::io;
use std::net::SocketAddr;
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use clap::Args;
use nix::sys::epoll::{Epoll, EpollEvent, EpollTimeout};
use serde::{Deserialize, Serialize};

use self::clients::{Lockstep, Questions, Transfers};
use self::probe::Probe;
use super::churn::Churn;
use super::{Mode, Traffic, context, udp, wrong};
use crate::sample::Sampler;

/// A server that answers nothing for so long has failed.
const LATE: u16 = 5000;

/// How long a server is left alone before its clock is read again, and how often at most.
const PAUSE: Duration = Duration::from_micros(20);
const PAUSES: usize = 200;

/// Which servers to load in turns, and how.
#[derive(Debug, Clone, Args)]
pub struct AlternateOptions {
    /// The servers: a name, the process, the address
    #[arg(required = true, value_name = "NAME=PID@ADDRESS")]
    pub servers: Vec<Target>,
    /// What is asked of them
    #[command(flatten)]
    pub traffic: Traffic,
    /// Connections that are asked at a time; the next batch asks the next ones
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub active: usize,
    /// Bytes of a transfer, in the mode `bulk`
    #[arg(long, value_name = "BYTES", default_value_t = 2_000_000)]
    pub bytes: u64,
    /// Operations of a slice, rounded up to whole batches
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub operations: u64,
    /// Operations before each slice, which do not count
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub warm_up: u64,
    /// Slices of each server; one more before them does not count
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub blocks: usize,
    /// After each batch, a request of the client to itself for every ten of the batch
    #[arg(long)]
    pub probe: bool,
    /// Start from this random order
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// A server that is loaded in turns with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What it is called in the output.
    pub name: String,
    /// Its process.
    pub pid: i32,
    /// Where it listens.
    pub address: SocketAddr,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Target, String> {
        let parts = text.split_once('=').and_then(|(name, rest)| {
            let (pid, address) = rest.split_once('@')?;
            let (pid, address) = (pid.parse().ok()?, address.parse().ok()?);
            Some(Target { name: name.to_string(), pid, address })
        });
        parts.ok_or_else(|| format!("`{text}` is not NAME=PID@ADDRESS"))
    }
}

/// What a slice has shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// Which block it is of.
    pub block: usize,
    /// The server's name.
    pub server: String,
    /// What was done.
    pub operations: u64,
    /// The server's CPU time, of all threads.
    pub cpu_nanoseconds: u64,
    /// The client's CPU time for one request to itself meanwhile; none without a probe.
    pub probe_nanoseconds: Option<f64>,
}

/// What loads one of the servers.
pub(super) trait Client {
    /// Sends a batch, waits until all of it is answered, and tells how many operations it was.
    fn batch(&mut self) -> io::Result<u64>;
}

struct Server {
    name: String,
    sampler: Sampler,
    client: Box<dyn Client>,
}

/// Loads the servers in turns, and gives each slice to `show`.
///
/// # Errors
///
/// Those of the sockets; an answer that differs from its request; a server that does not answer.
pub fn run(
    options: &AlternateOptions,
    show: &mut dyn FnMut(Slice) -> io::Result<()>,
) -> io::Result<()> {
    options.traffic.check()?;
    if options.active == 0 {
        return Err(wrong("at least one connection must be active"));
    }
    crate::peer::raise_file_limit();
    // The kernel may stretch a pause by 50 us otherwise.
    let _ = nix::sys::prctl::set_timerslack(1);
    let mut servers = Vec::new();
    for target in &options.servers {
        let (name, sampler) = (target.name.clone(), Sampler::new(target.pid)?);
        servers.push(Server { name, sampler, client: client(target.address, options)? });
    }
    let mut probe = options.probe.then(|| Probe::new(options.traffic.size)).transpose()?;
    let mut random = options.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
    for block in 0..=options.blocks {
        random.shuffle(&mut servers);
        for server in &mut servers {
            let slice = server.slice(options, &mut probe, block).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", server.name))
            })?;
            if block > 0 {
                show(slice)?;
            }
        }
    }
    Ok(())
}

fn client(address: SocketAddr, options: &AlternateOptions) -> io::Result<Box<dyn Client>> {
    let traffic = &options.traffic;
    Ok(match traffic.mode {
        Mode::Echo => Box::new(Lockstep::new(address, traffic, options.active)?),
        Mode::Churn => Box::new(Churn::new(address, traffic)?),
        Mode::Bulk => Box::new(Transfers::new(address, options.bytes)),
        Mode::UdpStream => Box::new(Questions::new(address, traffic)?),
        Mode::UdpEcho => Box::new(udp::Echo::new(address, traffic)?),
    })
}

impl Server {
    fn slice(
        &mut self,
        options: &AlternateOptions,
        probe: &mut Option<Probe>,
        block: usize,
    ) -> io::Result<Slice> {
        self.work(options.warm_up, probe)?;
        let before = self.settled()?;
        if let Some(probe) = probe {
            probe.restart();
        }
        let operations = self.work(options.operations, probe)?;
        let used = self.settled()?.saturating_sub(before);
        Ok(Slice {
            block,
            server: self.name.clone(),
            operations,
            cpu_nanoseconds: used.as_nanos() as u64,
            probe_nanoseconds: probe.as_ref().and_then(Probe::nanoseconds),
        })
    }

    /// Whole batches, until there are so many operations.
    fn work(&mut self, operations: u64, probe: &mut Option<Probe>) -> io::Result<u64> {
        let mut done = 0;
        while done < operations {
            let batch = self.client.batch()?;
            if let Some(probe) = probe {
                probe.follow(batch)?;
            }
            done += batch;
        }
        Ok(done)
    }

    /// The server's CPU time once it sleeps: when it no longer grows.
    fn settled(&self) -> io::Result<Duration> {
        let mut before = self.sampler.cpu()?;
        for _ in 0..PAUSES {
            thread::sleep(PAUSE);
            let now = self.sampler.cpu()?;
            if now == before {
                break;
            }
            before = now;
        }
        Ok(before)
    }
}

/// Waits for a server that owes an answer.
pub(super) fn wait(epoll: &Epoll, events: &mut [EpollEvent]) -> io::Result<usize> {
    loop {
        match epoll.wait(events, EpollTimeout::from(LATE)) {
            Ok(0) => return Err(context("waiting")(io::ErrorKind::TimedOut.into())),
            Ok(count) => return Ok(count),
            Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_name_a_process_and_an_address() {
        let target: Target = "minato-again=12@127.0.0.1:80".parse().unwrap();
        assert_eq!((target.name.as_str(), target.pid), ("minato-again", 12));
        assert_eq!(target.address, "127.0.0.1:80".parse().unwrap());
        for text in ["minato", "minato=12", "minato=x@127.0.0.1:80", "minato=12@here"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }
}
