//! A runtime for a thread, and what is done in it.

use std::io;

use minato_bench::kit;
use minato_bench::peer::PeerCommand;

use crate::rt::net::TcpStream;

pub(crate) struct Host {
    runtime: crate::Runtime,
}

impl Host {
    pub(crate) fn new(command: &PeerCommand) -> io::Result<Host> {
        Ok(Host { runtime: crate::runtime(command)? })
    }

    /// Runs `body` to its end.
    pub(crate) fn run<T>(&mut self, body: impl Future<Output = T>) -> T {
        self.runtime.block_on(body)
    }
}

/// Accepts for ever on each worker, and gives each connection to a task that runs `each`.
pub(crate) fn serve<F>(
    command: &PeerCommand,
    each: impl Fn(TcpStream) -> F + Clone + Send + 'static,
) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + 'static,
{
    let listeners = kit::open_tcp(command, command.workers())?;
    let command = command.clone();
    kit::on_threads(listeners, move |listener| {
        Host::new(&command)?.run(crate::accept(listener, each.clone()))
    })
}

/// There is one worker, and one task at a time.
pub(crate) async fn together<F>(tasks: usize, body: impl Fn() -> F) -> io::Result<()>
where
    F: Future<Output = io::Result<()>>,
{
    for _ in 0..tasks {
        body().await?;
    }
    Ok(())
}
