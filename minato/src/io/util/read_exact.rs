//! The future that fills a slice.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::io::AsyncRead;

/// The future of [`AsyncReadExt::read_exact`](crate::io::AsyncReadExt::read_exact).
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ReadExact<'a, R: ?Sized> {
    reader: &'a mut R,
    buf: &'a mut [u8],
    filled: usize,
}

impl<'a, R: ?Sized> ReadExact<'a, R> {
    pub(super) fn new(reader: &'a mut R, buf: &'a mut [u8]) -> Self {
        Self { reader, buf, filled: 0 }
    }
}

impl<R: AsyncRead + Unpin + ?Sized> Future for ReadExact<'_, R> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        ready!(poll_fill(Pin::new(&mut *this.reader), cx, this.buf, &mut this.filled))?;
        Poll::Ready(Ok(this.buf.len()))
    }
}

/// Reads until `buf`, of which `filled` bytes are there already, is full.
pub(in crate::io) fn poll_fill<R: AsyncRead + ?Sized>(
    mut reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    buf: &mut [u8],
    filled: &mut usize,
) -> Poll<io::Result<()>> {
    while *filled < buf.len() {
        let count = ready!(reader.as_mut().poll_read_slice(cx, &mut buf[*filled..]))?;
        if count == 0 {
            let message = format!("the stream ended after {filled} of {} bytes", buf.len());
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, message)));
        }
        *filled += count;
    }
    Poll::Ready(Ok(()))
}
