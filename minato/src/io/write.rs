//! The writing trait, and the standard types that have it.

use std::io::{self, Cursor, IoSlice, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::forward::{forward_pointers, forward_write, write_at_once};
use crate::net::Direct;

/// Writes bytes without ever blocking the calling thread.
///
/// The two properties of [`AsyncRead`](super::AsyncRead) hold here too: a call never blocks, and
/// [`Poll::Pending`] means that the task will be woken once the writer can take more.
pub trait AsyncWrite {
    /// Attempts to write from `buf`, once; returns how many bytes were taken.
    ///
    /// # Errors
    ///
    /// Those of the writer; then it took nothing.
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>>;

    /// Attempts to hand on everything that was buffered.
    ///
    /// # Errors
    ///
    /// Those of the writer; some of the bytes may have been handed on.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Flushes, then ends the writing side: the peer of a socket sees the end of the stream.
    ///
    /// `Ready(Ok(()))` means that the writer may be dropped without loss.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Like [`poll_write`](Self::poll_write), from several buffers in order.
    ///
    /// The provided method writes the first buffer that is not empty.
    ///
    /// # Errors
    ///
    /// As [`poll_write`](Self::poll_write).
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = bufs.iter().find(|buf| !buf.is_empty()).map_or(&[][..], |buf| &**buf);
        self.poll_write(cx, first)
    }

    /// Whether [`poll_write_vectored`](Self::poll_write_vectored) does better than its provided
    /// form.
    fn is_write_vectored(&self) -> bool {
        false
    }

    /// The socket to which a copy may give bytes past this writer. `None` while the writer holds
    /// bytes for that socket.
    #[doc(hidden)]
    fn direct_writer(&self) -> Option<Direct<'_>> {
        None
    }
}

forward_pointers!(AsyncWrite, forward_write);

/// Bytes in memory are written at once.
macro_rules! write_to_memory {
    ($($memory:ty),+) => {$(
        impl AsyncWrite for $memory {
            write_at_once! {
                self, _cx,
                buf => Poll::Ready(Write::write(self.get_mut(), buf)),
                bufs => Poll::Ready(Write::write_vectored(self.get_mut(), bufs)),
                flush => Poll::Ready(Ok(())),
                poll_shutdown => Poll::Ready(Ok(()))
            }
        }
    )+};
}

write_to_memory! {
    Vec<u8>, Cursor<&mut [u8]>, Cursor<&mut Vec<u8>>, Cursor<Vec<u8>>, Cursor<Box<[u8]>>
}
