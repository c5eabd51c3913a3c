//! The runtime of a variant, and what is done in it.
//!
//! On `multi` everything runs on workers: the thread in `block_on` is none.

use std::io;

use minato_bench::kit::{self, Blocker};
use minato_bench::peer::PeerCommand;

use crate::rt::net::{TcpListener, TcpStream, UdpSocket};
use crate::rt::runtime::{Builder, Runtime};

pub(crate) struct Host {
    runtime: Runtime,
    multi: bool,
}

impl Host {
    pub(crate) fn new(command: &PeerCommand) -> io::Result<Host> {
        let multi = command.variant == "multi";
        let mut builder = if multi {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(command.runtime_workers());
            builder
        } else {
            kit::forbid_workers(command);
            Builder::new_current_thread()
        };
        crate::configure(&mut builder, command);
        Ok(Host { runtime: builder.enable_all().build()?, multi })
    }

    /// Runs `body` as a task on a worker, or on this thread if it is the only one.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        body: impl Future<Output = T> + Send + 'static,
    ) -> io::Result<T> {
        if self.multi {
            Ok(self.runtime.block_on(async move { crate::rt::spawn(body).await })?)
        } else {
            Ok(self.runtime.block_on(body))
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
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                drop(crate::rt::spawn(each(stream)));
            }
        })?
    }

    /// Blocks a worker by a task, until what is returned is dropped.
    pub(crate) fn block_a_worker(&self) -> io::Result<Blocker> {
        Blocker::start(|blocking| drop(self.runtime.spawn(blocking)))
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
    let tasks: Vec<_> = bodies.into_iter().map(crate::rt::spawn).collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

/// The runtime's own socket.
pub(crate) fn datagrams(socket: std::net::UdpSocket) -> io::Result<UdpSocket> {
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}
