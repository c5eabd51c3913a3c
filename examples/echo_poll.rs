//! A TCP echo by the poll API: a `ReadExact` future written by hand.
//!
//! This is how to write a combinator of your own. A future is a state machine; `poll` drives it as
//! far as it goes without waiting. When `poll_read` returns `Pending` it has stored the waker, so
//! `ready!` may return.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use minato::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use minato::net::{TcpListener, TcpStream};

/// Reads until `buf` is full, then gives the stream and the buffer back.
struct ReadExact {
    /// What is being read, and how much of it is there. `None` once it has been given back.
    reading: Option<(TcpStream, Vec<u8>)>,
    position: usize,
}

impl Future for ReadExact {
    type Output = io::Result<(TcpStream, Vec<u8>)>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Nothing in here is pinned, so the fields may be used freely.
        let this = self.get_mut();
        let Some((stream, buf)) = &mut this.reading else {
            panic!("ReadExact polled after completion");
        };
        while this.position < buf.len() {
            let mut rest = ReadBuf::new(&mut buf[this.position..]);
            // The position is stored in the future: the next poll goes on from there.
            ready!(Pin::new(&mut *stream).poll_read(cx, &mut rest))?;
            match rest.filled().len() {
                0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                len => this.position += len,
            }
        }
        Poll::Ready(this.reading.take().ok_or_else(|| io::ErrorKind::Other.into()))
    }
}

fn read_exact(stream: TcpStream, buf: Vec<u8>) -> ReadExact {
    ReadExact { reading: Some((stream, buf)), position: 0 }
}

fn main() -> io::Result<()> {
    minato::run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut client = TcpStream::connect(listener.local_addr()?).await?;
        let (socket, _) = listener.accept().await?;
        let echo = minato::spawn(async move {
            let (mut socket, buf) = read_exact(socket, vec![0; 12]).await?;
            socket.write_all(&buf).await
        });

        // Two pieces: the future is polled, waits, and goes on in the middle.
        client.write_all(b"hello ").await?;
        minato::task::yield_now().await;
        client.write_all(b"there!").await?;
        let (_client, answer) = read_exact(client, vec![0; 12]).await?;
        println!("echoed: {}", String::from_utf8_lossy(&answer));
        echo.await?
    })
}
