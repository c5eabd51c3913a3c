//! compio as a peer, on io_uring. `default` is its runtime as it comes; `defer` adds
//! `SINGLE_ISSUER` and `DEFER_TASKRUN`, which compio leaves to its users. Which of them costs less
//! depends on the load and the machine; `COOP_TASKRUN` cannot be told from the default.
//!
//! Accepting is by `incoming`, one request to the ring for all connections. Datagrams in bulk are
//! several segments a message, by control messages.
//!
//! The servers and workloads are the sources of monoio, with compio under the names that both use
//! ([`rt`]). compio's own are datagrams in bulk, the echo with lent buffers, the relay and the loop
//! that accepts.

mod bulk;
#[path = "../shared/completion/mod.rs"]
mod completion;
#[path = "../shared/drive.rs"]
mod drive;
mod lent;
mod relay;
mod rt;

use std::io;
use std::net::TcpListener as StdListener;
use std::process::ExitCode;

use compio::driver::ProactorBuilder;
use compio::net::{TcpListener, TcpStream};
use compio::runtime::{Runtime, RuntimeBuilder};
use futures_util::StreamExt;
use minato_bench::peer::{BUFFER, PeerCommand, Spent, Workload, lacks};

use self::completion::host;

fn main() -> ExitCode {
    PeerCommand::run(&["default", "defer"], completion::run)
}

/// The runtime of a variant, for this thread.
fn runtime(command: &PeerCommand) -> io::Result<Runtime> {
    let mut ring = ProactorBuilder::new();
    if command.workload == Workload::EchoLent {
        ring.buffer_pool_size(lent::BUFFERS).buffer_pool_buffer_len(BUFFER);
    }
    if command.variant == "defer" {
        ring.single_issuer(true).defer_taskrun(true);
    }
    RuntimeBuilder::new().with_proactor(ring).build()
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

fn serve_lent(command: &PeerCommand) -> io::Result<()> {
    host::serve(command, lent::echo)
}

async fn drive_more(workload: Workload, _: u64) -> io::Result<Spent> {
    match workload {
        Workload::TimerReset => lacks("moving a timer that waits"),
        _ => lacks("several threads in a runtime"),
    }
}
