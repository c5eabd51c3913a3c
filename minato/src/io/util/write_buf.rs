//! The futures that write from a [`Buf`].

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use pin_project_lite::pin_project;

use super::write::taken;
use crate::io::AsyncWrite;
use crate::io::interrupted::uninterrupted;

pin_project! {
    /// The future of [`AsyncWriteExt::write_buf`](crate::io::AsyncWriteExt::write_buf).
    #[derive(Debug)]
    #[project(!Unpin)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct WriteBuf<'a, W, B> {
        pub(super) writer: &'a mut W,
        pub(super) buf: &'a mut B,
    }
}

impl<W: AsyncWrite + Unpin, B: Buf> Future for WriteBuf<'_, W, B> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        poll_write_from(Pin::new(&mut **this.writer), cx, this.buf)
    }
}

/// How many slices of a buffer go into one write.
const SLICES: usize = 64;

/// Writes once from `buf` and advances it; returns how many bytes the writer took.
pub(super) fn poll_write_from<W: AsyncWrite + ?Sized, B: Buf>(
    writer: Pin<&mut W>,
    cx: &mut Context<'_>,
    buf: &mut B,
) -> Poll<io::Result<usize>> {
    let remaining = buf.remaining();
    if remaining == 0 {
        return Poll::Ready(Ok(0));
    }
    let count = if writer.is_write_vectored() {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let used = buf.chunks_vectored(&mut slices);
        ready!(writer.poll_write_vectored(cx, &slices[..used]))?
    } else {
        ready!(writer.poll_write(cx, buf.chunk()))?
    };
    if count > 0 {
        buf.advance(taken(count, remaining)?);
    }
    Poll::Ready(Ok(count))
}

pin_project! {
    /// The future of [`AsyncWriteExt::write_all_buf`](crate::io::AsyncWriteExt::write_all_buf).
    #[derive(Debug)]
    #[project(!Unpin)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct WriteAllBuf<'a, W, B> {
        pub(super) writer: &'a mut W,
        pub(super) buf: &'a mut B,
    }
}

impl<W: AsyncWrite + Unpin, B: Buf> Future for WriteAllBuf<'_, W, B> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        while this.buf.has_remaining() {
            let offered = this.buf.remaining();
            let count = ready!(uninterrupted!(
                cx,
                poll_write_from(Pin::new(&mut **this.writer), cx, this.buf)
            ))?;
            taken(count, offered)?;
        }
        Poll::Ready(Ok(()))
    }
}
