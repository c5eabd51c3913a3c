//! tokio as a peer. `current` is its current-thread runtime, `multi` the multi-thread one with
//! `--workers` threads; both with everything enabled and no other option, which is how tokio is
//! used. `parking_lot` is on, as in its feature `full`; on Linux it makes no difference that can be
//! told from noise. Its socket types clear readiness on short reads by themselves.
//!
//! All sources but this file, `bulk` and [`lent`] are minato's too. Datagrams in bulk go through
//! quinn-udp, since tokio has no such calls.

use tokio as rt;

#[path = "../shared/readiness/bulk.rs"]
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

use minato_bench::kit;
use minato_bench::peer::{PeerCommand, Spent, Workload, lacks};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::runtime::Builder;

use self::lent::serve as serve_lent;
use self::twins::{blocking, host, relay};

fn main() -> ExitCode {
    PeerCommand::run(&["current", "multi"], readiness::run)
}

fn configure(_: &mut Builder, command: &PeerCommand) {
    kit::forbid_spin(command);
}

async fn drive_more(workload: Workload, count: u64) -> io::Result<Spent> {
    match workload {
        Workload::TimerReset => Ok(reset::reset(count).await),
        _ => blocking::operate(workload, count).await,
    }
}

fn block_on_worker(_: impl Future<Output = ()>) {
    lacks("block_on in a task without block_in_place")
}

async fn when_readable<T>(
    socket: &UdpSocket,
    receive: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    socket.async_io(Interest::READABLE, receive).await
}

async fn when_writable<T>(
    socket: &UdpSocket,
    send: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    socket.async_io(Interest::WRITABLE, send).await
}
