//! The relay: a loop of `read` and `write_all` in each direction, with the buffer of the echo
//! server. monoio's own `copy` and `zero_copy` move 4 KiB at a time.

use std::io;
use std::net::SocketAddr;

use futures_util::future::try_join;
use minato_bench::kit::page_aligned;
use minato_bench::peer::BUFFER;
use monoio::io::{AsyncReadRent, AsyncWriteRent, AsyncWriteRentExt, Splitable};
use monoio::net::TcpStream;

pub(crate) async fn relay(stream: TcpStream, target: SocketAddr) -> io::Result<()> {
    let other = TcpStream::connect(target).await?;
    other.set_nodelay(true)?;
    let (from_client, to_client) = stream.into_split();
    let (from_target, to_target) = other.into_split();
    try_join(copy(from_client, to_target), copy(from_target, to_client)).await?;
    Ok(())
}

async fn copy(mut from: impl AsyncReadRent, mut to: impl AsyncWriteRent) -> io::Result<()> {
    let mut buffer = page_aligned(BUFFER);
    let mut result;
    loop {
        (result, buffer) = from.read(buffer).await;
        if result? == 0 {
            return to.shutdown().await;
        }
        (result, buffer) = to.write_all(buffer).await;
        result?;
        buffer.clear();
    }
}
