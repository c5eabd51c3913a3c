//! smol as a peer. `current` runs its executor on this thread, `multi` on `--workers` threads, as
//! `smol::spawn` does, each in `smol::block_on`, which turns the reactor if nobody else does.
//!
//! smol always has a thread for the reactor beside them. On `current` that thread turns it, and
//! this one waits in `future::block_on`, which is how the documentation of `Executor` shows it: an
//! echo of 8 or 50 connections then costs 7% less than in `smol::block_on`, where both threads
//! compete for the reactor. With timers it is the other way round: these run in `smol::block_on`.
//!
//! Sockets are `Async<TcpStream>` and the like: `smol::net` wraps them at a tenth more instructions
//! per echo. Both variants use `Executor`: `LocalExecutor` is the same thing for futures that are
//! not `Send`. On `multi` the main thread only waits, without the reactor, so that it does not
//! compete for it. Datagrams in bulk go through quinn-udp, which works with smol as with tokio.
//!
//! The servers and workloads are the sources of minato and tokio, with smol under their names
//! ([`rt`]). smol's own are the executor and the relay.

#[path = "../shared/readiness/bulk.rs"]
mod bulk;
#[path = "../shared/drive.rs"]
mod drive;
mod host;
#[path = "../shared/readiness/mod.rs"]
mod readiness;
mod relay;
#[path = "../shared/reset.rs"]
mod reset;
mod rt;

use std::io;
use std::process::ExitCode;

use minato_bench::peer::{PeerCommand, Spent, Workload, lacks};

use self::host::Host;
use self::rt::net::UdpSocket;

fn main() -> ExitCode {
    PeerCommand::run(&["current", "multi"], readiness::run)
}

async fn drive_more(workload: Workload, count: u64) -> io::Result<Spent> {
    match workload {
        Workload::TimerReset => Ok(reset::reset(count).await),
        _ => lacks("blocking in an executor"),
    }
}

fn serve_lent(_: &Host, _: &PeerCommand) -> io::Result<()> {
    lacks("lent buffers")
}

async fn when_readable<T>(
    socket: &UdpSocket,
    mut receive: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    socket.read_with(|_| receive()).await
}

async fn when_writable<T>(
    socket: &UdpSocket,
    mut send: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    socket.write_with(|_| send()).await
}
