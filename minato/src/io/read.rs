//! The reading trait, and the standard types that have it.

use std::io::{self, Cursor};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::forward::{forward_pointers, forward_read};
use super::{Lent, ReadBuf};
use crate::net::Direct;

/// Reads bytes without ever blocking the calling thread.
///
/// # The two properties
///
/// Every implementor has these:
///
/// * A call never blocks the calling thread.
/// * A call that cannot make progress returns [`Poll::Pending`], and the task of the given
///   [`Context`] will be woken once it can.
///
/// # What is returned
///
/// * `Poll::Ready(Ok(()))` with `buf` filled further: bytes were read.
/// * `Poll::Ready(Ok(()))` with `buf` unchanged and room left in it: the end of the stream.
/// * `Poll::Ready(Err(_))`: this call read nothing. An error never loses bytes.
pub trait AsyncRead {
    /// Attempts to read into `buf`, once.
    ///
    /// # Errors
    ///
    /// Those of the reader; then nothing was read.
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>>;

    /// Like [`poll_read`](Self::poll_read), into initialized memory; returns how many bytes were
    /// read. A socket needs no [`ReadBuf`] for this.
    #[doc(hidden)]
    #[inline]
    fn poll_read_slice(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        ReadBuf::new(bytes).poll_fill(|buf| self.poll_read(cx, buf))
    }

    /// Attempts to read once, into memory of this thread; `None` is the end of the stream. The poll
    /// form of [`read_lent`](super::AsyncReadExt::read_lent).
    ///
    /// # Errors
    ///
    /// Those of the reader; then nothing was read.
    #[inline]
    fn poll_read_lent(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<Lent>>> {
        Lent::poll_receive(Lent::CAPACITY, |bytes| self.poll_read_slice(cx, bytes))
            .map_ok(Lent::or_end)
    }

    /// The socket from which a copy may take bytes past this reader. `None` while the reader holds
    /// bytes of that socket.
    #[doc(hidden)]
    fn direct_reader(&self) -> Option<Direct<'_>> {
        None
    }
}

forward_pointers!(AsyncRead, forward_read);

/// Reads from the front of the slice, which then starts after what was read.
impl AsyncRead for &[u8] {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (now, later) = self.split_at(self.len().min(buf.remaining()));
        buf.put_slice(now);
        *self = later;
        Poll::Ready(Ok(()))
    }
}

/// Reads from the cursor's position, which moves on; a position past the end is the end.
impl<T: AsRef<[u8]> + Unpin> AsyncRead for Cursor<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let rest = unread(&self);
        let count = rest.len().min(buf.remaining());
        buf.put_slice(&rest[..count]);
        let position = self.position() + count as u64;
        self.set_position(position);
        Poll::Ready(Ok(()))
    }
}

/// The bytes from the cursor's position on.
pub(super) fn unread<T: AsRef<[u8]>>(cursor: &Cursor<T>) -> &[u8] {
    let bytes = cursor.get_ref().as_ref();
    let position = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
    &bytes[position.min(bytes.len())..]
}
