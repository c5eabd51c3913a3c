//! The buffered reading trait.

use std::io::{self, Cursor};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::AsyncRead;
use super::forward::{forward_buf_read, forward_pointers};
use super::read::unread;

/// Reads through a buffer that the caller can see.
pub trait AsyncBufRead: AsyncRead {
    /// Returns the buffered bytes, reading more if there are none; an empty slice means the end of
    /// the stream.
    ///
    /// # Errors
    ///
    /// Those of the reader; then nothing was read.
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>>;

    /// Marks `amount` of the bytes that [`poll_fill_buf`](Self::poll_fill_buf) returned as read.
    ///
    /// An `amount` larger than that is the caller's mistake. The readers of this crate then mark
    /// all those bytes and no more.
    fn consume(self: Pin<&mut Self>, amount: usize);
}

forward_pointers!(AsyncBufRead, forward_buf_read);

/// The rest of the slice is the buffer.
impl AsyncBufRead for &[u8] {
    fn poll_fill_buf(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Poll::Ready(Ok(*self))
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        let rest = &self[amount.min(self.len())..];
        *self = rest;
    }
}

/// The bytes from the position on are the buffer.
impl<T: AsRef<[u8]> + Unpin> AsyncBufRead for Cursor<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Poll::Ready(Ok(unread(self.into_ref().get_ref())))
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        let amount = amount.min(unread(&self).len());
        let position = self.position() + amount as u64;
        self.set_position(position);
    }
}
