//! The future that reads a number, for all the number methods.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::read_exact::poll_fill;
use crate::io::AsyncRead;

/// The future of the number methods of [`AsyncReadExt`](crate::io::AsyncReadExt), such as
/// [`read_u16`](crate::io::AsyncReadExt::read_u16): reads `N` bytes and makes a `T` of them.
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ReadNumber<'a, R: ?Sized, T, const N: usize> {
    reader: &'a mut R,
    bytes: [u8; N],
    filled: usize,
    decode: fn([u8; N]) -> T,
}

impl<'a, R: ?Sized, T, const N: usize> ReadNumber<'a, R, T, N> {
    pub(super) fn new(reader: &'a mut R, decode: fn([u8; N]) -> T) -> Self {
        Self { reader, bytes: [0; N], filled: 0, decode }
    }
}

impl<R, T, const N: usize> Future for ReadNumber<'_, R, T, N>
where
    R: AsyncRead + Unpin + ?Sized,
{
    type Output = io::Result<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        ready!(poll_fill(Pin::new(&mut *this.reader), cx, &mut this.bytes, &mut this.filled))?;
        Poll::Ready(Ok((this.decode)(this.bytes)))
    }
}
