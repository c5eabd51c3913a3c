//! How fast a simulation is, and how much memory it needs.
//!
//! Speeds are per second of the process's CPU time, since the machine may be busy. `simulation all`
//! runs every measurement in a process of its own, beside its target, and fails if one is missed.
//! `simulation rivals` runs the same on other simulators, as far as they build.
//!
//! Each measurement can be run alone: `simulation pairs 100 --idle 1000 --rounds 1000` has 100
//! pairs of hosts, beside 1,000 hosts that wait, make 1,000 TCP echo round trips each. Under
//! `valgrind --tool=callgrind` the difference of two such runs counts instructions
//! (`cargo xtask instructions`).

mod memory;
mod rivals;
mod speed;
mod suite;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    what: What,
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
}

#[derive(Subcommand)]
enum What {
    /// Pairs of hosts that echo by TCP.
    Pairs {
        count: u64,
        /// Round trips of each pair.
        #[arg(long, default_value_t = 1000)]
        rounds: u64,
        /// Hosts that wait beside them.
        #[arg(long, default_value_t = 0)]
        idle: u64,
    },
    /// Pairs of hosts that echo by UDP.
    Datagrams {
        count: u64,
        /// Round trips of each pair.
        #[arg(long, default_value_t = 1000)]
        rounds: u64,
    },
    /// One stream that carries so many MiB.
    Bulk { mib: u64 },
    /// Connections that ask once and close, one after the other.
    Connects { count: u64 },
    /// Hosts that wake every 100 ms, so often each.
    Timers {
        hosts: u64,
        /// By default a virtual day.
        #[arg(long, default_value_t = 24 * 3600 * 10)]
        times: u64,
    },
    /// The seconds that a virtual year takes, with hosts that wait.
    Year { hosts: u64 },
    /// Fresh simulations with a host and a task each.
    Worlds { count: u64 },
    /// The bytes of an idle host with a listener.
    Hosts { count: u64 },
    /// The bytes of an idle connection with both its tasks.
    Connections { count: u64 },
    /// The bytes by which the process has grown after so many simulations.
    Leaks { count: u64 },
    /// The descriptors that so many simulations leave open.
    Descriptors { count: u64 },
    /// All of these, beside their targets.
    All,
    /// Some of these on other simulators, which are built first.
    Rivals,
}

/// What a measurement has found.
struct Figure {
    value: f64,
    unit: &'static str,
}

fn main() -> io::Result<ExitCode> {
    let Options { what, seed } = Options::parse();
    let figure = match what {
        What::Pairs { count, rounds, idle } => speed::pairs(seed, count, rounds, idle)?,
        What::Datagrams { count, rounds } => speed::datagrams(seed, count, rounds)?,
        What::Bulk { mib } => speed::bulk(seed, mib)?,
        What::Connects { count } => speed::connects(seed, count)?,
        What::Timers { hosts, times } => speed::timers(seed, hosts, times)?,
        What::Year { hosts } => speed::year(seed, hosts)?,
        What::Worlds { count } => speed::worlds(count)?,
        What::Hosts { count } => memory::hosts(seed, count)?,
        What::Connections { count } => memory::connections(seed, count)?,
        What::Leaks { count } => memory::leaks(count)?,
        What::Descriptors { count } => memory::descriptors(count)?,
        What::All => return suite::run(),
        What::Rivals => return rivals::run(),
    };
    println!("{} {}", figure.value, figure.unit);
    Ok(ExitCode::SUCCESS)
}
