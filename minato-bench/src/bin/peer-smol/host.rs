//! The executor, and what is done in it.

use std::future::pending;
use std::io;
use std::net;

use minato_bench::kit::{self, Blocker};
use minato_bench::peer::{PeerCommand, Workload};
use smol::{Async, Executor};

use crate::rt::net::{TcpListener, TcpStream, UdpSocket};

pub(crate) static EXECUTOR: Executor<'static> = Executor::new();

/// The executor's threads.
pub(crate) struct Host {
    multi: bool,
    timers: bool,
}

impl Host {
    pub(crate) fn new(command: &PeerCommand) -> io::Result<Host> {
        kit::forbid_spin(command);
        let multi = command.variant == "multi";
        if !multi {
            kit::forbid_workers(command);
        }
        let threads = if multi { command.runtime_workers() } else { 0 };
        for _ in 0..threads {
            let work = || smol::block_on(EXECUTOR.run(pending::<()>()));
            std::thread::Builder::new().spawn(work)?;
        }
        let timers = matches!(
            command.workload,
            Workload::TimerInsertCancel | Workload::TimerExpire | Workload::TimerReset
        );
        Ok(Host { multi, timers })
    }

    /// Runs `body` as a task on a worker, or on this thread if it is the only one.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        body: impl Future<Output = T> + Send + 'static,
    ) -> io::Result<T> {
        if self.multi {
            Ok(smol::future::block_on(EXECUTOR.spawn(body)))
        } else if self.timers {
            Ok(smol::block_on(EXECUTOR.run(body)))
        } else {
            Ok(smol::future::block_on(EXECUTOR.run(body)))
        }
    }

    /// Runs each of `bodies` as a task, until the first fails.
    pub(crate) fn run_all<F>(&self, bodies: impl Iterator<Item = F>) -> io::Result<()>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let bodies: Vec<F> = bodies.collect();
        self.run(all(bodies))?
    }

    /// Accepts for ever, and gives each connection to a task that runs `each`.
    pub(crate) fn serve<F>(
        &self,
        command: &PeerCommand,
        each: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> io::Result<()>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = kit::one(kit::open_tcp(command, 1)?)?;
        self.run(async move {
            let listener = TcpListener::new(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                EXECUTOR.spawn(each(stream)).detach();
            }
        })?
    }

    /// Blocks a worker by a task, until what is returned is dropped.
    pub(crate) fn block_a_worker(&self) -> io::Result<Blocker> {
        Blocker::start(|blocking| EXECUTOR.spawn(blocking).detach())
    }
}

/// Runs `tasks` tasks at once.
pub(crate) async fn together<F>(tasks: usize, body: impl Fn() -> F) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    all((0..tasks).map(|_| body()).collect()).await
}

async fn all<F>(bodies: Vec<F>) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let tasks: Vec<_> = bodies.into_iter().map(|body| EXECUTOR.spawn(body)).collect();
    for task in tasks {
        task.await?;
    }
    Ok(())
}

/// The socket as smol waits for it.
pub(crate) fn datagrams(socket: net::UdpSocket) -> io::Result<UdpSocket> {
    Async::new(socket)
}
