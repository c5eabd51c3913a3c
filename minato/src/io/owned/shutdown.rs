//! Ending the writing side.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::parts::Parts;
use crate::io::AsyncWrite;

/// Flushes `a` and ends its writing side, so that the peer of a socket sees the end of the stream;
/// returns the writer, which may still be read from if it is a reader too.
///
/// # Errors
///
/// The writer's error. The writer stays in the future.
///
/// # Cancel safety
///
/// [`OwnedShutdown::into_parts`] gives the writer back. The shutdown may have begun; to shut down
/// again completes it.
///
/// # Examples
///
/// ```
/// use minato::io::owned;
///
/// # futures::executor::block_on(async {
/// let (client, socket) = minato::io::duplex(64);
/// let _client = owned::shutdown(client).await?;
/// let (_socket, _, count) = owned::read(socket, [0; 8]).await?;
/// assert_eq!(count, 0);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn shutdown<A>(a: A) -> OwnedShutdown<A>
where
    A: AsyncWrite + Unpin,
{
    OwnedShutdown { parts: Parts::new("Shutdown", a) }
}

/// The future of [`shutdown`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct OwnedShutdown<A> {
    parts: Parts<A>,
}

impl<A> OwnedShutdown<A> {
    /// The writer; `None` after success.
    pub fn into_parts(self) -> Option<A> {
        self.parts.into_inner()
    }
}

impl<A> Future for OwnedShutdown<A>
where
    A: AsyncWrite + Unpin,
{
    type Output = io::Result<A>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let parts = &mut self.get_mut().parts;
        parts.poll_with(|writer| Pin::new(writer).poll_shutdown(cx)).map_ok(|(writer, ())| writer)
    }
}
