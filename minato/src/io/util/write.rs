//! The futures that write from slices and from a [`Buf`], flush, and end the writing side.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;

use super::future::helper_future;
use crate::io::AsyncWrite;
use crate::io::interrupted::uninterrupted;

helper_future! {
    /// The future of [`AsyncWriteExt::write`](crate::io::AsyncWriteExt::write).
    pub struct Write<'a, W: ?Sized> {
        pub(super) writer: &'a mut W,
        pub(super) bytes: &'a [u8],
    }
    where (W: AsyncWrite + Unpin) -> io::Result<usize>;
    |this, cx| Pin::new(&mut **this.writer).poll_write(cx, this.bytes)
}

helper_future! {
    /// The future of [`AsyncWriteExt::write_vectored`](crate::io::AsyncWriteExt::write_vectored).
    pub struct WriteVectored<'a, 'b, W: ?Sized> {
        pub(super) writer: &'a mut W,
        pub(super) slices: &'a [IoSlice<'b>],
    }
    where (W: AsyncWrite + Unpin) -> io::Result<usize>;
    |this, cx| Pin::new(&mut **this.writer).poll_write_vectored(cx, this.slices)
}

helper_future! {
    /// The future of [`AsyncWriteExt::write_all`](crate::io::AsyncWriteExt::write_all).
    pub struct WriteAll<'a, W: ?Sized> {
        pub(super) writer: &'a mut W,
        pub(super) bytes: &'a [u8],
        pub(super) written: usize,
    }
    where (W: AsyncWrite + Unpin) -> io::Result<()>;
    #[inline(always)]
    |this, cx| poll_write_rest(Pin::new(&mut **this.writer), cx, this.bytes, this.written)
}

/// Writes `bytes`. The first `written` bytes are written already.
#[inline(always)]
pub(in crate::io) fn poll_write_rest<W: AsyncWrite + ?Sized>(
    mut writer: Pin<&mut W>,
    cx: &mut Context<'_>,
    bytes: &[u8],
    written: &mut usize,
) -> Poll<io::Result<()>> {
    while *written < bytes.len() {
        *written += ready!(poll_write_some(writer.as_mut(), cx, &bytes[*written..]))?;
    }
    Poll::Ready(Ok(()))
}

/// Writes once from `bytes`, which must not be empty; returns how many bytes were taken.
///
/// # Errors
///
/// Those of the writer, and those of [`taken`].
#[inline(always)]
pub(in crate::io) fn poll_write_some<W: AsyncWrite + ?Sized>(
    mut writer: Pin<&mut W>,
    cx: &mut Context<'_>,
    bytes: &[u8],
) -> Poll<io::Result<usize>> {
    let count = ready!(uninterrupted!(cx, writer.as_mut().poll_write(cx, bytes)))?;
    Poll::Ready(taken(count, bytes.len()))
}

/// Flushes the writer if it has taken bytes since the last time.
pub(in crate::io) fn poll_flush_taken<W: AsyncWrite + ?Sized>(
    writer: Pin<&mut W>,
    cx: &mut Context<'_>,
    unflushed: &mut bool,
) -> Poll<io::Result<()>> {
    if *unflushed {
        ready!(writer.poll_flush(cx))?;
        *unflushed = false;
    }
    Poll::Ready(Ok(()))
}

/// Checks what a writer says that it took of `offered` bytes.
///
/// # Errors
///
/// `WriteZero` when it took none: to ask again could go on for ever. `Other` when it claims to have
/// taken more than there were.
#[inline]
fn taken(count: usize, offered: usize) -> io::Result<usize> {
    if count == 0 || count > offered { Err(wrongly_taken(count, offered)) } else { Ok(count) }
}

#[cold]
fn wrongly_taken(count: usize, offered: usize) -> io::Error {
    if count == 0 {
        let message = format!("the writer takes no more: {offered} bytes are left");
        return io::Error::new(io::ErrorKind::WriteZero, message);
    }
    io::Error::other(format!("the writer claims to have taken {count} of {offered} bytes"))
}

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
fn poll_write_from<W: AsyncWrite + ?Sized, B: Buf>(
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

helper_future! {
    /// The future of the number methods of [`AsyncWriteExt`](crate::io::AsyncWriteExt), such as
    /// [`write_u16`](crate::io::AsyncWriteExt::write_u16): writes an array `B` of
    /// bytes.
    pub struct WriteNumber<'a, W: ?Sized, B> {
        pub(super) writer: &'a mut W,
        pub(super) bytes: B,
        pub(super) written: usize,
    }
    where (W: AsyncWrite + Unpin, B: AsRef<[u8]>) -> io::Result<()>;
    |this, cx| poll_write_rest(Pin::new(&mut **this.writer), cx, this.bytes.as_ref(), this.written)
}

helper_future! {
    /// The future of [`AsyncWriteExt::flush`](crate::io::AsyncWriteExt::flush).
    pub struct Flush<'a, W: ?Sized> {
        pub(super) writer: &'a mut W,
    }
    where (W: AsyncWrite + Unpin) -> io::Result<()>;
    |this, cx| Pin::new(&mut **this.writer).poll_flush(cx)
}

helper_future! {
    /// The future of [`AsyncWriteExt::shutdown`](crate::io::AsyncWriteExt::shutdown).
    pub struct Shutdown<'a, W: ?Sized> {
        pub(super) writer: &'a mut W,
    }
    where (W: AsyncWrite + Unpin) -> io::Result<()>;
    |this, cx| Pin::new(&mut **this.writer).poll_shutdown(cx)
}
