//! The futures that write from a [`Buf`].

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;

use super::future::helper_future;
use super::write::taken;
use crate::io::AsyncWrite;
use crate::io::interrupted::uninterrupted;

helper_future! {
    /// The future of [`AsyncWriteExt::write_buf`](crate::io::AsyncWriteExt::write_buf).
    pub struct WriteBuf<'a, W, B> {
        pub(super) writer: &'a mut W,
        pub(super) buf: &'a mut B,
    }
    where (W: AsyncWrite + Unpin, B: Buf) -> io::Result<usize>;
    |this, cx| poll_write_from(Pin::new(&mut **this.writer), cx, this.buf)
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

helper_future! {
    /// The future of [`AsyncWriteExt::write_all_buf`](crate::io::AsyncWriteExt::write_all_buf).
    pub struct WriteAllBuf<'a, W, B> {
        pub(super) writer: &'a mut W,
        pub(super) buf: &'a mut B,
    }
    where (W: AsyncWrite + Unpin, B: Buf) -> io::Result<()>;
    |this, cx| {
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
