//! The servers that write back what they read, each with the usual loop of `read` and `write_all`.

use std::io;
use std::time::Duration;

use minato_bench::kit::{CHURN_BUFFER, IDLE_BUFFER};
use minato_bench::peer::{BLOCKING, PageBuffer};

use crate::rt::io::{AsyncReadExt, AsyncWriteExt};
use crate::rt::net::TcpStream;

pub(crate) async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = PageBuffer::new();
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            len => stream.write_all(&buffer[..len]).await?,
        }
    }
}

pub(crate) async fn idle(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; IDLE_BUFFER];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            len => stream.write_all(&buffer[..len]).await?,
        }
    }
}

pub(crate) async fn once(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; CHURN_BUFFER];
    let len = stream.read(&mut buffer).await?;
    stream.write_all(&buffer[..len]).await
}

pub(crate) async fn blocked(mut stream: TcpStream, block: Duration) -> io::Result<()> {
    let mut buffer = PageBuffer::new();
    loop {
        let len = stream.read(&mut buffer).await?;
        if len == 0 {
            return Ok(());
        }
        if buffer[0] == BLOCKING {
            std::thread::sleep(block);
        }
        stream.write_all(&buffer[..len]).await?;
    }
}
