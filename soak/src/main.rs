//! Hours of traffic over a bad link: does anything leak, get lost or arrive changed?
//!
//! Three processes of this program take part. The *runner* makes two network namespaces, each with
//! a TUN device, and carries the packets between them: late, out of order, twice, or not at all.
//! A *server* lives in one namespace, a *driver* in the other; both build a runtime, use it for
//! some seconds, drop it with all that is under way, and build the next. The driver knows by its
//! position what every byte must be. After each runtime both count their descriptors and memory.
//!
//! The packets are carried here rather than by the kernel's `netem`: many kernels lack that, and
//! here each run has a seed and counts what it did to the packets.

mod carrier;
mod drive;
mod fate;
mod namespace;
mod pattern;
mod report;
mod rest;
mod run;
mod serve;
mod tally;
mod trend;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Soak Minato in traffic over a bad link.
#[derive(Parser)]
struct Options {
    /// How long to go on
    #[arg(long, default_value_t = 2)]
    minutes: u64,
    /// What the link does, what is sent and who is cut off all follow from it
    #[arg(long)]
    seed: Option<u64>,
    #[command(subcommand)]
    role: Option<Role>,
}

/// The other processes, which the runner starts.
#[derive(Subcommand)]
enum Role {
    /// Serve in the one namespace until standard input ends
    #[command(hide = true)]
    Serve { seed: u64 },
    /// Drive from the other namespace for some seconds
    #[command(hide = true)]
    Drive { seed: u64, seconds: u64 },
}

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match options.role {
        Some(Role::Serve { seed }) => serve::run(seed),
        Some(Role::Drive { seed, seconds }) => drive::run(seed, seconds),
        None => {
            let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
            return run::run(options.minutes, seed);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
