//! Writing without blocking.

use std::io::{self, BufWriter, Cursor, Sink, Write};

use bytes::Buf;
use futures::{Async, Poll, try_ready};

use super::poll_of;

/// Writes bytes without blocking, and notifies the current task when there is room.
///
/// It is for types whose [`write`](Write::write) and [`flush`](Write::flush) never block the
/// thread: what would block is an error of the kind `WouldBlock`, and the current task of futures
/// 0.1 is notified when the target is ready again. Call [`poll_write`](Self::poll_write) and
/// [`poll_flush`](Self::poll_flush) rather than those.
///
/// ```
/// use futures::Async;
/// use tokio::io::AsyncWrite;
///
/// let mut target = std::io::Cursor::new(Vec::new());
/// assert_eq!(target.poll_write(b"ahoy")?, Async::Ready(4));
/// assert_eq!(target.into_inner(), b"ahoy");
/// # std::io::Result::Ok(())
/// ```
pub trait AsyncWrite: Write {
    /// Writes from the front of `buf`; returns how many bytes were written.
    ///
    /// # Errors
    ///
    /// Those of the target, but for `WouldBlock`: that is `NotReady`.
    fn poll_write(&mut self, buf: &[u8]) -> Poll<usize, io::Error> {
        poll_of(self.write(buf))
    }

    /// Hands on what was written and is still buffered.
    ///
    /// # Errors
    ///
    /// As [`poll_write`](Self::poll_write).
    fn poll_flush(&mut self) -> Poll<(), io::Error> {
        poll_of(self.flush())
    }

    /// Ends writing: hands on what is still buffered, and says that no more will come. Once it is
    /// ready, the target can be dropped without a loss.
    ///
    /// # Errors
    ///
    /// Those of the target.
    fn shutdown(&mut self) -> Poll<(), io::Error>;

    /// Writes from `buf`, and advances it by what was written; returns how much that was. 0 if
    /// nothing is left in `buf`.
    ///
    /// # Errors
    ///
    /// As [`poll_write`](Self::poll_write).
    fn write_buf<B: Buf>(&mut self, buf: &mut B) -> Poll<usize, io::Error>
    where
        Self: Sized,
    {
        if !buf.has_remaining() {
            return Ok(Async::Ready(0));
        }
        let len = try_ready!(self.poll_write(buf.bytes()));
        buf.advance(len);
        Ok(Async::Ready(len))
    }
}

impl<T: AsyncWrite + ?Sized> AsyncWrite for Box<T> {
    fn poll_write(&mut self, buf: &[u8]) -> Poll<usize, io::Error> {
        (**self).poll_write(buf)
    }

    fn poll_flush(&mut self) -> Poll<(), io::Error> {
        (**self).poll_flush()
    }

    fn shutdown(&mut self) -> Poll<(), io::Error> {
        (**self).shutdown()
    }
}

impl<T: AsyncWrite + ?Sized> AsyncWrite for &mut T {
    fn poll_write(&mut self, buf: &[u8]) -> Poll<usize, io::Error> {
        (**self).poll_write(buf)
    }

    fn poll_flush(&mut self) -> Poll<(), io::Error> {
        (**self).poll_flush()
    }

    fn shutdown(&mut self) -> Poll<(), io::Error> {
        (**self).shutdown()
    }
}

impl AsyncWrite for Sink {
    fn shutdown(&mut self) -> Poll<(), io::Error> {
        Ok(Async::Ready(()))
    }
}

impl<T: AsyncWrite> AsyncWrite for BufWriter<T> {
    fn shutdown(&mut self) -> Poll<(), io::Error> {
        try_ready!(self.poll_flush());
        self.get_mut().shutdown()
    }
}

impl AsyncWrite for Cursor<&mut [u8]> {
    fn shutdown(&mut self) -> Poll<(), io::Error> {
        Ok(Async::Ready(()))
    }
}

impl AsyncWrite for Cursor<Vec<u8>> {
    fn shutdown(&mut self) -> Poll<(), io::Error> {
        Ok(Async::Ready(()))
    }
}

impl AsyncWrite for Cursor<Box<[u8]>> {
    fn shutdown(&mut self) -> Poll<(), io::Error> {
        Ok(Async::Ready(()))
    }
}
