//! monoio as a peer, on its io_uring driver. `default` is the ring as monoio makes it; `defer` adds
//! `SINGLE_ISSUER` and `DEFER_TASKRUN`, which monoio leaves to its users. Which of them costs less
//! depends on the load and the machine; `COOP_TASKRUN` cannot be told from the default.
//!
//! Timers are enabled, as they are for all peers, and so is the feature `sync`: without it no other
//! thread can wake a task.
//!
//! The servers and workloads are the sources of compio, with monoio under the names that both use
//! ([`rt`]). monoio's own are the relay and the loop that accepts.

mod bulk;
#[path = "../shared/completion/mod.rs"]
mod completion;
#[path = "../shared/drive.rs"]
mod drive;
mod relay;
#[path = "../shared/reset.rs"]
mod reset;
mod rt;

use std::io;
use std::net::TcpListener as StdListener;
use std::process::ExitCode;

use minato_bench::peer::{PeerCommand, Spent, Workload, lacks};
use monoio::net::{TcpListener, TcpStream};
use monoio::time::TimeDriver;
use monoio::{IoUringDriver, RuntimeBuilder};

use self::completion::host;

type Runtime = monoio::Runtime<TimeDriver<IoUringDriver>>;

fn main() -> ExitCode {
    PeerCommand::run(&["default", "defer"], completion::run)
}

/// The runtime of a variant, for this thread.
fn runtime(command: &PeerCommand) -> io::Result<Runtime> {
    let mut ring = io_uring_06::IoUring::builder();
    if command.variant == "defer" {
        ring.setup_single_issuer().setup_defer_taskrun();
    }
    RuntimeBuilder::<IoUringDriver>::new().uring_builder(ring).enable_timer().build()
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

fn serve_lent(_: &PeerCommand) -> io::Result<()> {
    lacks("lent buffers")
}

async fn drive_more(workload: Workload, count: u64) -> io::Result<Spent> {
    match workload {
        Workload::TimerReset => Ok(reset::reset(count).await),
        _ => lacks("several threads in a runtime"),
    }
}
