//! A reader with a buffer.

use std::fmt;
use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::DEFAULT_CAPACITY;
use super::seek::Seeking;
use crate::io::forward::{forward_write, wrapped};
use crate::io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
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
        pub(super) seeking: Seeking,
    }
}

impl<R: AsyncRead> BufReader<R> {
    /// Makes a reader with a buffer of 8 KiB.
    pub fn new(inner: R) -> Self {
        Self::with_capacity(DEFAULT_CAPACITY, inner)
    }

    /// Makes a reader with a buffer of `capacity` bytes.
    ///
    /// # Panics
    ///
    /// When `capacity` is 0: an empty buffer would look like the end of the stream.
    #[track_caller]
    pub fn with_capacity(capacity: usize, inner: R) -> Self {
        assert!(capacity > 0, "a reader's capacity must be greater than zero");
        let buf = vec![0; capacity].into_boxed_slice();
        Self { inner, buf, consumed: 0, filled: 0, seeking: Seeking::No }
    }
}

wrapped! {
    BufReader: inner, "reader behind the buffer",
    "; what is read from it directly comes before what is buffered",
    ". What is [buffered](Self::buffer) is lost: it was read already and does not come again"
}

impl<R> BufReader<R> {
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

/// Places are those of the bytes that are given out, whatever is buffered.
///
/// A seek discards what is [buffered](BufReader::buffer), also when it stays within that: the
/// reader behind the buffer is then at the same place. A seek that fails leaves the buffer as it
/// is. One by nearly `i64::MIN` takes two seeks of the reader behind: if the second fails, the
/// buffer is empty.
impl<R: AsyncRead + AsyncSeek> AsyncSeek for BufReader<R> {
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        *self.project().seeking = Seeking::Wanted(position);
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let this = self.project();
        let mut ahead = *this.filled - *this.consumed;
        let polled = this.seeking.poll(this.inner, cx, &mut ahead);
        if ahead == 0 {
            (*this.consumed, *this.filled) = (0, 0);
        }
        polled
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
