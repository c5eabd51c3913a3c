//! Minato as a peer. `current` is its runtime on this thread, `multi` the one with `--workers`
//! threads; both as they come, with no option but the number of workers and, if asked for, the
//! window of spinning.
//!
//! On `multi` the listener's task, too, runs on a worker: the thread in `block_on` is none.

mod drive;
mod echo;
mod relay;
mod udp;

use std::future::Future;
use std::io;
use std::time::Duration;

use minato::net::{TcpListener, TcpStream};
use minato::runtime::{Builder, Runtime};
use minato_bench::kit;
use minato_bench::peer::{PeerCommand, Workload};

/// How long a worker spins before it sleeps, where `--spin` asks for it: about the round trip of a
/// request through two sleeping threads.
const SPIN: Duration = Duration::from_micros(50);

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
        let multi = command.variant == "multi";
        let mut builder = if multi {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(runtime_workers(command));
            builder
        } else {
            kit::forbid_workers(command);
            Builder::new_current_thread()
        };
        let spin = if command.spin { SPIN } else { Duration::ZERO };
        Ok(Host { runtime: builder.spin(spin).build()?, multi })
    }

    /// Runs `body` as a task on a worker, or on this thread if it is the only one.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        body: impl Future<Output = T> + Send + 'static,
    ) -> io::Result<T> {
        if self.multi {
            Ok(self.runtime.block_on(async move { minato::spawn(body).await })?)
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
            let listener = TcpListener::from_std(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                minato::spawn(each(stream));
            }
        })?
    }
}

/// In `wake-many-to-one` the workers asked for are threads beside the runtime.
fn runtime_workers(command: &PeerCommand) -> usize {
    if command.workload == Workload::WakeManyToOne { 1 } else { command.workers() }
}
