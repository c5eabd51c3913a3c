//! Streams for tests and for bytes that nobody reads: nothing, anything, and one byte for ever.

use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::total_length;
use crate::io::forward::write_at_once;
use crate::io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use crate::task::budget;

/// Reads as ended, and takes and forgets what is written; made by [`empty`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Empty;

/// Returns a stream that reads as ended, and takes and forgets what is written.
///
/// ```
/// use minato::io::{AsyncReadExt, empty};
///
/// # futures::executor::block_on(async {
/// let mut all = Vec::new();
/// assert_eq!(empty().read_to_end(&mut all).await?, 0);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub const fn empty() -> Empty {
    Empty
}

impl AsyncRead for Empty {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        budget::poll_spend(cx).map(Ok)
    }
}

impl AsyncBufRead for Empty {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        budget::poll_spend(cx).map(|()| Ok(&[][..]))
    }

    fn consume(self: Pin<&mut Self>, _: usize) {}
}

/// Every place in it is 0.
impl AsyncSeek for Empty {
    fn start_seek(self: Pin<&mut Self>, _: SeekFrom) -> io::Result<()> {
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        budget::poll_spend(cx).map(|()| Ok(0))
    }
}

/// Takes and forgets what is written; made by [`sink`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Sink;

/// Returns a writer that takes and forgets everything.
///
/// ```
/// use minato::io::{AsyncReadExt, copy, repeat, sink};
///
/// # futures::executor::block_on(async {
/// assert_eq!(copy(&mut repeat(7).take(1024), &mut sink()).await?, 1024);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub const fn sink() -> Sink {
    Sink
}

/// A writer that forgets. Each call counts against the budget of the task's poll.
macro_rules! forget_writes {
    ($($writer:ty),+) => {$(
        impl AsyncWrite for $writer {
            write_at_once! {
                self, cx,
                buf => budget::poll_spend(cx).map(|()| Ok(buf.len())),
                bufs => budget::poll_spend(cx).map(|()| Ok(total_length(bufs))),
                flush => budget::poll_spend(cx).map(Ok),
                poll_shutdown => budget::poll_spend(cx).map(Ok)
            }
        }
    )+};
}

forget_writes! { Empty, Sink }

/// Reads as one byte over and over; made by [`repeat`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Repeat {
    byte: u8,
}

/// Returns a reader that gives `byte` over and over and never ends.
pub const fn repeat(byte: u8) -> Repeat {
    Repeat { byte }
}

impl AsyncRead for Repeat {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(budget::poll_spend(cx));
        buf.initialize_unfilled().fill(self.byte);
        buf.advance(buf.remaining());
        Poll::Ready(Ok(()))
    }
}
