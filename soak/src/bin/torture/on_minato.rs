//! The server on Minato.

use std::io;

use ::minato as rt;
use futures_util::Stream;
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

/// Its stream of connections waits while the process is short of descriptors.
fn incoming(listener: TcpListener) -> impl Stream<Item = io::Result<TcpStream>> {
    listener.incoming()
}
