//! smol as a peer. `current` runs its executor on this thread, `multi` on `--workers` threads, as
//! `smol::spawn` does; in both, threads wait in `smol::block_on`, which turns the reactor.
//!
//! Sockets are `Async<TcpStream>` and the like: `smol::net` wraps them at a tenth more instructions
//! per echo. Both variants use `Executor`: `LocalExecutor` is the same thing for futures that are
//! not `Send`. On `multi` the main thread only waits, without the reactor, so that it does not
//! compete for it. Datagrams in bulk go through quinn-udp, which works with smol as with tokio.

mod drive;
mod echo;
mod relay;
mod udp;

use std::future::{Future, pending};
use std::io;
use std::net::{TcpListener, TcpStream};

use minato_bench::kit;
use minato_bench::peer::{PeerCommand, Workload};
use smol::{Async, Executor};

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

/// The executor of a variant. It lives as long as the process, so that tasks can name it.
pub(crate) struct Host {
    executor: &'static Executor<'static>,
    multi: bool,
}

impl Host {
    fn new(command: &PeerCommand) -> io::Result<Host> {
        kit::forbid_spin(command);
        let executor: &'static Executor<'static> = Box::leak(Box::new(Executor::new()));
        let multi = command.variant == "multi";
        if !multi {
            kit::forbid_workers(command);
        }
        let threads = if multi { runtime_workers(command) } else { 0 };
        for _ in 0..threads {
            let work = || smol::block_on(executor.run(pending::<()>()));
            std::thread::Builder::new().spawn(work)?;
        }
        Ok(Host { executor, multi })
    }

    /// Runs `body` as a task on a worker, or on this thread if it is the only one.
    pub(crate) fn run<F>(&self, body: impl FnOnce(&'static Executor<'static>) -> F) -> F::Output
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let body = body(self.executor);
        if self.multi {
            smol::future::block_on(self.executor.spawn(body))
        } else {
            smol::block_on(self.executor.run(body))
        }
    }

    /// Accepts for ever, and gives each connection to a task that runs `each`.
    fn serve<F>(
        &self,
        command: &PeerCommand,
        each: impl Fn(Async<TcpStream>) -> F + Send + 'static,
    ) -> io::Result<()>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = kit::one(kit::open_tcp(command, 1)?)?;
        self.run(|executor| async move {
            let listener = Async::<TcpListener>::new(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                executor.spawn(each(stream)).detach();
            }
        })
    }
}

/// In `wake-many-to-one` the workers asked for are threads beside the runtime.
fn runtime_workers(command: &PeerCommand) -> usize {
    if command.workload == Workload::WakeManyToOne { 1 } else { command.workers() }
}
