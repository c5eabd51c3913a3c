//! The future that writes a whole [`Buf`].

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;

use super::write_all::taken;
use super::write_buf::poll_write_from;
use crate::io::AsyncWrite;

/// The future of [`AsyncWriteExt::write_all_buf`](crate::io::AsyncWriteExt::write_all_buf).
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct WriteAllBuf<'a, W, B> {
    writer: &'a mut W,
    buf: &'a mut B,
}

impl<'a, W, B> WriteAllBuf<'a, W, B> {
    pub(super) fn new(writer: &'a mut W, buf: &'a mut B) -> Self {
        Self { writer, buf }
    }
}

impl<W: AsyncWrite + Unpin, B: Buf> Future for WriteAllBuf<'_, W, B> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        while this.buf.has_remaining() {
            let offered = this.buf.remaining();
            let count = ready!(poll_write_from(Pin::new(&mut *this.writer), cx, this.buf))?;
            taken(count, offered)?;
        }
        Poll::Ready(Ok(()))
    }
}
