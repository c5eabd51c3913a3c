//! monoio as a peer, on its io_uring driver. `default` is the ring as monoio makes it; `defer` adds
//! `SINGLE_ISSUER` and `DEFER_TASKRUN`, which monoio leaves to its users.
//!
//! A server with several workers has a runtime a thread, each with a listener of its own, which is
//! how monoio is meant to be used. Timers are enabled, as they are for all peers, and so is the
//! feature `sync`: without it no other thread can wake a task.
//!
//! Reads and writes own their buffer: a `BytesMut`, so that it can begin on a page boundary.

mod drive;
mod echo;
mod relay;
mod udp;

use std::future::Future;
use std::io;
use std::net::TcpListener as StdListener;

use minato_bench::kit;
use minato_bench::peer::{PeerCommand, Workload};
use monoio::net::{TcpListener, TcpStream};
use monoio::time::TimeDriver;
use monoio::{IoUringDriver, Runtime, RuntimeBuilder};

fn main() -> io::Result<()> {
    let command = PeerCommand::parse_for(&["default", "defer"]);
    kit::forbid_spin(&command);
    match command.workload {
        Workload::Echo => serve(&command, echo::echo),
        Workload::Churn => serve(&command, echo::once),
        Workload::Idle => serve(&command, echo::idle),
        Workload::Blocked => {
            let block = command.block();
            serve(&command, move |stream| echo::blocked(stream, block))
        }
        Workload::Relay => {
            let target = command.target()?;
            serve(&command, move |stream| relay::relay(stream, target))
        }
        Workload::UdpEcho | Workload::UdpSink => udp::serve(&command),
        _ => drive::run(&command),
    }
}

/// The runtime of a variant, for this thread.
pub(crate) fn runtime(command: &PeerCommand) -> io::Result<Runtime<TimeDriver<IoUringDriver>>> {
    let mut ring = io_uring_06::IoUring::builder();
    if command.variant == "defer" {
        ring.setup_single_issuer().setup_defer_taskrun();
    }
    RuntimeBuilder::<IoUringDriver>::new().uring_builder(ring).enable_timer().build()
}

/// Accepts for ever on each worker, and gives each connection to a task that runs `each`.
fn serve<F>(
    command: &PeerCommand,
    each: impl Fn(TcpStream) -> F + Clone + Send + 'static,
) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + 'static,
{
    let listeners = kit::open_tcp(command, command.workers())?;
    let command = command.clone();
    kit::on_threads(listeners, move |listener| {
        runtime(&command)?.block_on(accept(listener, each.clone()))
    })
}

async fn accept<F>(listener: StdListener, each: impl Fn(TcpStream) -> F) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + 'static,
{
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        drop(monoio::spawn(each(stream)));
    }
}
