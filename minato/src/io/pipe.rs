//! Pipes in memory: from a writer to a reader, and two connected ends like a pair of sockets.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use super::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};
use super::{ReadHalf, WriteHalf, split};
use crate::panics::contain;
use crate::sync::{Arc, Mutex};
use crate::task::budget;

/// Makes a pipe that holds at most `max_buf_size` bytes, and gives its two ends.
///
/// The ends are the halves of a [`SimplexStream`]. Dropping the writing end does not end the pipe:
/// shut it down, and the reader sees the end of the stream after what is in the pipe.
///
/// # Panics
///
/// When `max_buf_size` is 0: nothing could ever be written.
///
/// # Examples
///
/// ```
/// use minato::io::{AsyncReadExt, AsyncWriteExt, simplex};
///
/// # futures::executor::block_on(async {
/// let (mut reader, mut writer) = simplex(64);
/// writer.write_all(b"moored").await?;
/// writer.shutdown().await?;
/// let mut text = String::new();
/// reader.read_to_string(&mut text).await?;
/// assert_eq!(text, "moored");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[track_caller]
pub fn simplex(max_buf_size: usize) -> (ReadHalf<SimplexStream>, WriteHalf<SimplexStream>) {
    split(SimplexStream::new_unsplit(max_buf_size))
}

/// A pipe in memory with a bound: what is written into it can be read from it.
///
/// This is both ends in one value. [`simplex()`] gives the ends apart, and
/// [`duplex`](super::duplex()) two pipes in opposite directions. The pipe also reads with
/// [`AsyncBufRead`], since it is a buffer itself.
///
/// * A read from an empty pipe waits. After a shutdown the bytes that are left can be read, then
///   comes the end of the stream.
/// * A write waits while the pipe is full, and takes a part of its bytes when it is nearly full.
///   After shutdown it is a [`BrokenPipe`](io::ErrorKind::BrokenPipe) error.
/// * Bytes can be read as soon as they are written: flushing does nothing.
///
/// The pipe wakes one reading and one writing task: of each kind the last one that had to wait.
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
    /// No byte will be added any more: the pipe was shut down, or one side is gone.
    closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// Wakers that left a pipe during a call.
///
/// To wake one, and even to drop one, runs code of an executor. That code may use the same pipe, so
/// it runs after the pipe is unlocked. It may also panic, which must not keep the others waiting.
#[derive(Default)]
struct Released {
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// Dropped without a wake: another waker took its place.
    replaced: Option<Waker>,
}

impl Released {
    fn wake(self) {
        for waker in [self.reader, self.writer].into_iter().flatten() {
            _ = contain(|| waker.wake());
        }
        if let Some(replaced) = self.replaced {
            _ = contain(|| drop(replaced));
        }
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

    fn poll_take(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
        released: &mut Released,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() > 0 && self.bytes.is_empty() && !self.closed {
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

    fn poll_put(
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

    /// Ends the pipe on both sides: nothing more can be written, what is in it can still be read.
    fn close(&mut self, released: &mut Released) {
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

    /// Calls `call` with the pipe, and wakes the tasks that it released once `pipe` is unlocked.
    fn with<T>(
        mut pipe: impl DerefMut<Target = Self>,
        call: impl FnOnce(&mut Self, &mut Released) -> T,
    ) -> T {
        let mut released = Released::default();
        let result = call(&mut pipe, &mut released);
        drop(pipe);
        released.wake();
        result
    }
}

impl AsyncRead for SimplexStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        budget::poll_counted(cx, |cx| {
            Self::with(self.get_mut(), |pipe, released| pipe.poll_take(cx, buf, released))
        })
    }
}

impl AsyncBufRead for SimplexStream {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let pipe = self.get_mut();
        if pipe.bytes.is_empty() {
            if !pipe.closed {
                Self::with(pipe, |pipe, released| park(&mut pipe.reader, cx, released));
                return Poll::Pending;
            }
            // The end is there for ever. Bytes are shown without asking: a caller that has seen
            // them may count on seeing them again.
            ready!(budget::poll_spend(cx));
        }
        Poll::Ready(Ok(pipe.bytes.as_slices().0))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        Self::with(self.get_mut(), |pipe, released| {
            pipe.discard(amount.min(pipe.bytes.len()), released);
        });
    }
}

/// The methods of a writer into a pipe: `$with` calls `$call` with the pipe, and wakes.
macro_rules! write_into_pipe {
    ($self:ident, $call:ident => $with:expr) => {
        crate::io::forward::write_at_once! {
            $self, _cx,
            buf => $self.poll_write_vectored(_cx, &[IoSlice::new(buf)]),
            bufs => budget::poll_counted(_cx, |cx| {
                let $call = |pipe: &mut SimplexStream, released: &mut Released| {
                    pipe.poll_put(cx, bufs, released)
                };
                $with
            }),
            flush => Poll::Ready(Ok(())),
            poll_shutdown => {
                let $call = SimplexStream::close;
                Poll::Ready(Ok($with))
            }
        }
    };
}

impl AsyncWrite for SimplexStream {
    write_into_pipe!(self, call => Self::with(self.get_mut(), call));
}

/// Makes two connected ends: what is written into one can be read from the other.
///
/// Each direction holds at most `max_buf_size` bytes that were written and not yet read; a write
/// beyond that waits.
///
/// # Panics
///
/// When `max_buf_size` is 0: nothing could ever be written.
///
/// # Examples
///
/// ```
/// use minato::io::owned;
///
/// # futures::executor::block_on(async {
/// let (ship, harbour) = minato::io::duplex(64);
/// let (_ship, _) = owned::write_all(ship, "ahoy").await?;
/// let (_harbour, greeting) = owned::read_exact(harbour, [0; 4]).await?;
/// assert_eq!(&greeting, b"ahoy");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn duplex(max_buf_size: usize) -> (DuplexStream, DuplexStream) {
    let there = Arc::new(Mutex::new(SimplexStream::new_unsplit(max_buf_size)));
    let back = Arc::new(Mutex::new(SimplexStream::new_unsplit(max_buf_size)));
    (
        DuplexStream { incoming: back.clone(), outgoing: there.clone() },
        DuplexStream { incoming: there, outgoing: back },
    )
}

/// One of two connected ends in memory, made by [`duplex`].
///
/// It behaves like a connected socket:
///
/// * Shutting it down ends the peer's reading side only: the peer reads what is left, then sees the
///   end of the stream, and may still write. Own writes are then
///   [`BrokenPipe`](io::ErrorKind::BrokenPipe) errors.
/// * Dropping it ends both directions: the peer reads what is left, then sees the end of the
///   stream; the peer's writes, also one that waits for room, are `BrokenPipe` errors.
/// * Bytes can be read as soon as they are written: flushing does nothing.
///
/// Each end wakes one reading and one writing task: of each kind the last one that had to wait.
#[derive(Debug)]
pub struct DuplexStream {
    incoming: Arc<Mutex<SimplexStream>>,
    outgoing: Arc<Mutex<SimplexStream>>,
}

impl AsyncRead for DuplexStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        budget::poll_counted(cx, |cx| {
            SimplexStream::with(self.incoming.lock(), |pipe, released| {
                pipe.poll_take(cx, buf, released)
            })
        })
    }
}

impl AsyncWrite for DuplexStream {
    write_into_pipe!(self, call => SimplexStream::with(self.outgoing.lock(), call));
}

impl Drop for DuplexStream {
    fn drop(&mut self) {
        SimplexStream::with(self.outgoing.lock(), SimplexStream::close);
        SimplexStream::with(self.incoming.lock(), SimplexStream::close);
    }
}
