//! One read.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::parts::Parts;
use crate::io::AsyncRead;

/// Reads once into `buf`, as many bytes as are there; returns reader, buffer and their number.
///
/// 0 bytes mean the end of the stream, or an empty `buf`, for which nothing is read.
///
/// # Errors
///
/// The reader's error; nothing was read then.
///
/// # Cancel safety
///
/// Nothing was read before the future is done. [`OwnedRead::into_parts`] gives reader and buffer
/// back.
///
/// # Examples
///
/// ```
/// use minato::io::owned;
///
/// # futures::executor::block_on(async {
/// let (client, socket) = minato::io::duplex(64);
/// let (_client, _) = owned::write_all(client, "ahoy").await?;
/// let (_socket, buf, count) = owned::read(socket, vec![0; 1024]).await?;
/// assert_eq!(&buf[..count], b"ahoy");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn read<A, T>(a: A, buf: T) -> OwnedRead<A, T>
where
    A: AsyncRead + Unpin,
    T: AsMut<[u8]>,
{
    OwnedRead { parts: Parts::new("Read", (a, buf)) }
}

/// The future of [`read`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct OwnedRead<A, T> {
    parts: Parts<(A, T)>,
}

impl<A, T> OwnedRead<A, T> {
    /// The reader and the buffer, into which nothing was read; `None` after success.
    pub fn into_parts(self) -> Option<(A, T)> {
        self.parts.into_inner()
    }
}

impl<A, T> Future for OwnedRead<A, T>
where
    A: AsyncRead + Unpin,
    T: AsMut<[u8]>,
{
    type Output = io::Result<(A, T, usize)>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let reading = self.get_mut().parts.poll_with(|(reader, buf)| match buf.as_mut() {
            [] => Poll::Ready(Ok(0)),
            buf => Pin::new(reader).poll_read_slice(cx, buf),
        });
        reading.map_ok(|((reader, buf), count)| (reader, buf, count))
    }
}
