//! Flushing a writer.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::parts::Parts;
use crate::io::AsyncWrite;

/// Hands on everything that `a` has buffered; returns the writer.
///
/// # Errors
///
/// The writer's error. The writer stays in the future.
///
/// # Cancel safety
///
/// [`OwnedFlush::into_parts`] gives the writer back. It may have handed on a part of its bytes;
/// flushing again hands on the rest.
///
/// # Examples
///
/// ```
/// use minato::io::owned;
///
/// # futures::executor::block_on(async {
/// let (client, _socket) = minato::io::duplex(64);
/// let (client, _) = owned::write_all(client, "ahoy").await?;
/// let _client = owned::flush(client).await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn flush<A>(a: A) -> OwnedFlush<A>
where
    A: AsyncWrite + Unpin,
{
    OwnedFlush { parts: Parts::new("Flush", a) }
}

/// The future of [`flush`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct OwnedFlush<A> {
    parts: Parts<A>,
}

impl<A> OwnedFlush<A> {
    /// The writer; `None` after success.
    pub fn into_parts(self) -> Option<A> {
        self.parts.into_inner()
    }
}

impl<A> Future for OwnedFlush<A>
where
    A: AsyncWrite + Unpin,
{
    type Output = io::Result<A>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let parts = &mut self.get_mut().parts;
        parts.poll_with(|writer| Pin::new(writer).poll_flush(cx)).map_ok(|(writer, ())| writer)
    }
}
