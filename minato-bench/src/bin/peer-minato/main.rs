//! Minato as a peer. `current` is its runtime on this thread, `multi` the one with `--workers`
//! threads; both as they come, with no option but the number of workers and, if asked for, the
//! window of spinning.
//!
//! All sources but this file, [`bulk`] and [`lent`] are tokio's too.

use minato as rt;

mod bulk;
#[path = "../shared/drive.rs"]
mod drive;
mod lent;
#[path = "../shared/readiness/mod.rs"]
mod readiness;
#[path = "../shared/reset.rs"]
mod reset;
#[path = "../shared/twins/mod.rs"]
mod twins;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use minato::runtime::{Builder, Handle};
use minato_bench::peer::{PeerCommand, Spent, Workload};

use self::lent::serve as serve_lent;
use self::twins::{blocking, host, relay};

/// How long a worker spins before it sleeps, where `--spin` asks for it: about the round trip of a
/// request through two sleeping threads.
const SPIN: Duration = Duration::from_micros(50);

fn main() -> ExitCode {
    PeerCommand::run(&["current", "multi"], readiness::run)
}

/// What minato's builder has beyond tokio's.
fn configure(builder: &mut Builder, command: &PeerCommand) {
    builder.spin(if command.spin { SPIN } else { Duration::ZERO });
}

async fn drive_more(workload: Workload, count: u64) -> io::Result<Spent> {
    match workload {
        Workload::TimerReset => Ok(reset::reset(count).await),
        _ => blocking::operate(workload, count).await,
    }
}

/// Minato's best form of it: the worker hands over by itself.
fn block_on_worker(body: impl Future<Output = ()>) {
    Handle::current().block_on(body);
}
