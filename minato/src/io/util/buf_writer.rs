//! A writer with a buffer before it.

use std::fmt;
use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::seek::Seeking;
use super::write::poll_write_rest;
use super::{DEFAULT_CAPACITY, total_length};
use crate::io::forward::{forward_buf_read, forward_read, wrapped};
use crate::io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};
use crate::net::Direct;

pin_project! {
    /// Gathers small writes and hands them to `W` in large pieces.
    ///
    /// A write at least as large as the buffer goes to `W` directly, after what is buffered. Reads
    /// always do. Dropping the writer loses what is [buffered](Self::buffer): flush or shut down
    /// first.
    ///
    /// ```
    /// use minato::io::{AsyncWriteExt, BufWriter};
    ///
    /// # futures::executor::block_on(async {
    /// let mut writer = BufWriter::new(Vec::new());
    /// writer.write_all(b"hello").await?;
    /// assert_eq!((writer.buffer(), writer.get_ref().len()), (&b"hello"[..], 0));
    /// writer.flush().await?;
    /// assert_eq!(writer.into_inner(), b"hello");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub struct BufWriter<W> {
        #[pin]
        pub(super) inner: W,
        pub(super) buf: Vec<u8>,
        // How much of the front of `buf` was handed on already.
        pub(super) written: usize,
        pub(super) capacity: usize,
        pub(super) seeking: Seeking,
    }
}

impl<W: AsyncWrite> BufWriter<W> {
    /// Makes a writer with a buffer of 8 KiB.
    pub fn new(inner: W) -> Self {
        Self::with_capacity(DEFAULT_CAPACITY, inner)
    }

    /// Makes a writer with a buffer of `capacity` bytes.
    pub fn with_capacity(capacity: usize, inner: W) -> Self {
        let buf = Vec::with_capacity(capacity);
        Self { inner, buf, written: 0, capacity, seeking: Seeking::No }
    }

    /// Hands on all that is buffered. What a failed or pending call has not handed on stays.
    fn poll_empty(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        ready!(poll_write_rest(this.inner, cx, this.buf, this.written))?;
        this.buf.clear();
        *this.written = 0;
        Poll::Ready(Ok(()))
    }

    /// Makes room for `len` bytes, or, when they are too many for any buffer, empties it.
    fn poll_room(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        len: usize,
    ) -> Poll<io::Result<()>> {
        if len > self.capacity - self.buf.len() {
            ready!(self.as_mut().poll_empty(cx))?;
        }
        Poll::Ready(Ok(()))
    }
}

wrapped! {
    BufWriter: inner, "writer behind the buffer",
    "; what is written to it directly overtakes what is buffered",
    ". What is [buffered](Self::buffer) is lost: nothing is flushed. \
     [`into_parts`](Self::into_parts) keeps it"
}

impl<W> BufWriter<W> {
    /// Gives back the writer behind the buffer, and what was written and not yet handed on to it:
    /// nothing is flushed, and nothing is lost.
    ///
    /// ```
    /// use minato::io::{AsyncWriteExt, BufWriter};
    ///
    /// # futures::executor::block_on(async {
    /// let mut writer = BufWriter::new(Vec::new());
    /// writer.write_all(b"hello").await?;
    /// assert_eq!(writer.into_parts(), (Vec::new(), b"hello".to_vec()));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn into_parts(self) -> (W, Vec<u8>) {
        let mut rest = self.buf;
        rest.drain(..self.written);
        (self.inner, rest)
    }

    /// What was written and not yet handed on.
    pub fn buffer(&self) -> &[u8] {
        &self.buf[self.written..]
    }
}

impl<W: AsyncWrite> AsyncWrite for BufWriter<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.as_mut().poll_room(cx, buf.len()))?;
        let this = self.project();
        if buf.len() >= *this.capacity {
            return this.inner.poll_write(cx, buf);
        }
        this.buf.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_empty(cx))?;
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_empty(cx))?;
        self.project().inner.poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let total = total_length(bufs);
        ready!(self.as_mut().poll_room(cx, total))?;
        let this = self.project();
        if total >= *this.capacity && this.inner.is_write_vectored() {
            return this.inner.poll_write_vectored(cx, bufs);
        }
        // A plain writer is better served with one gathered piece, so the slices are copied as far
        // as there is room. Only a first slice that no buffer could hold goes on by itself.
        let mut gathered = 0;
        for buf in bufs.iter().filter(|buf| !buf.is_empty()) {
            if gathered == 0 && buf.len() >= *this.capacity {
                return this.inner.poll_write(cx, buf);
            }
            let count = buf.len().min(*this.capacity - this.buf.len());
            this.buf.extend_from_slice(&buf[..count]);
            gathered += count;
            if count < buf.len() {
                break;
            }
        }
        Poll::Ready(Ok(gathered))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn direct_writer(&self) -> Option<Direct<'_>> {
        if self.buffer().is_empty() { self.inner.direct_writer() } else { None }
    }
}

/// A seek hands on first what is [buffered](BufWriter::buffer).
impl<W: AsyncWrite + AsyncSeek> AsyncSeek for BufWriter<W> {
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        *self.project().seeking = Seeking::Wanted(position);
        Ok(())
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        if let Seeking::Wanted(_) = self.seeking {
            ready!(self.as_mut().poll_empty(cx))?;
        }
        let this = self.project();
        this.seeking.poll(this.inner, cx, &mut 0)
    }
}

impl<W: AsyncRead> AsyncRead for BufWriter<W> {
    forward_read!(self, cx => self.project().inner; self.inner);
}

impl<W: AsyncBufRead> AsyncBufRead for BufWriter<W> {
    forward_buf_read!(self, cx => self.project().inner; self.inner);
}

impl<W: fmt::Debug> fmt::Debug for BufWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufWriter")
            .field("inner", &self.inner)
            .field("buffered", &self.buffer().len())
            .field("capacity", &self.capacity)
            .finish()
    }
}
