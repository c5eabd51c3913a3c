//! The future that reads a line.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::delimited::poll_through;
use super::text::Decoder;
use crate::io::AsyncBufRead;

/// The future of [`AsyncBufReadExt::read_line`](crate::io::AsyncBufReadExt::read_line).
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ReadLine<'a, R: ?Sized> {
    reader: &'a mut R,
    text: &'a mut String,
    decoder: Decoder,
    count: usize,
}

impl<'a, R: ?Sized> ReadLine<'a, R> {
    pub(super) fn new(reader: &'a mut R, text: &'a mut String) -> Self {
        let decoder = Decoder::new(text);
        Self { reader, text, decoder, count: 0 }
    }
}

impl<R: AsyncBufRead + Unpin + ?Sized> Future for ReadLine<'_, R> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { reader, text, decoder, count } = self.get_mut();
        ready!(poll_through(Pin::new(&mut **reader), cx, b'\n', |bytes| {
            decoder.push(text, bytes);
            *count += bytes.len();
        }))?;
        decoder.finish(text)?;
        Poll::Ready(Ok(*count))
    }
}
