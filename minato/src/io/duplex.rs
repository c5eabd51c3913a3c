//! Two connected ends in memory, like a pair of sockets.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::simplex::{Released, write_into_pipe};
use super::{AsyncRead, AsyncWrite, ReadBuf, SimplexStream};
use crate::sync::{Arc, Mutex};
use crate::task::budget;

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
