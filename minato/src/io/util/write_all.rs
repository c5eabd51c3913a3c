//! The future that writes a whole slice.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::io::AsyncWrite;

/// The future of [`AsyncWriteExt::write_all`](crate::io::AsyncWriteExt::write_all).
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct WriteAll<'a, W: ?Sized> {
    writer: &'a mut W,
    bytes: &'a [u8],
    written: usize,
}

impl<'a, W: ?Sized> WriteAll<'a, W> {
    pub(super) fn new(writer: &'a mut W, bytes: &'a [u8]) -> Self {
        Self { writer, bytes, written: 0 }
    }
}

impl<W: AsyncWrite + Unpin + ?Sized> Future for WriteAll<'_, W> {
    type Output = io::Result<()>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        poll_write_rest(Pin::new(&mut *this.writer), cx, this.bytes, &mut this.written)
    }
}

/// Writes `bytes`, of which `written` are written already.
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
    writer: Pin<&mut W>,
    cx: &mut Context<'_>,
    bytes: &[u8],
) -> Poll<io::Result<usize>> {
    let count = ready!(writer.poll_write(cx, bytes))?;
    Poll::Ready(taken(count, bytes.len()))
}

/// Checks what a writer says that it took of `offered` bytes.
///
/// # Errors
///
/// `WriteZero` when it took none: to ask again could go on for ever. `Other` when it claims to have
/// taken more than there were.
#[inline]
pub(super) fn taken(count: usize, offered: usize) -> io::Result<usize> {
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
