//! Writing the whole of a buffer.

use std::io;

use futures::{Async, Future, Poll, try_ready};

use super::AsyncWrite;
use super::parts::Parts;

/// Writes all of `buf`, without flushing; gives the writer and the buffer back.
///
/// # Errors
///
/// `WriteZero` if the writer takes nothing more; else the writer's. [`WriteAll::into_parts`] then
/// has the writer and the buffer.
///
/// ```
/// use std::io::Cursor;
/// use futures::Future;
///
/// let (target, _) = tokio::io::write_all(Cursor::new(Vec::new()), "ahoy").wait()?;
/// assert_eq!(target.into_inner(), b"ahoy");
/// # std::io::Result::Ok(())
/// ```
pub fn write_all<A, T>(a: A, buf: T) -> WriteAll<A, T>
where
    A: AsyncWrite,
    T: AsRef<[u8]>,
{
    WriteAll { parts: Parts::new("WriteAll", (a, buf, 0)) }
}

/// The future of [`write_all`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct WriteAll<A, T> {
    parts: Parts<(A, T, usize)>,
}

impl<A, T> WriteAll<A, T> {
    /// The writer, the buffer, and how many bytes of it were written; `None` after success.
    pub fn into_parts(self) -> Option<(A, T, usize)> {
        self.parts.into_inner()
    }
}

impl<A: AsyncWrite, T: AsRef<[u8]>> Future for WriteAll<A, T> {
    type Item = (A, T);
    type Error = io::Error;

    fn poll(&mut self) -> Poll<(A, T), io::Error> {
        let (writer, buf, written) = self.parts.get_mut();
        let buf = buf.as_ref();
        while *written < buf.len() {
            let len = try_ready!(writer.poll_write(&buf[*written..]));
            if len == 0 {
                return Err(io::Error::new(io::ErrorKind::WriteZero, "zero-length write"));
            }
            *written += len;
        }
        let (writer, buf, _) = self.parts.take();
        Ok(Async::Ready((writer, buf)))
    }
}
