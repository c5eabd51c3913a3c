//! The futures that write by value: a whole buffer, flushing, and ending the writing side.

use std::pin::Pin;

use super::parts::{Parts, by_value_future};
use crate::io::AsyncWrite;
use crate::io::util::poll_write_rest;

/// Writes all of `buf`; returns writer and buffer.
///
/// The writer is not flushed: see [`flush`](super::flush()) for writers that buffer. For an empty
/// `buf` nothing is written.
///
/// # Errors
///
/// * [`WriteZero`](std::io::ErrorKind::WriteZero) if the writer takes 0 bytes.
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
pub fn write_all<A: AsyncWrite + Unpin, T: AsRef<[u8]>>(a: A, buf: T) -> OwnedWriteAll<A, T> {
    OwnedWriteAll { parts: Parts::new("WriteAll", (a, buf, 0)) }
}

by_value_future! {
    /// The future of [`write_all`].
    pub struct OwnedWriteAll<A: [AsyncWrite + Unpin], T: [AsRef<[u8]>]> of (A, T, usize) => (A, T);
    /// The writer, the buffer, and how many bytes of it were written; `None` after success.
    into_parts;
    |cx, (writer, buf, written)| poll_write_rest(Pin::new(writer), cx, buf.as_ref(), written);
    |(writer, buf, _), ()| (writer, buf)
}

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
pub fn flush<A: AsyncWrite + Unpin>(a: A) -> OwnedFlush<A> {
    OwnedFlush { parts: Parts::new("Flush", a) }
}

by_value_future! {
    /// The future of [`flush`].
    pub struct OwnedFlush<A: [AsyncWrite + Unpin]> of A => A;
    /// The writer; `None` after success.
    into_parts;
    |cx, writer| Pin::new(writer).poll_flush(cx);
    |writer, ()| writer
}

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
pub fn shutdown<A: AsyncWrite + Unpin>(a: A) -> OwnedShutdown<A> {
    OwnedShutdown { parts: Parts::new("Shutdown", a) }
}

by_value_future! {
    /// The future of [`shutdown`].
    pub struct OwnedShutdown<A: [AsyncWrite + Unpin]> of A => A;
    /// The writer; `None` after success.
    into_parts;
    |cx, writer| Pin::new(writer).poll_shutdown(cx);
    |writer, ()| writer
}
