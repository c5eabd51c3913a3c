//! A pipe in memory, from whoever writes to whoever reads it.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

/// A pipe in memory with a bound: what is written into it can be read from it.
///
/// This is both ends in one value; [`duplex`](super::duplex()) gives two ends of two pipes. It also
/// reads with [`AsyncBufRead`], since it is a buffer itself.
///
/// * A read from an empty pipe waits; once the pipe was shut down, it is the end of the stream,
///   after
///   the bytes that were still in it.
/// * A write waits while the pipe is full, and takes a part of its bytes when it is nearly full.
///   After shutdown it is a [`BrokenPipe`](io::ErrorKind::BrokenPipe) error.
/// * Bytes can be read as soon as they are written: flushing does nothing.
///
/// One reading and one writing task are remembered, each the last that had to wait.
///
/// # Examples
///
/// ```
/// use minato::io::{SimplexStream, owned};
///
/// # futures::executor::block_on(async {
/// let pipe = SimplexStream::new_unsplit(64);
/// let (pipe, _) = owned::write_all(pipe, "moored").await?;
/// let pipe = owned::shutdown(pipe).await?;
/// let (_, bytes) = owned::read_to_end(pipe, Vec::new()).await?;
/// assert_eq!(bytes, b"moored");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct SimplexStream {
    bytes: VecDeque<u8>,
    max_buf_size: usize,
    /// No byte will be added any more: shut down, or one side is gone.
    closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// Wakers that left a pipe during a call.
///
/// Waking one, and even dropping one, runs code of an executor, which may come back to the same
/// pipe. So whoever holds the pipe in a lock settles them after unlocking.
#[derive(Default)]
pub(super) struct Released {
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// Not to be woken: its place was taken by another.
    replaced: Option<Waker>,
}

impl Released {
    pub(super) fn settle(self) {
        for waker in [self.reader, self.writer].into_iter().flatten() {
            waker.wake();
        }
        drop(self.replaced);
    }
}

/// Remembers the task of `cx`; the waker that it replaces, if any, is released.
fn park(place: &mut Option<Waker>, cx: &Context<'_>, released: &mut Released) {
    if !place.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
        released.replaced = place.replace(cx.waker().clone());
    }
}

impl SimplexStream {
    /// Makes a pipe that holds at most `max_buf_size` bytes. The memory is allocated as it is
    /// needed.
    ///
    /// # Panics
    ///
    /// When `max_buf_size` is 0: nothing could ever be written.
    #[track_caller]
    pub fn new_unsplit(max_buf_size: usize) -> SimplexStream {
        assert!(max_buf_size > 0, "`max_buf_size` must be greater than 0");
        Self { bytes: VecDeque::new(), max_buf_size, closed: false, reader: None, writer: None }
    }

    pub(super) fn poll_take(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
        released: &mut Released,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        if self.bytes.is_empty() && !self.closed {
            park(&mut self.reader, cx, released);
            return Poll::Pending;
        }
        let (front, back) = self.bytes.as_slices();
        let from_front = front.len().min(buf.remaining());
        buf.put_slice(&front[..from_front]);
        let from_back = back.len().min(buf.remaining());
        buf.put_slice(&back[..from_back]);
        self.discard(from_front + from_back, released);
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_put(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
        released: &mut Released,
    ) -> Poll<io::Result<usize>> {
        if self.closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if bufs.iter().all(|buf| buf.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        let room = self.max_buf_size - self.bytes.len();
        if room == 0 {
            park(&mut self.writer, cx, released);
            return Poll::Pending;
        }
        let mut left = room;
        for buf in bufs {
            let count = buf.len().min(left);
            self.bytes.extend(&buf[..count]);
            left -= count;
        }
        released.reader = self.reader.take();
        Poll::Ready(Ok(room - left))
    }

    /// Ends the pipe on both sides: nothing more is written, what is in it can still be read.
    pub(super) fn close(&mut self, released: &mut Released) {
        self.closed = true;
        released.reader = self.reader.take();
        released.writer = self.writer.take();
    }

    fn discard(&mut self, count: usize, released: &mut Released) {
        if count > 0 {
            self.bytes.drain(..count);
            released.writer = self.writer.take();
        }
    }

    /// Calls `call`, then wakes whom it released.
    fn settling<T>(&mut self, call: impl FnOnce(&mut Self, &mut Released) -> T) -> T {
        let mut released = Released::default();
        let result = call(self, &mut released);
        released.settle();
        result
    }
}

impl AsyncRead for SimplexStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.get_mut().settling(|pipe, released| pipe.poll_take(cx, buf, released))
    }
}

impl AsyncBufRead for SimplexStream {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let pipe = self.get_mut();
        if pipe.bytes.is_empty() && !pipe.closed {
            pipe.settling(|pipe, released| park(&mut pipe.reader, cx, released));
            return Poll::Pending;
        }
        Poll::Ready(Ok(pipe.bytes.as_slices().0))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.get_mut().settling(|pipe, released| {
            pipe.discard(amount.min(pipe.bytes.len()), released);
        });
    }
}

impl AsyncWrite for SimplexStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().settling(Self::close);
        Poll::Ready(Ok(()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().settling(|pipe, released| pipe.poll_put(cx, bufs, released))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}
