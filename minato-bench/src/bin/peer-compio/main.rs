//! compio as a peer, on io_uring. `default` is its runtime as it comes; `defer` adds
//! `SINGLE_ISSUER` and `DEFER_TASKRUN`, which compio leaves to its users.
//!
//! A server with several workers has a runtime a thread, each with a listener of its own, which is
//! how compio is meant to be used. Accepting is by `incoming`, one request to the ring for all
//! connections. Reads and writes own their buffer: a `BytesMut`, so that it can begin on a page
//! boundary. Datagrams in bulk are several segments a message, by control messages.

mod bulk;
mod drive;
mod echo;
mod relay;
mod udp;

use std::future::Future;
use std::io;
use std::net::TcpListener as StdListener;

use compio::driver::ProactorBuilder;
use compio::net::{TcpListener, TcpStream};
use compio::runtime::{Runtime, RuntimeBuilder};
use futures_util::StreamExt;
use minato_bench::kit;
use minato_bench::peer::{PeerCommand, Workload};

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
pub(crate) fn runtime(command: &PeerCommand) -> io::Result<Runtime> {
    let mut ring = ProactorBuilder::new();
    if command.variant == "defer" {
        ring.single_issuer(true).defer_taskrun(true);
    }
    RuntimeBuilder::new().with_proactor(ring).build()
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
    let mut incoming = listener.incoming();
    while let Some(stream) = incoming.next().await {
        compio::runtime::spawn(each(stream?)).detach();
    }
    Ok(())
}
