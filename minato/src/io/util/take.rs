//! A reader that ends after so many bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::io::forward::wrapped;
use crate::io::{AsyncBufRead, AsyncRead, ReadBuf};

pin_project! {
    /// Reads at most a given number of bytes, made by
    /// [`AsyncReadExt::take`](crate::io::AsyncReadExt::take).
    #[derive(Debug)]
    #[must_use = "readers do nothing unless they are read"]
    pub struct Take<R> {
        #[pin]
        inner: R,
        limit: u64,
    }
}

impl<R> Take<R> {
    pub(super) fn new(inner: R, limit: u64) -> Self {
        Self { inner, limit }
    }

    /// How many bytes may still be read; the reader behind may end sooner.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Sets how many bytes may still be read, whatever was read before.
    pub fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
    }
}

wrapped! {
    Take: inner, "reader behind the limit",
    "; what is read from it directly does not count", "; nothing is lost"
}

/// As much of `limit` as memory can hold.
fn in_memory(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

impl<R: AsyncRead> AsyncRead for Take<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.project();
        if *this.limit == 0 {
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let result =
            buf.fill_at_most(in_memory(*this.limit), |part| this.inner.poll_read(cx, part));
        *this.limit -= (buf.filled().len() - before) as u64;
        result
    }
}

impl<R: AsyncBufRead> AsyncBufRead for Take<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.project();
        if *this.limit == 0 {
            return Poll::Ready(Ok(&[]));
        }
        let available = ready!(this.inner.poll_fill_buf(cx))?;
        Poll::Ready(Ok(&available[..available.len().min(in_memory(*this.limit))]))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        let this = self.project();
        let amount = amount.min(in_memory(*this.limit));
        *this.limit -= amount as u64;
        this.inner.consume(amount);
    }
}
