//! An echo by the poll API: a future written by hand.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use minato::io::{AsyncRead, AsyncWrite, ReadBuf};
use minato::net::TcpStream;

/// Sends back what one connection receives; done when the client has ended its side.
#[derive(Debug)]
pub(super) struct PollEcho {
    stream: TcpStream,
    buffer: Box<[u8]>,
    state: State,
}

#[derive(Debug)]
enum State {
    Reading,
    Writing { written: usize, filled: usize },
    Closing,
}

impl PollEcho {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: vec![0; 16 * 1024].into(), state: State::Reading }
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(&mut self.buffer);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf))?;
        Poll::Ready(Ok(buf.filled().len()))
    }
}

impl Future for PollEcho {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // Each `ready!` returns when the socket is not ready. The socket has stored the waker, and
        // the state says where to go on.
        loop {
            this.state = match this.state {
                State::Reading => match ready!(this.poll_fill(cx))? {
                    0 => State::Closing,
                    filled => State::Writing { written: 0, filled },
                },
                State::Writing { written, filled } if written == filled => State::Reading,
                State::Writing { written, filled } => {
                    let rest = &this.buffer[written..filled];
                    match ready!(Pin::new(&mut this.stream).poll_write(cx, rest))? {
                        0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                        more => State::Writing { written: written + more, filled },
                    }
                }
                State::Closing => return Pin::new(&mut this.stream).poll_shutdown(cx),
            };
        }
    }
}
