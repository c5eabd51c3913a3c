//! tokio as a peer. `current` is its current-thread runtime, `multi` the multi-thread one with
//! `--workers` threads; both with everything enabled and no other option, which is how tokio is
//! used. `parking_lot` is on, as in its feature `full`; on Linux it makes no difference that can be
//! told from noise. Its socket types clear readiness on short reads by themselves.
//!
//! On `multi` the listener's task, too, runs on a worker: the thread in `block_on` is none.
//! Datagrams in bulk go through quinn-udp, since tokio has no such calls.

mod drive;
mod echo;
mod relay;
mod udp;

use std::future::Future;
use std::io;

use minato_bench::kit;
use minato_bench::peer::{PeerCommand, Workload};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

fn main() -> io::Result<()> {
    let command = PeerCommand::parse_for(&["current", "multi"]);
    let host = Host::new(&command)?;
    match command.workload {
        Workload::Echo => host.serve(&command, echo::echo),
        Workload::Churn => host.serve(&command, echo::once),
        Workload::Idle => host.serve(&command, echo::idle),
        Workload::Blocked => {
            let block = command.block();
            host.serve(&command, move |stream| echo::blocked(stream, block))
        }
        Workload::Relay => {
            let target = command.target()?;
            host.serve(&command, move |stream| relay::relay(stream, target))
        }
        Workload::UdpEcho | Workload::UdpSink => udp::serve(&host, &command),
        _ => drive::run(&host, &command),
    }
}

/// The runtime of a variant.
pub(crate) struct Host {
    runtime: Runtime,
    multi: bool,
}

impl Host {
    fn new(command: &PeerCommand) -> io::Result<Host> {
        kit::forbid_spin(command);
        let multi = command.variant == "multi";
        let mut builder = if multi {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(runtime_workers(command));
            builder
        } else {
            kit::forbid_workers(command);
            Builder::new_current_thread()
        };
        Ok(Host { runtime: builder.enable_all().build()?, multi })
    }

    /// Runs `body` as a task on a worker, or on this thread if it is the only one.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        body: impl Future<Output = T> + Send + 'static,
    ) -> io::Result<T> {
        if self.multi {
            Ok(self.runtime.block_on(async move { tokio::spawn(body).await })?)
        } else {
            Ok(self.runtime.block_on(body))
        }
    }

    /// Accepts for ever, and gives each connection to a task that runs `each`.
    fn serve<F>(
        &self,
        command: &PeerCommand,
        each: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> io::Result<()>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = kit::one(kit::open_tcp(command, 1)?)?;
        self.run(async move {
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                drop(tokio::spawn(each(stream)));
            }
        })?
    }
}

/// In `wake-many-to-one` the workers asked for are threads beside the runtime.
fn runtime_workers(command: &PeerCommand) -> usize {
    if command.workload == Workload::WakeManyToOne { 1 } else { command.workers() }
}
