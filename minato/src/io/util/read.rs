//! The futures that read a piece: once, or until it is whole.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BufMut;
use pin_project_lite::pin_project;

use crate::io::AsyncRead;
use crate::io::interrupted::uninterrupted;
use crate::io::read_buf::poll_read_into;

pin_project! {
    /// The future of [`AsyncReadExt::read`](crate::io::AsyncReadExt::read).
    #[derive(Debug)]
    #[project(!Unpin)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Read<'a, R: ?Sized> {
        pub(super) reader: &'a mut R,
        pub(super) buf: &'a mut [u8],
    }
}

impl<R: AsyncRead + Unpin + ?Sized> Future for Read<'_, R> {
    type Output = io::Result<usize>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        Pin::new(&mut **this.reader).poll_read_slice(cx, this.buf)
    }
}

pin_project! {
    /// The future of [`AsyncReadExt::read_buf`](crate::io::AsyncReadExt::read_buf).
    #[derive(Debug)]
    #[project(!Unpin)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct ReadIntoBuf<'a, R: ?Sized, B: ?Sized> {
        pub(super) reader: &'a mut R,
        pub(super) buf: &'a mut B,
    }
}

impl<R, B> Future for ReadIntoBuf<'_, R, B>
where
    R: AsyncRead + Unpin + ?Sized,
    B: BufMut + ?Sized,
{
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        poll_read_into(Pin::new(&mut **this.reader), cx, this.buf)
    }
}

pin_project! {
    /// The future of [`AsyncReadExt::read_exact`](crate::io::AsyncReadExt::read_exact).
    #[derive(Debug)]
    #[project(!Unpin)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct ReadExact<'a, R: ?Sized> {
        pub(super) reader: &'a mut R,
        pub(super) buf: &'a mut [u8],
        pub(super) filled: usize,
    }
}

impl<R: AsyncRead + Unpin + ?Sized> Future for ReadExact<'_, R> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        ready!(poll_fill(Pin::new(&mut **this.reader), cx, this.buf, this.filled))?;
        Poll::Ready(Ok(this.buf.len()))
    }
}

/// Reads until `buf` is full. The first `filled` bytes are there already.
pub(in crate::io) fn poll_fill<R: AsyncRead + ?Sized>(
    mut reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    buf: &mut [u8],
    filled: &mut usize,
) -> Poll<io::Result<()>> {
    while *filled < buf.len() {
        let rest = &mut buf[*filled..];
        let count = ready!(uninterrupted!(cx, reader.as_mut().poll_read_slice(cx, rest)))?;
        if count == 0 {
            let message = format!("the stream ended after {filled} of {} bytes", buf.len());
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, message)));
        }
        *filled += count;
    }
    Poll::Ready(Ok(()))
}

pin_project! {
    /// The future of the number methods of [`AsyncReadExt`](crate::io::AsyncReadExt), such as
    /// [`read_u16`](crate::io::AsyncReadExt::read_u16): reads an array `B` of bytes and makes a
    /// `T` of it.
    #[derive(Debug)]
    #[project(!Unpin)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct ReadNumber<'a, R: ?Sized, T, B> {
        pub(super) reader: &'a mut R,
        pub(super) bytes: B,
        pub(super) filled: usize,
        pub(super) decode: fn(B) -> T,
    }
}

impl<R, T, B> Future for ReadNumber<'_, R, T, B>
where
    R: AsyncRead + Unpin + ?Sized,
    B: AsMut<[u8]> + Copy,
{
    type Output = io::Result<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        ready!(poll_fill(Pin::new(&mut **this.reader), cx, this.bytes.as_mut(), this.filled))?;
        Poll::Ready(Ok((this.decode)(*this.bytes)))
    }
}
