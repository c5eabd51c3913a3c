//! The server on tokio.

use std::io;

use ::tokio as rt;
use futures_util::{Stream, stream};
use rt::net::{TcpListener, TcpStream};

#[path = "server.rs"]
mod server;

pub(crate) fn run() -> io::Result<()> {
    let runtime =
        rt::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async { rt::spawn(server::serve()).await })?
}

async fn finish(stream: &mut TcpStream) -> io::Result<()> {
    rt::io::AsyncWriteExt::shutdown(stream).await
}

/// The usual loop.
fn incoming(listener: TcpListener) -> impl Stream<Item = io::Result<TcpStream>> {
    stream::unfold(listener, async |listener| {
        Some((listener.accept().await.map(|(stream, _)| stream), listener))
    })
}
