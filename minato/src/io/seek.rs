//! The seeking trait, and the standard types that have it.

use std::io::{self, Cursor, Seek, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::forward::{forward_pointers, forward_seek};

/// Moves to another place of a stream without ever blocking the calling thread.
///
/// A seek has two steps, since it may have to wait: it is [started](Self::start_seek), then
/// [completed](Self::poll_complete). [`AsyncSeekExt::seek`](super::AsyncSeekExt::seek) does both.
pub trait AsyncSeek {
    /// Starts to move to `position`.
    ///
    /// A place behind the end of the stream is allowed; what it means is up to the stream. A seek
    /// should not be started while another one is under way: call
    /// [`poll_complete`](Self::poll_complete) before.
    ///
    /// # Errors
    ///
    /// Those of the stream. It may refuse the seek while another one is under way.
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()>;

    /// Waits until the seek that was started is done; returns the new place, counted from the start
    /// of the stream.
    ///
    /// After reads and writes, and when no seek was started, the stream is only known to be idle:
    /// what the number says then is up to the stream.
    ///
    /// # Errors
    ///
    /// Those of the stream. A place before its start is an error.
    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>>;
}

forward_pointers!(AsyncSeek, forward_seek);

/// Moves at once.
impl<T: AsRef<[u8]> + Unpin> AsyncSeek for Cursor<T> {
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        self.get_mut().seek(position).map(drop)
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Ok(self.position()))
    }
}
