//! Reading everything.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::parts::Parts;
use crate::io::AsyncRead;
use crate::io::util::{Progress, poll_to_end};

/// Reads until the end of the stream and appends everything to `buf`; returns reader and buffer.
///
/// The bytes in `buf` stay in front. A buffer whose free capacity is just what the stream holds is
/// not reallocated. The number of bytes has no limit: limit the reader if the peer is not trusted.
///
/// # Errors
///
/// The reader's error. Reader, buffer and the bytes read so far stay in the future.
///
/// # Cancel safety
///
/// [`OwnedReadToEnd::into_parts`] gives everything back. Dropping the future loses the bytes read
/// so far.
///
/// # Examples
///
/// ```
/// use minato::io::owned;
///
/// # futures::executor::block_on(async {
/// let (client, socket) = minato::io::duplex(64);
/// let (client, _) = owned::write_all(client, "two ships").await?;
/// drop(client);
/// let (_socket, log) = owned::read_to_end(socket, b"log: ".to_vec()).await?;
/// assert_eq!(log, b"log: two ships");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn read_to_end<A>(a: A, buf: Vec<u8>) -> OwnedReadToEnd<A>
where
    A: AsyncRead + Unpin,
{
    OwnedReadToEnd { parts: Parts::new("ReadToEnd", (a, buf, Progress::default())) }
}

/// The future of [`read_to_end`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct OwnedReadToEnd<A> {
    parts: Parts<(A, Vec<u8>, Progress)>,
}

impl<A> OwnedReadToEnd<A> {
    /// The reader, the buffer, and how many bytes were appended to it; `None` after success.
    pub fn into_parts(self) -> Option<(A, Vec<u8>, usize)> {
        let (reader, buf, progress) = self.parts.into_inner()?;
        Some((reader, buf, progress.count()))
    }
}

impl<A> Future for OwnedReadToEnd<A>
where
    A: AsyncRead + Unpin,
{
    type Output = io::Result<(A, Vec<u8>)>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let reading = self
            .get_mut()
            .parts
            .poll_with(|(reader, buf, progress)| poll_to_end(Pin::new(reader), cx, buf, progress));
        reading.map_ok(|((reader, buf, _), ())| (reader, buf))
    }
}
