//! Reading all there is.

use std::io;

use futures::{Async, Future, Poll, try_ready};

use super::parts::Parts;
use super::{AsyncRead, poll_of};

/// Reads up to the end, and appends all of it to `buf`; gives the reader and the buffer back.
///
/// There is no bound on what is read: limit the reader if the peer is not trusted.
///
/// # Errors
///
/// The reader's. [`ReadToEnd::into_parts`] then has the reader, and the buffer with what was read
/// before.
///
/// ```
/// use futures::Future;
///
/// let (_, all) = tokio::io::read_to_end(&b"board"[..], b"star".to_vec()).wait()?;
/// assert_eq!(all, b"starboard");
/// # std::io::Result::Ok(())
/// ```
pub fn read_to_end<A: AsyncRead>(a: A, buf: Vec<u8>) -> ReadToEnd<A> {
    ReadToEnd { parts: Parts::new("ReadToEnd", (a, buf)) }
}

/// The future of [`read_to_end`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct ReadToEnd<A> {
    parts: Parts<(A, Vec<u8>)>,
}

impl<A> ReadToEnd<A> {
    /// The reader, and the buffer with what was read so far; `None` after success.
    pub fn into_parts(self) -> Option<(A, Vec<u8>)> {
        self.parts.into_inner()
    }
}

impl<A: AsyncRead> Future for ReadToEnd<A> {
    type Item = (A, Vec<u8>);
    type Error = io::Error;

    fn poll(&mut self) -> Poll<(A, Vec<u8>), io::Error> {
        let (reader, buf) = self.parts.get_mut();
        // Std appends what it reads as it comes, also before an error.
        try_ready!(poll_of(reader.read_to_end(buf)));
        Ok(Async::Ready(self.parts.take()))
    }
}
