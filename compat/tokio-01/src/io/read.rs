//! Reading once.

use std::io;

use futures::{Async, Future, Poll, try_ready};

use super::AsyncRead;
use super::parts::Parts;

/// Reads once into `buf`; gives the reader and the buffer back, with the number of bytes that were
/// read. 0 is the end, or an empty `buf`.
///
/// ```
/// use futures::Future;
///
/// let (_rest, buf, len) = tokio::io::read(&b"ahoy"[..], [0; 16]).wait()?;
/// assert_eq!(&buf[..len], b"ahoy");
/// # std::io::Result::Ok(())
/// ```
pub fn read<R, T>(reader: R, buf: T) -> Read<R, T>
where
    R: AsyncRead,
    T: AsMut<[u8]>,
{
    Read { parts: Parts::new("Read", (reader, buf)) }
}

/// The future of [`read`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Read<R, T> {
    parts: Parts<(R, T)>,
}

impl<R, T> Read<R, T> {
    /// The reader and the buffer, into which nothing was read; `None` after success.
    pub fn into_parts(self) -> Option<(R, T)> {
        self.parts.into_inner()
    }
}

impl<R: AsyncRead, T: AsMut<[u8]>> Future for Read<R, T> {
    type Item = (R, T, usize);
    type Error = io::Error;

    fn poll(&mut self) -> Poll<Self::Item, io::Error> {
        let (reader, buf) = self.parts.get_mut();
        let len = try_ready!(reader.poll_read(buf.as_mut()));
        let (reader, buf) = self.parts.take();
        Ok(Async::Ready((reader, buf, len)))
    }
}
