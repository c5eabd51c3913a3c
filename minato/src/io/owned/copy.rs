//! Copying from a reader to a writer, both by value.

use std::pin::Pin;

use super::parts::{Parts, by_value_future};
use crate::io::transfer::{BufferSizes, Transfer};
use crate::io::{AsyncRead, AsyncWrite};

/// Copies everything from `reader` to `writer` until the reader ends; returns the number of bytes,
/// reader and writer.
///
/// It copies as [`io::copy`](crate::io::copy()) does: the writer is flushed at the end and whenever
/// the reader has nothing more at the moment, and is not shut down; between two sockets it splices
/// when that is cheaper.
///
/// # Errors
///
/// * An error of the reader is returned after everything read before it is written and flushed.
/// * An error of the writer is returned at once; a writer that takes 0 bytes is a
///   [`WriteZero`](std::io::ErrorKind::WriteZero) error.
///
/// Reader, writer and the bytes between them stay in the future; polled again, it goes on.
///
/// # Cancel safety
///
/// [`OwnedCopy::into_parts`] gives everything back, also the bytes that were read but not written,
/// out of the pipe if they were spliced, so that nothing is lost. An error of the reader that was
/// to be returned after those bytes is dropped.
///
/// # Examples
///
/// ```
/// use minato::io::{self, owned};
///
/// # futures::executor::block_on(async {
/// let (quay, crane) = io::duplex(64);
/// drop(owned::write_all(crane, "cargo").await?);
/// let (hold, inside) = io::duplex(64);
///
/// let (copied, _quay, _hold) = owned::copy(quay, hold).await?;
/// assert_eq!(copied, 5);
/// let (_inside, bytes) = owned::read_exact(inside, [0; 5]).await?;
/// assert_eq!(&bytes, b"cargo");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn copy<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(reader: R, writer: W) -> OwnedCopy<R, W> {
    let transfer = Transfer::new(BufferSizes::ADAPTIVE);
    OwnedCopy { parts: Parts::new("Copy", (reader, writer, transfer)) }
}

by_value_future! {
    /// The future of [`copy`].
    pub struct OwnedCopy<R: [AsyncRead + Unpin], W: [AsyncWrite + Unpin]>
    of (R, W, Transfer) => (u64, R, W);
    |cx, (reader, writer, transfer)| transfer.poll(cx, Pin::new(reader), Pin::new(writer));
    |(reader, writer, _), copied| (copied, reader, writer)
}

impl<R, W> OwnedCopy<R, W> {
    /// The reader, the writer, how many bytes were written, and the bytes that were read after
    /// those and not yet written; `None` after success.
    pub fn into_parts(self) -> Option<(R, W, u64, Vec<u8>)> {
        let (reader, writer, transfer) = self.parts.into_inner()?;
        let (copied, unwritten) = transfer.into_unwritten();
        Some((reader, writer, copied, unwritten))
    }
}
