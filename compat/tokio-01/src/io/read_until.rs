//! Reading up to a byte.

use std::io::{self, BufRead};

use futures::{Async, Future, Poll, try_ready};

use super::parts::Parts;
use super::{AsyncRead, poll_of};

/// Reads up to and including the next `byte`, or up to the end, and appends it to `buf`; gives the
/// reader and the buffer back.
///
/// There is no bound on what is read: limit the reader if the peer is not trusted.
///
/// # Errors
///
/// The reader's. [`ReadUntil::into_parts`] then has the reader, and the buffer with what was read
/// before.
///
/// ```
/// use futures::Future;
///
/// let (rest, field) = tokio::io::read_until(&b"bow;stern"[..], b';', Vec::new()).wait()?;
/// assert_eq!((&field[..], rest), (&b"bow;"[..], &b"stern"[..]));
/// # std::io::Result::Ok(())
/// ```
pub fn read_until<A>(a: A, byte: u8, buf: Vec<u8>) -> ReadUntil<A>
where
    A: AsyncRead + BufRead,
{
    ReadUntil { byte, parts: Parts::new("ReadUntil", (a, buf)) }
}

/// The future of [`read_until`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct ReadUntil<A> {
    byte: u8,
    parts: Parts<(A, Vec<u8>)>,
}

impl<A> ReadUntil<A> {
    /// The reader, and the buffer with what was read so far; `None` after success.
    pub fn into_parts(self) -> Option<(A, Vec<u8>)> {
        self.parts.into_inner()
    }
}

impl<A: AsyncRead + BufRead> Future for ReadUntil<A> {
    type Item = (A, Vec<u8>);
    type Error = io::Error;

    fn poll(&mut self) -> Poll<(A, Vec<u8>), io::Error> {
        let (reader, buf) = self.parts.get_mut();
        // Std appends what it reads as it comes, also before an error.
        try_ready!(poll_of(reader.read_until(self.byte, buf)));
        Ok(Async::Ready(self.parts.take()))
    }
}
