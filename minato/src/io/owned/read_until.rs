//! Reading up to a byte.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::parts::Parts;
use crate::io::AsyncBufRead;
use crate::io::util::poll_through;

/// Reads up to and including the next `byte`, or up to the end of the stream, and appends it to
/// `buf`; returns reader and buffer.
///
/// If nothing was appended, the stream is at its end. The number of bytes has no limit: limit the
/// reader if the peer is not trusted.
///
/// # Errors
///
/// The reader's error. Reader, buffer and the bytes read so far stay in the future.
///
/// # Cancel safety
///
/// [`OwnedReadUntil::into_parts`] gives everything back. Dropping the future loses the bytes read
/// so far.
///
/// # Examples
///
/// ```
/// use minato::io::{SimplexStream, owned};
///
/// # futures::executor::block_on(async {
/// let pipe = SimplexStream::new_unsplit(64);
/// let (pipe, _) = owned::write_all(pipe, "bow;stern").await?;
/// let pipe = owned::shutdown(pipe).await?;
/// let (pipe, field) = owned::read_until(pipe, b';', Vec::new()).await?;
/// assert_eq!(field, b"bow;");
/// let (_pipe, field) = owned::read_until(pipe, b';', Vec::new()).await?;
/// assert_eq!(field, b"stern");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn read_until<A>(a: A, byte: u8, buf: Vec<u8>) -> OwnedReadUntil<A>
where
    A: AsyncBufRead + Unpin,
{
    OwnedReadUntil { byte, parts: Parts::new("ReadUntil", (a, buf, 0)) }
}

/// The future of [`read_until`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct OwnedReadUntil<A> {
    byte: u8,
    parts: Parts<(A, Vec<u8>, usize)>,
}

impl<A> OwnedReadUntil<A> {
    /// The reader, the buffer, and how many bytes were appended to it; `None` after success.
    pub fn into_parts(self) -> Option<(A, Vec<u8>, usize)> {
        self.parts.into_inner()
    }
}

impl<A> Future for OwnedReadUntil<A>
where
    A: AsyncBufRead + Unpin,
{
    type Output = io::Result<(A, Vec<u8>)>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { byte, parts } = self.get_mut();
        let reading = parts.poll_with(|(reader, buf, appended)| {
            poll_through(Pin::new(reader), cx, *byte, |bytes| {
                buf.extend_from_slice(bytes);
                *appended += bytes.len();
            })
        });
        reading.map_ok(|((reader, buf, _), _)| (reader, buf))
    }
}
