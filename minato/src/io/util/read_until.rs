//! The future that reads up to a delimiter.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::delimited::poll_through;
use crate::io::AsyncBufRead;

/// The future of [`AsyncBufReadExt::read_until`](crate::io::AsyncBufReadExt::read_until).
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ReadUntil<'a, R: ?Sized> {
    reader: &'a mut R,
    delimiter: u8,
    buf: &'a mut Vec<u8>,
    count: usize,
}

impl<'a, R: ?Sized> ReadUntil<'a, R> {
    pub(super) fn new(reader: &'a mut R, delimiter: u8, buf: &'a mut Vec<u8>) -> Self {
        Self { reader, delimiter, buf, count: 0 }
    }
}

impl<R: AsyncBufRead + Unpin + ?Sized> Future for ReadUntil<'_, R> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { reader, delimiter, buf, count } = self.get_mut();
        ready!(poll_through(Pin::new(&mut **reader), cx, *delimiter, |bytes| {
            buf.extend_from_slice(bytes);
            *count += bytes.len();
        }))?;
        Poll::Ready(Ok(*count))
    }
}
