//! Writing a whole buffer.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::parts::Parts;
use crate::io::AsyncWrite;
use crate::io::util::poll_write_rest;

/// Writes all of `buf`; returns writer and buffer.
///
/// The writer is not flushed: see [`flush`](super::flush()) for writers that buffer. For an empty
/// `buf` nothing is written.
///
/// # Errors
///
/// * [`WriteZero`](io::ErrorKind::WriteZero) if the writer takes 0 bytes.
/// * The writer's error.
///
/// Writer and buffer stay in the future.
///
/// # Cancel safety
///
/// [`OwnedWriteAll::into_parts`] gives everything back, with the number of bytes that were written.
///
/// # Examples
///
/// ```
/// use minato::io::owned;
///
/// # futures::executor::block_on(async {
/// let (client, socket) = minato::io::duplex(64);
/// let (_client, message) = owned::write_all(client, String::from("ahoy")).await?;
/// assert_eq!(message, "ahoy");
/// let (_socket, buf) = owned::read_exact(socket, [0; 4]).await?;
/// assert_eq!(&buf, b"ahoy");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn write_all<A, T>(a: A, buf: T) -> OwnedWriteAll<A, T>
where
    A: AsyncWrite + Unpin,
    T: AsRef<[u8]>,
{
    OwnedWriteAll { parts: Parts::new("WriteAll", (a, buf, 0)) }
}

/// The future of [`write_all`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct OwnedWriteAll<A, T> {
    parts: Parts<(A, T, usize)>,
}

impl<A, T> OwnedWriteAll<A, T> {
    /// The writer, the buffer, and how many bytes of it were written; `None` after success.
    pub fn into_parts(self) -> Option<(A, T, usize)> {
        self.parts.into_inner()
    }
}

impl<A, T> Future for OwnedWriteAll<A, T>
where
    A: AsyncWrite + Unpin,
    T: AsRef<[u8]>,
{
    type Output = io::Result<(A, T)>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let writing = self.get_mut().parts.poll_with(|(writer, buf, written)| {
            poll_write_rest(Pin::new(writer), cx, buf.as_ref(), written)
        });
        writing.map_ok(|((writer, buf, _), ())| (writer, buf))
    }
}
