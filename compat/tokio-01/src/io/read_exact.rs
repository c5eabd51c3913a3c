//! Reading as many bytes as a buffer is long.

use std::io;

use futures::{Async, Future, Poll, try_ready};

use super::AsyncRead;
use super::parts::Parts;

/// Fills `buf`; gives the reader and the buffer back.
///
/// # Errors
///
/// `UnexpectedEof` if the end comes first; else the reader's. [`ReadExact::into_parts`] then has
/// the reader and the buffer.
///
/// ```
/// use futures::Future;
/// use tokio::io;
///
/// let (rest, buf) = io::read_exact(&b"ahoy!"[..], [0; 4]).wait()?;
/// assert_eq!((&buf, rest), (b"ahoy", &b"!"[..]));
///
/// let mut reading = io::read_exact(rest, [0; 4]);
/// assert_eq!(reading.poll().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
/// let (_, buf, filled) = reading.into_parts().unwrap();
/// assert_eq!(&buf[..filled], b"!");
/// # std::io::Result::Ok(())
/// ```
pub fn read_exact<A, T>(a: A, buf: T) -> ReadExact<A, T>
where
    A: AsyncRead,
    T: AsMut<[u8]>,
{
    ReadExact { parts: Parts::new("ReadExact", (a, buf, 0)) }
}

/// The future of [`read_exact`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct ReadExact<A, T> {
    parts: Parts<(A, T, usize)>,
}

impl<A, T> ReadExact<A, T> {
    /// The reader, the buffer, and how many bytes at its front were read; `None` after success.
    pub fn into_parts(self) -> Option<(A, T, usize)> {
        self.parts.into_inner()
    }
}

impl<A: AsyncRead, T: AsMut<[u8]>> Future for ReadExact<A, T> {
    type Item = (A, T);
    type Error = io::Error;

    fn poll(&mut self) -> Poll<(A, T), io::Error> {
        let (reader, buf, filled) = self.parts.get_mut();
        let buf = buf.as_mut();
        while *filled < buf.len() {
            let len = try_ready!(reader.poll_read(&mut buf[*filled..]));
            if len == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "early eof"));
            }
            *filled += len;
        }
        let (reader, buf, _) = self.parts.take();
        Ok(Async::Ready((reader, buf)))
    }
}
