//! The futures that read a piece: once, or until it is whole.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BufMut;

use super::future::helper_future;
use crate::io::interrupted::uninterrupted;
use crate::io::read_buf::poll_read_into;
use crate::io::{AsyncRead, Lent};

helper_future! {
    /// The future of [`AsyncReadExt::read`](crate::io::AsyncReadExt::read).
    pub struct Read<'a, R: ?Sized> {
        pub(super) reader: &'a mut R,
        pub(super) buf: &'a mut [u8],
    }
    where (R: AsyncRead + Unpin) -> io::Result<usize>;
    #[inline(always)]
    |this, cx| Pin::new(&mut **this.reader).poll_read_slice(cx, this.buf)
}

helper_future! {
    /// The future of [`AsyncReadExt::read_buf`](crate::io::AsyncReadExt::read_buf).
    pub struct ReadIntoBuf<'a, R: ?Sized, B: ?Sized> {
        pub(super) reader: &'a mut R,
        pub(super) buf: &'a mut B,
    }
    where (R: AsyncRead + Unpin, B: BufMut) -> io::Result<usize>;
    |this, cx| poll_read_into(Pin::new(&mut **this.reader), cx, this.buf)
}

helper_future! {
    /// The future of [`AsyncReadExt::read_lent`](crate::io::AsyncReadExt::read_lent).
    pub struct ReadLent<'a, R: ?Sized> {
        pub(super) reader: &'a mut R,
    }
    where (R: AsyncRead + Unpin) -> io::Result<Option<Lent>>;
    #[inline(always)]
    |this, cx| Pin::new(&mut **this.reader).poll_read_lent(cx)
}

helper_future! {
    /// The future of [`AsyncReadExt::read_exact`](crate::io::AsyncReadExt::read_exact).
    pub struct ReadExact<'a, R: ?Sized> {
        pub(super) reader: &'a mut R,
        pub(super) buf: &'a mut [u8],
        pub(super) filled: usize,
    }
    where (R: AsyncRead + Unpin) -> io::Result<usize>;
    |this, cx| {
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

helper_future! {
    /// The future of the number methods of [`AsyncReadExt`](crate::io::AsyncReadExt), such as
    /// [`read_u16`](crate::io::AsyncReadExt::read_u16): reads an array `B` of bytes and makes a
    /// `T` of it.
    pub struct ReadNumber<'a, R: ?Sized, T, B> {
        pub(super) reader: &'a mut R,
        pub(super) bytes: B,
        pub(super) filled: usize,
        pub(super) decode: fn(B) -> T,
    }
    where (R: AsyncRead + Unpin, B: AsMut<[u8]> + Copy) -> io::Result<T>;
    |this, cx| {
        ready!(poll_fill(Pin::new(&mut **this.reader), cx, this.bytes.as_mut(), this.filled))?;
        Poll::Ready(Ok((this.decode)(*this.bytes)))
    }
}
