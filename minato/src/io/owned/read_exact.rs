//! Filling a buffer.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::parts::Parts;
use crate::io::AsyncRead;
use crate::io::util::poll_fill;

/// Reads until `buf` is full; returns reader and buffer.
///
/// An empty `buf` is full at once, and nothing is read.
///
/// # Errors
///
/// * [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the stream ends before: "the stream ended
///   after 4 of 8 bytes".
/// * The reader's error.
///
/// Reader, buffer and the bytes read so far stay in the future.
///
/// # Cancel safety
///
/// [`OwnedReadExact::into_parts`] gives everything back. Dropping the future loses the bytes read
/// so far.
///
/// # Examples
///
/// ```
/// use minato::io::owned;
///
/// # futures::executor::block_on(async {
/// let (client, socket) = minato::io::duplex(64);
/// let (_client, _) = owned::write_all(client, "harbour").await?;
/// let (_socket, buf) = owned::read_exact(socket, [0; 4]).await?;
/// assert_eq!(&buf, b"harb");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn read_exact<A, T>(a: A, buf: T) -> OwnedReadExact<A, T>
where
    A: AsyncRead + Unpin,
    T: AsMut<[u8]>,
{
    OwnedReadExact { parts: Parts::new("ReadExact", (a, buf, 0)) }
}

/// The future of [`read_exact`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct OwnedReadExact<A, T> {
    parts: Parts<(A, T, usize)>,
}

impl<A, T> OwnedReadExact<A, T> {
    /// The reader, the buffer, and how many bytes of it are filled; `None` after success.
    pub fn into_parts(self) -> Option<(A, T, usize)> {
        self.parts.into_inner()
    }
}

impl<A, T> Future for OwnedReadExact<A, T>
where
    A: AsyncRead + Unpin,
    T: AsMut<[u8]>,
{
    type Output = io::Result<(A, T)>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let reading = self.get_mut().parts.poll_with(|(reader, buf, filled)| {
            poll_fill(Pin::new(reader), cx, buf.as_mut(), filled)
        });
        reading.map_ok(|((reader, buf, _), ())| (reader, buf))
    }
}
