//! Futures and streams of std, as those of futures 0.1.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;

use futures_core::Stream;
use minato::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Waiters, poll01};
use crate::io::now;

/// Turns a future or a stream of std, whose items are `Result`s, into one of futures 0.1, and a
/// reader or a writer of Minato into one of this crate.
///
/// ```
/// use futures::Future;
/// use tokio::bridge::from_std;
///
/// let greeting = async { Ok::<_, ()>("ahoy") };
/// assert_eq!(from_std(greeting).wait(), Ok("ahoy"));
/// ```
pub fn from_std<T>(new: T) -> FromStd<T> {
    FromStd { inner: Box::pin(new), waiters: Waiters::default() }
}

/// A future or stream of std as one of futures 0.1; see [`from_std`].
#[must_use = "futures and streams do nothing unless polled"]
pub struct FromStd<T> {
    inner: Pin<Box<T>>,
    waiters: Waiters,
}

impl<T> FromStd<T> {
    /// Gives back what was given to [`from_std`], in the place where it was pinned.
    pub fn into_inner(self) -> Pin<Box<T>> {
        self.inner
    }
}

impl<F, T, E> futures::Future for FromStd<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Item = T;
    type Error = E;

    fn poll(&mut self) -> futures::Poll<T, E> {
        let inner = self.inner.as_mut();
        poll01(self.waiters.poll(|cx| inner.poll(cx)))
    }
}

impl<S, T, E> futures::Stream for FromStd<S>
where
    S: Stream<Item = Result<T, E>>,
{
    type Item = T;
    type Error = E;

    fn poll(&mut self) -> futures::Poll<Option<T>, E> {
        let inner = self.inner.as_mut();
        poll01(self.waiters.poll(|cx| inner.poll_next(cx)).map(Option::transpose))
    }
}

impl<T: AsyncRead> io::Read for FromStd<T> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        now(crate::io::AsyncRead::poll_read(self, buf))
    }
}

impl<T: AsyncRead> crate::io::AsyncRead for FromStd<T> {
    fn poll_read(&mut self, buf: &mut [u8]) -> futures::Poll<usize, io::Error> {
        let (inner, mut buf) = (self.inner.as_mut(), ReadBuf::new(buf));
        let polled = poll01(self.waiters.poll(|cx| inner.poll_read(cx, &mut buf)))?;
        Ok(polled.map(|()| buf.filled().len()))
    }
}

impl<T: AsyncWrite> io::Write for FromStd<T> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        now(crate::io::AsyncWrite::poll_write(self, buf))
    }

    fn flush(&mut self) -> io::Result<()> {
        now(crate::io::AsyncWrite::poll_flush(self))
    }
}

impl<T: AsyncWrite> crate::io::AsyncWrite for FromStd<T> {
    fn poll_write(&mut self, buf: &[u8]) -> futures::Poll<usize, io::Error> {
        let inner = self.inner.as_mut();
        poll01(self.waiters.poll(|cx| inner.poll_write(cx, buf)))
    }

    fn poll_flush(&mut self) -> futures::Poll<(), io::Error> {
        let inner = self.inner.as_mut();
        poll01(self.waiters.poll(|cx| inner.poll_flush(cx)))
    }

    fn shutdown(&mut self) -> futures::Poll<(), io::Error> {
        let inner = self.inner.as_mut();
        poll01(self.waiters.poll(|cx| inner.poll_shutdown(cx)))
    }
}

impl<T> fmt::Debug for FromStd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromStd").finish_non_exhaustive()
    }
}
