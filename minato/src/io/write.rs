//! The writing trait, and what the standard types make of it.

use std::io::{self, IoSlice};
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Writes bytes without ever blocking the calling thread.
///
/// The two properties of [`AsyncRead`](super::AsyncRead) hold here too: a call never blocks, and
/// [`Poll::Pending`] means that the task will be woken when it can go on, also when that is
/// because a write buffer drained.
pub trait AsyncWrite {
    /// Attempts to write from `buf`; returns how many bytes were taken.
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>>;

    /// Attempts to hand on everything that was buffered.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Flushes, then ends the writing side: the peer of a socket sees the end of the stream.
    ///
    /// `Ready(Ok(()))` means that the writer may be dropped without loss.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Like [`poll_write`](Self::poll_write), from several buffers in order.
    ///
    /// The provided method writes the first buffer that is not empty.
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
}

/// Forwards every method to what `$pin` gives.
macro_rules! forward_write {
    ($self:ident => $pin:expr) => {
        fn poll_write(
            #[allow(unused_mut)] mut $self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            $pin.poll_write(cx, buf)
        }

        fn poll_flush(
            #[allow(unused_mut)] mut $self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<io::Result<()>> {
            $pin.poll_flush(cx)
        }

        fn poll_shutdown(
            #[allow(unused_mut)] mut $self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<io::Result<()>> {
            $pin.poll_shutdown(cx)
        }

        fn poll_write_vectored(
            #[allow(unused_mut)] mut $self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            $pin.poll_write_vectored(cx, bufs)
        }

        fn is_write_vectored(&self) -> bool {
            (**self).is_write_vectored()
        }
    };
}

impl<T: ?Sized + AsyncWrite + Unpin> AsyncWrite for Box<T> {
    forward_write!(self => Pin::new(&mut **self));
}

impl<T: ?Sized + AsyncWrite + Unpin> AsyncWrite for &mut T {
    forward_write!(self => Pin::new(&mut **self));
}

impl<P> AsyncWrite for Pin<P>
where
    P: DerefMut + Unpin,
    P::Target: AsyncWrite,
{
    forward_write!(self => self.as_mut().get_mut().as_mut());
}
