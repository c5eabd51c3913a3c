//! A reader with a buffer.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::DEFAULT_CAPACITY;
use crate::io::forward::forward_write;
use crate::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};
use crate::net::Direct;

pin_project! {
    /// Reads from `R` in large pieces and gives them out in small ones.
    ///
    /// A read at least as large as the buffer, while that is empty, goes to `R` directly. Writes
    /// always do.
    ///
    /// ```
    /// use minato::io::{AsyncBufReadExt, BufReader};
    ///
    /// # futures::executor::block_on(async {
    /// let mut reader = BufReader::new(&b"one\ntwo\n"[..]);
    /// let mut line = String::new();
    /// reader.read_line(&mut line).await?;
    /// assert_eq!((&line[..], reader.buffer()), ("one\n", &b"two\n"[..]));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub struct BufReader<R> {
        #[pin]
        pub(super) inner: R,
        pub(super) buf: Box<[u8]>,
        pub(super) consumed: usize,
        pub(super) filled: usize,
    }
}

impl<R: AsyncRead> BufReader<R> {
    /// Makes a reader with a buffer of 8 KiB.
    pub fn new(inner: R) -> Self {
        Self::with_capacity(DEFAULT_CAPACITY, inner)
    }

    /// Makes a reader with a buffer of `capacity` bytes; 0 counts as 1, since an empty buffer would
    /// look like the end of the stream.
    pub fn with_capacity(capacity: usize, inner: R) -> Self {
        let buf = vec![0; capacity.max(1)].into_boxed_slice();
        Self { inner, buf, consumed: 0, filled: 0 }
    }
}

impl<R> BufReader<R> {
    /// The reader behind the buffer.
    pub fn get_ref(&self) -> &R {
        &self.inner
    }

    /// The reader behind the buffer; what is read from it directly comes before what is buffered.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.inner
    }

    /// The pinned reader behind the buffer.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut R> {
        self.project().inner
    }

    /// Gives back the reader behind the buffer.
    ///
    /// What is [buffered](Self::buffer) is lost: it was read already and does not come again.
    pub fn into_inner(self) -> R {
        self.inner
    }

    /// What was read and not yet given out.
    pub fn buffer(&self) -> &[u8] {
        &self.buf[self.consumed..self.filled]
    }
}

impl<R: AsyncRead> AsyncRead for BufReader<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.buffer().is_empty() && buf.remaining() >= self.buf.len() {
            return self.project().inner.poll_read(cx, buf);
        }
        let available = ready!(self.as_mut().poll_fill_buf(cx))?;
        let count = available.len().min(buf.remaining());
        buf.put_slice(&available[..count]);
        self.consume(count);
        Poll::Ready(Ok(()))
    }

    fn direct_reader(&self) -> Option<Direct<'_>> {
        if self.buffer().is_empty() { self.inner.direct_reader() } else { None }
    }
}

impl<R: AsyncRead> AsyncBufRead for BufReader<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.project();
        if this.consumed == this.filled {
            let count = ready!(this.inner.poll_read_slice(cx, this.buf))?;
            (*this.consumed, *this.filled) = (0, count);
        }
        Poll::Ready(Ok(&this.buf[*this.consumed..*this.filled]))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        let this = self.project();
        *this.consumed = this.consumed.saturating_add(amount).min(*this.filled);
    }
}

impl<R: AsyncWrite> AsyncWrite for BufReader<R> {
    forward_write!(self, cx => self.project().inner; self.inner);
}

impl<R: fmt::Debug> fmt::Debug for BufReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufReader")
            .field("inner", &self.inner)
            .field("buffered", &self.buffer().len())
            .field("capacity", &self.buf.len())
            .finish()
    }
}
