//! A stream with hyper's traits as one with ours: for upgraded connections.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, Write};
use minato::io::{AsyncRead, AsyncWrite, ReadBuf};
use pin_project_lite::pin_project;

pin_project! {
    /// Gives a stream with the traits of hyper ours, such as `hyper::upgrade::Upgraded`. The memory
    /// that it reads into is zeroed before.
    ///
    /// [`Compat`](minato::compat::Compat) around it has tokio's, too.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct FromHyper<T> {
        #[pin]
        inner: T,
    }
}

impl<T> FromHyper<T> {
    /// Wraps a stream.
    pub fn new(inner: T) -> Self {
        Self { inner }
    }

    /// The stream.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// The stream. Nothing is buffered here, so it may be used.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// Gives the stream back.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T: Read> AsyncRead for FromHyper<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut theirs = hyper::rt::ReadBuf::new(buf.initialize_unfilled());
        let polled = self.project().inner.poll_read(cx, theirs.unfilled());
        let count = theirs.filled().len();
        buf.advance(count);
        polled
    }
}

impl<T: Write> AsyncWrite for FromHyper<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
