//! The server on smol, by the names that the others have.

use std::io;

use futures_util::{Stream, stream};
use rt::net::{TcpListener, TcpStream};

#[path = "server.rs"]
mod server;

/// What the server uses of the others, as smol has it.
mod rt {
    pub(super) use ::smol::net;

    pub(super) mod io {
        pub(in super::super) use ::smol::io::{AsyncReadExt, AsyncWriteExt};
    }

    pub(super) mod time {
        pub(in super::super) async fn sleep(duration: std::time::Duration) {
            ::smol::Timer::after(duration).await;
        }
    }

    /// A task that is not awaited goes on.
    pub(super) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        ::smol::spawn(task).detach();
    }
}

/// The number of threads is in the environment; see `server.rs`.
pub(crate) fn run() -> io::Result<()> {
    ::smol::block_on(::smol::spawn(server::serve()))
}

async fn finish(stream: &mut TcpStream) -> io::Result<()> {
    rt::io::AsyncWriteExt::close(stream).await
}

/// The usual loop.
fn incoming(listener: TcpListener) -> impl Stream<Item = io::Result<TcpStream>> {
    stream::unfold(listener, async |listener| {
        Some((listener.accept().await.map(|(stream, _)| stream), listener))
    })
}
