//! The load generator: one raw epoll program for all peers, so that what differs is the server.
//!
//! A *closed* loop keeps a number of requests under way and tells how fast the server is. An *open*
//! loop sends at a given rate, whatever the server does; a request is timed from the moment at
//! which it *should* have been sent, so that a server that stalls is charged for every request that
//! had to wait behind the stall ("coordinated omission" is what one calls it if it is not).
//!
//! With `--pid`, the server's CPU time and context switches are read at both ends of the measured
//! window, in this process, so that nothing else falls between.
//!
//! [`alternate`] is the load for comparing servers: all of them are alive, and take turns.

pub mod alternate;
mod bulk;
mod churn;
mod connection;
mod driver;
mod histogram;
mod sink;
#[cfg(test)]
mod tests;
mod udp;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

pub use self::histogram::{Latencies, Latency};
pub use self::sink::sink;
use crate::sample::{Sample, Sampler};

/// What kind of load to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Mode {
    /// Requests over connections that stay; each is answered by its echo
    #[default]
    Echo,
    /// A connection for each request, closed by the server
    Churn,
    /// As many bytes as go through, to a relay with a sink behind it
    Bulk,
    /// Datagrams as fast as they can be sent, not answered
    UdpStream,
    /// Datagrams that are answered by their echo
    UdpEcho,
}

/// What the requests are.
#[derive(Debug, Clone, Args)]
pub struct Traffic {
    /// What kind of load
    #[arg(long, value_enum, default_value_t = Mode::Echo)]
    pub mode: Mode,
    /// Connections, or UDP sockets
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub connections: usize,
    /// Bytes of a request
    #[arg(long, value_name = "BYTES", default_value_t = 64)]
    pub size: usize,
    /// Requests under way on each connection
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub pipeline: usize,
    /// Datagrams in one call (GSO)
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub segments: usize,
}

impl Traffic {
    /// Refuses what makes no sense.
    fn check(&self) -> io::Result<()> {
        if self.connections == 0 || self.size == 0 || self.pipeline == 0 || self.segments == 0 {
            return Err(wrong("connections, size, pipeline and segments must be at least 1"));
        }
        Ok(())
    }
}

/// What load to make.
#[derive(Debug, Clone, Args)]
pub struct LoadOptions {
    /// The server
    pub address: SocketAddr,
    /// What is asked of it
    #[command(flatten)]
    pub traffic: Traffic,
    /// How long to measure
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "5")]
    pub seconds: Duration,
    /// How long to load the server before
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "0.2")]
    pub warm_up: Duration,
    /// Make exactly this many requests instead, without warming up
    #[arg(long, value_name = "N")]
    pub operations: Option<u64>,
    /// An open loop: requests a second, over all connections
    #[arg(long, value_name = "PER SECOND", conflicts_with_all = ["operations", "lockstep"])]
    pub rate: Option<f64>,
    /// Send on all connections only when all have been answered
    #[arg(long)]
    pub lockstep: bool,
    /// More connections that stay quiet
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub idle: usize,
    /// How long to watch the server at rest, connections open, before the load
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "0")]
    pub rest: Duration,
    /// Send a request that blocks its worker this often, on a connection that is not measured
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub block_every: Option<Duration>,
    /// The server's process, to read its CPU time
    #[arg(long, value_name = "PID")]
    pub pid: Option<i32>,
    /// Print one line of JSON
    #[arg(long)]
    pub json: bool,
}

/// What a load has shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Requests answered in the measured window; of a bulk load the bytes, of a stream of datagrams
    /// those that were sent.
    pub operations: u64,
    /// Length of the window.
    pub nanoseconds: u64,
    /// Requests that should have been answered and were not.
    pub unanswered: u64,
    /// Time from when a request was, or should have been, sent to its answer.
    pub latency: Option<Latencies>,
    /// What the server used, if it was told by `--pid`.
    pub server: Option<ServerFigures>,
}

/// What the server used in the measured window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServerFigures {
    /// CPU time, user and system, of all threads.
    pub cpu_nanoseconds: u64,
    /// How often a thread went to sleep.
    pub voluntary_switches: u64,
    /// Resident bytes that each of the idle connections added.
    pub bytes_per_idle: Option<f64>,
    /// CPU time a second while nothing was sent.
    pub rest_nanoseconds_per_second: Option<f64>,
}

/// A number of seconds, with a fraction.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("`{text}` is no number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// Loads the server, and returns what that showed.
///
/// # Errors
///
/// Those of the sockets, with what was done when they came; an answer that differs from its
/// request; a server that closes a connection which it should keep.
pub fn run(options: &LoadOptions) -> io::Result<Figures> {
    options.traffic.check()?;
    if options.rate.is_some_and(|rate| !rate.is_finite() || rate <= 0.0) {
        return Err(wrong("the rate must be above 0"));
    }
    crate::peer::raise_file_limit();
    let sampler = options.pid.map(Sampler::new).transpose()?;
    let watch = Watch { sampler };
    match options.traffic.mode {
        Mode::Echo => driver::run(options, &watch),
        Mode::Churn => churn::run(options, &watch),
        Mode::Bulk => bulk::run(options, &watch),
        Mode::UdpStream => udp::stream(options, &watch),
        Mode::UdpEcho => udp::echo(options, &watch),
    }
}

/// Prints figures for a reader.
pub fn print(options: &LoadOptions, figures: &Figures) {
    let seconds = figures.nanoseconds as f64 / 1e9;
    let what = if options.traffic.mode == Mode::Bulk { "bytes" } else { "requests" };
    println!("{} {what} in {seconds:.3} s", figures.operations);
    println!("{:.0} a second", figures.operations as f64 / seconds);
    if figures.unanswered > 0 {
        println!("{} were not answered", figures.unanswered);
    }
    if let Some(latency) = &figures.latency {
        for Latency { percentile, microseconds } in &latency.0 {
            println!("p{percentile:<6} {microseconds:>12.1} us");
        }
    }
    let Some(server) = &figures.server else { return };
    let each = |total: u64| total as f64 / figures.operations.max(1) as f64;
    println!("server CPU      {:>12.1} ns each", each(server.cpu_nanoseconds));
    println!("server switches {:>12.4} each", each(server.voluntary_switches));
    if let Some(bytes) = server.bytes_per_idle {
        println!("idle connection {bytes:>12.0} bytes");
    }
    if let Some(rest) = server.rest_nanoseconds_per_second {
        println!("CPU at rest     {:>12.1} us a second", rest / 1e3);
    }
}

/// The server, watched if its process is known.
struct Watch {
    sampler: Option<Sampler>,
}

impl Watch {
    fn sample(&self) -> io::Result<Option<Sample>> {
        self.sampler.as_ref().map(Sampler::sample).transpose()
    }
}

/// What the server used between two samples.
fn used(before: Option<Sample>, after: Option<Sample>) -> Option<ServerFigures> {
    let (before, after) = (before?, after?);
    Some(ServerFigures {
        cpu_nanoseconds: after.cpu.saturating_sub(before.cpu).as_nanos() as u64,
        voluntary_switches: after.voluntary_switches.saturating_sub(before.voluntary_switches),
        bytes_per_idle: None,
        rest_nanoseconds_per_second: None,
    })
}

fn wrong(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

/// Says what was done when an error came.
fn context(what: &'static str) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{what}: {error}"))
}
