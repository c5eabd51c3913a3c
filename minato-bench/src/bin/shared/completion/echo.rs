//! The servers that write back what they read, each with the usual loop of `read` and `write_all`.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use minato_bench::kit::{CHURN_BUFFER, IDLE_BUFFER, page_aligned};
use minato_bench::peer::{BLOCKING, BUFFER};

use crate::rt::io::{AsyncRead, AsyncWriteExt, parts};
use crate::rt::net::TcpStream;

pub(crate) async fn echo(stream: TcpStream) -> io::Result<()> {
    echo_with(stream, page_aligned(BUFFER)).await
}

pub(crate) async fn idle(stream: TcpStream) -> io::Result<()> {
    echo_with(stream, BytesMut::with_capacity(IDLE_BUFFER)).await
}

async fn echo_with(mut stream: TcpStream, mut buffer: BytesMut) -> io::Result<()> {
    loop {
        let (received, filled) = parts(stream.read(buffer).await);
        if received? == 0 {
            return Ok(());
        }
        let (written, back) = parts(stream.write_all(filled).await);
        written?;
        buffer = back;
        buffer.clear();
    }
}

pub(crate) async fn once(mut stream: TcpStream) -> io::Result<()> {
    let (received, buffer) = parts(stream.read(Vec::with_capacity(CHURN_BUFFER)).await);
    received?;
    let (written, _) = parts(stream.write_all(buffer).await);
    written.map(drop)
}

pub(crate) async fn blocked(mut stream: TcpStream, block: Duration) -> io::Result<()> {
    let mut buffer = page_aligned(BUFFER);
    loop {
        let (received, filled) = parts(stream.read(buffer).await);
        if received? == 0 {
            return Ok(());
        }
        if filled[0] == BLOCKING {
            std::thread::sleep(block);
        }
        let (written, back) = parts(stream.write_all(filled).await);
        written?;
        buffer = back;
        buffer.clear();
    }
}
