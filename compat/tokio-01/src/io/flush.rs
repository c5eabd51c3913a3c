//! Flushing, and ending a writer.

use std::io;

use futures::{Async, Future, Poll, try_ready};

use super::AsyncWrite;
use super::parts::Parts;

/// Hands on what `a` was given and still has; gives it back.
///
/// ```
/// use std::io::BufWriter;
/// use futures::Future;
///
/// let writer = tokio::io::flush(BufWriter::new(std::io::sink())).wait()?;
/// assert!(writer.buffer().is_empty());
/// # std::io::Result::Ok(())
/// ```
pub fn flush<A: AsyncWrite>(a: A) -> Flush<A> {
    Flush { parts: Parts::new("Flush", a) }
}

/// The future of [`flush`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Flush<A> {
    parts: Parts<A>,
}

impl<A> Flush<A> {
    /// The writer; `None` after success.
    pub fn into_inner(self) -> Option<A> {
        self.parts.into_inner()
    }
}

impl<A: AsyncWrite> Future for Flush<A> {
    type Item = A;
    type Error = io::Error;

    fn poll(&mut self) -> Poll<A, io::Error> {
        try_ready!(self.parts.get_mut().poll_flush());
        Ok(Async::Ready(self.parts.take()))
    }
}

/// Ends writing to `a`, by its [`shutdown`](AsyncWrite::shutdown), and gives it back. What it was
/// given is handed on first. The peer of a socket sees the end of the stream.
///
/// ```
/// use std::io::BufWriter;
/// use futures::Future;
///
/// let writer = tokio::io::shutdown(BufWriter::new(std::io::sink())).wait()?;
/// assert!(writer.buffer().is_empty());
/// # std::io::Result::Ok(())
/// ```
pub fn shutdown<A: AsyncWrite>(a: A) -> Shutdown<A> {
    Shutdown { parts: Parts::new("Shutdown", a) }
}

/// The future of [`shutdown`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Shutdown<A> {
    parts: Parts<A>,
}

impl<A> Shutdown<A> {
    /// The writer; `None` after success.
    pub fn into_inner(self) -> Option<A> {
        self.parts.into_inner()
    }
}

impl<A: AsyncWrite> Future for Shutdown<A> {
    type Item = A;
    type Error = io::Error;

    fn poll(&mut self) -> Poll<A, io::Error> {
        try_ready!(self.parts.get_mut().shutdown());
        Ok(Async::Ready(self.parts.take()))
    }
}
