//! The future that writes a number, for all the number methods.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::write_all::poll_write_rest;
use crate::io::AsyncWrite;

/// The future of the number methods of [`AsyncWriteExt`](crate::io::AsyncWriteExt), such as
/// [`write_u16`](crate::io::AsyncWriteExt::write_u16): writes the `N` bytes of a number.
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct WriteNumber<'a, W: ?Sized, const N: usize> {
    writer: &'a mut W,
    bytes: [u8; N],
    written: usize,
}

impl<'a, W: ?Sized, const N: usize> WriteNumber<'a, W, N> {
    pub(super) fn new(writer: &'a mut W, bytes: [u8; N]) -> Self {
        Self { writer, bytes, written: 0 }
    }
}

impl<W: AsyncWrite + Unpin + ?Sized, const N: usize> Future for WriteNumber<'_, W, N> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        poll_write_rest(Pin::new(&mut *this.writer), cx, &this.bytes, &mut this.written)
    }
}
