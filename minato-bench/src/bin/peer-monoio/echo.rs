//! The servers that write back what they read, each with the usual loop of `read` and `write_all`.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use minato_bench::kit::{CHURN_BUFFER, IDLE_BUFFER, page_aligned};
use minato_bench::peer::{BLOCKING, BUFFER};
use monoio::io::{AsyncReadRent, AsyncWriteRentExt};
use monoio::net::TcpStream;

pub(crate) async fn echo(stream: TcpStream) -> io::Result<()> {
    echo_with(stream, page_aligned(BUFFER)).await
}

pub(crate) async fn idle(stream: TcpStream) -> io::Result<()> {
    echo_with(stream, BytesMut::with_capacity(IDLE_BUFFER)).await
}

async fn echo_with(mut stream: TcpStream, mut buffer: BytesMut) -> io::Result<()> {
    let mut result;
    loop {
        (result, buffer) = stream.read(buffer).await;
        if result? == 0 {
            return Ok(());
        }
        (result, buffer) = stream.write_all(buffer).await;
        result?;
        buffer.clear();
    }
}

pub(crate) async fn once(mut stream: TcpStream) -> io::Result<()> {
    let buffer = Vec::with_capacity(CHURN_BUFFER);
    let (result, buffer) = stream.read(buffer).await;
    result?;
    stream.write_all(buffer).await.0?;
    Ok(())
}

pub(crate) async fn blocked(mut stream: TcpStream, block: Duration) -> io::Result<()> {
    let mut buffer = page_aligned(BUFFER);
    let mut result;
    loop {
        (result, buffer) = stream.read(buffer).await;
        if result? == 0 {
            return Ok(());
        }
        if buffer[0] == BLOCKING {
            std::thread::sleep(block);
        }
        (result, buffer) = stream.write_all(buffer).await;
        result?;
        buffer.clear();
    }
}
