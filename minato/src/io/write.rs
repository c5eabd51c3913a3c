//! The writing trait, and the standard types that have it.

use std::io::{self, Cursor, IoSlice, Write};
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::forward::forward_write;
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

impl<T: ?Sized + AsyncWrite + Unpin> AsyncWrite for Box<T> {
    forward_write!(self, cx => Pin::new(&mut **self.get_mut()); (**self));
}

impl<T: ?Sized + AsyncWrite + Unpin> AsyncWrite for &mut T {
    forward_write!(self, cx => Pin::new(&mut **self.get_mut()); (**self));
}

impl<P> AsyncWrite for Pin<P>
where
    P: DerefMut + Unpin,
    P::Target: AsyncWrite,
{
    forward_write!(self, cx => self.get_mut().as_mut(); (**self));
}

/// Writes through the standard library's own writer, which only copies memory.
macro_rules! write_to_memory {
    () => {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Write::write(&mut *self, buf))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Write::write_vectored(&mut *self, bufs))
        }

        fn is_write_vectored(&self) -> bool {
            true
        }
    };
}

/// Appends to the vector.
impl AsyncWrite for Vec<u8> {
    write_to_memory!();
}

/// Writes over the slice from the cursor's position; 0 bytes are taken at its end.
impl AsyncWrite for Cursor<&mut [u8]> {
    write_to_memory!();
}

/// Writes over the vector from the cursor's position; it grows as needed.
impl AsyncWrite for Cursor<&mut Vec<u8>> {
    write_to_memory!();
}

/// Writes over the vector from the cursor's position; it grows as needed.
impl AsyncWrite for Cursor<Vec<u8>> {
    write_to_memory!();
}

/// Writes over the slice from the cursor's position; 0 bytes are taken at its end.
impl AsyncWrite for Cursor<Box<[u8]>> {
    write_to_memory!();
}
