//! The futures that read by value: once, until a buffer is full, up to a byte, or everything.

use std::pin::Pin;
use std::task::Poll;

use super::parts::{Parts, by_value_future};
use crate::io::util::{ToEnd, Until, poll_fill, poll_through};
use crate::io::{AsyncBufRead, AsyncRead, Lent};

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
pub fn read<A: AsyncRead + Unpin, T: AsMut<[u8]>>(a: A, buf: T) -> OwnedRead<A, T> {
    OwnedRead { parts: Parts::new("Read", (a, buf)) }
}

by_value_future! {
    /// The future of [`read`].
    pub struct OwnedRead<A: [AsyncRead + Unpin], T: [AsMut<[u8]>]> of (A, T) => (A, T, usize);
    /// The reader and the buffer, into which nothing was read; `None` after success.
    into_parts;
    |cx, (reader, buf)| match buf.as_mut() {
        [] => Poll::Ready(Ok(0)),
        buf => Pin::new(reader).poll_read_slice(cx, buf),
    };
    |(reader, buf), count| (reader, buf, count)
}

/// Reads once, into memory that this thread lends for it; returns the reader and what was read,
/// `None` at the end of the stream. While it waits it has no buffer; see [`Lent`].
///
/// # Errors
///
/// The reader's error; nothing was read then.
///
/// # Cancel safety
///
/// Nothing was read before the future is done. [`OwnedReadLent::into_parts`] gives the reader back.
///
/// # Examples
///
/// ```
/// use minato::io::owned;
///
/// # futures::executor::block_on(async {
/// let (client, socket) = minato::io::duplex(64);
/// let (client, _) = owned::write_all(client, "ahoy").await?;
/// let (socket, lent) = owned::read_lent(socket).await?;
/// assert_eq!(lent.as_deref(), Some(&b"ahoy"[..]));
/// drop(client);
/// let (_socket, lent) = owned::read_lent(socket).await?;
/// assert!(lent.is_none(), "the end");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn read_lent<A: AsyncRead + Unpin>(a: A) -> OwnedReadLent<A> {
    OwnedReadLent { parts: Parts::new("ReadLent", a) }
}

by_value_future! {
    /// The future of [`read_lent`].
    pub struct OwnedReadLent<A: [AsyncRead + Unpin]> of A => (A, Option<Lent>);
    /// The reader, from which nothing was read; `None` after success.
    into_parts;
    |cx, reader| Pin::new(reader).poll_read_lent(cx);
    |reader, lent| (reader, lent)
}

/// Reads until `buf` is full; returns reader and buffer.
///
/// An empty `buf` is full at once, and nothing is read.
///
/// # Errors
///
/// * [`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof) if the stream ends before: "the stream
///   ended after 4 of 8 bytes".
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
pub fn read_exact<A: AsyncRead + Unpin, T: AsMut<[u8]>>(a: A, buf: T) -> OwnedReadExact<A, T> {
    OwnedReadExact { parts: Parts::new("ReadExact", (a, buf, 0)) }
}

by_value_future! {
    /// The future of [`read_exact`].
    pub struct OwnedReadExact<A: [AsyncRead + Unpin], T: [AsMut<[u8]>]> of (A, T, usize) => (A, T);
    /// The reader, the buffer, and how many bytes of it are filled; `None` after success.
    into_parts;
    |cx, (reader, buf, filled)| poll_fill(Pin::new(reader), cx, buf.as_mut(), filled);
    |(reader, buf, _), ()| (reader, buf)
}

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
pub fn read_until<A: AsyncBufRead + Unpin>(a: A, byte: u8, buf: Vec<u8>) -> OwnedReadUntil<A> {
    OwnedReadUntil { parts: Parts::new("ReadUntil", (a, buf, Until::new(byte))) }
}

by_value_future! {
    /// The future of [`read_until`].
    pub struct OwnedReadUntil<A: [AsyncBufRead + Unpin]> of (A, Vec<u8>, Until) => (A, Vec<u8>);
    |cx, (reader, buf, until)| {
        poll_through(Pin::new(reader), cx, until, |bytes| buf.extend_from_slice(bytes))
    };
    |(reader, buf, _), _| (reader, buf)
}

impl<A> OwnedReadUntil<A> {
    /// The reader, the buffer, and how many bytes were appended to it; `None` after success.
    pub fn into_parts(self) -> Option<(A, Vec<u8>, usize)> {
        self.parts.into_inner().map(|(reader, buf, until)| (reader, buf, until.count))
    }
}

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
pub fn read_to_end<A: AsyncRead + Unpin>(a: A, buf: Vec<u8>) -> OwnedReadToEnd<A> {
    OwnedReadToEnd { parts: Parts::new("ReadToEnd", (a, ToEnd::new(buf))) }
}

by_value_future! {
    /// The future of [`read_to_end`].
    pub struct OwnedReadToEnd<A: [AsyncRead + Unpin]> of (A, ToEnd<Vec<u8>>) => (A, Vec<u8>);
    |cx, (reader, reading)| reading.poll(Pin::new(reader), cx);
    |(reader, reading), ()| (reader, reading.into_parts().0)
}

impl<A> OwnedReadToEnd<A> {
    /// The reader, the buffer, and how many bytes were appended to it; `None` after success.
    pub fn into_parts(self) -> Option<(A, Vec<u8>, usize)> {
        let (reader, reading) = self.parts.into_inner()?;
        let (buf, count) = reading.into_parts();
        Some((reader, buf, count))
    }
}
