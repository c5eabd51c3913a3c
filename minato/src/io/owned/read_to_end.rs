//! Reading everything.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::parts::Parts;
use crate::io::AsyncRead;
use crate::task::budget::CallBudget;

/// Reads until the end of the stream and appends everything to `buf`; returns reader and buffer.
///
/// What is in `buf` stays in front. A buffer whose free capacity is just what the stream holds is
/// not reallocated. There is no bound on what is read: limit the reader if the peer is not trusted.
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
    OwnedReadToEnd { parts: Parts::new("ReadToEnd", (a, Appending::new(buf))) }
}

/// The future of [`read_to_end`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct OwnedReadToEnd<A> {
    parts: Parts<(A, Appending)>,
}

impl<A> OwnedReadToEnd<A> {
    /// The reader, the buffer, and how many bytes were appended to it; `None` after success.
    pub fn into_parts(self) -> Option<(A, Vec<u8>, usize)> {
        let (reader, appending) = self.parts.into_inner()?;
        let appended = appending.filled - appending.start;
        Some((reader, appending.into_filled(), appended))
    }
}

impl<A> Future for OwnedReadToEnd<A>
where
    A: AsyncRead + Unpin,
{
    type Output = io::Result<(A, Vec<u8>)>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let parts = &mut self.get_mut().parts;
        let (reader, appending) = parts.get_mut();
        let mut budget = ready!(CallBudget::poll_new(cx));
        loop {
            let count = ready!(appending.poll_read(cx, Pin::new(&mut *reader)))?;
            if count == 0 {
                let (reader, appending) = parts.take();
                return Poll::Ready(Ok((reader, appending.into_filled())));
            }
            ready!(budget.poll_spend(cx, count));
        }
    }
}

/// A vector that is being read into. Its length runs ahead of what is filled, so that each byte of
/// its free space is zeroed once and not before every read.
#[derive(Debug)]
struct Appending {
    bytes: Vec<u8>,
    /// Where the appended bytes begin.
    start: usize,
    filled: usize,
    /// The capacity that came with the vector.
    given: usize,
}

impl Appending {
    /// How much is read at once: as much as there was so far, within these bounds.
    const SMALLEST: usize = 8 * 1024;
    const LARGEST: usize = 256 * 1024;

    fn new(bytes: Vec<u8>) -> Self {
        let (filled, given) = (bytes.len(), bytes.capacity());
        Self { bytes, start: filled, filled, given }
    }

    fn poll_read<R: AsyncRead + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        reader: Pin<&mut R>,
    ) -> Poll<io::Result<usize>> {
        if self.filled == self.given && self.given > 0 {
            return self.poll_probe(cx, reader);
        }
        if self.filled == self.bytes.len() {
            self.make_room();
        }
        let count = ready!(reader.poll_read_slice(cx, &mut self.bytes[self.filled..]))?;
        self.filled += count;
        Poll::Ready(Ok(count))
    }

    /// Asks whether anything comes after the capacity that the caller chose: often it is exactly
    /// what is needed, and growing would be for the end of the stream only.
    fn poll_probe<R: AsyncRead + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        reader: Pin<&mut R>,
    ) -> Poll<io::Result<usize>> {
        let mut probe = [0; 32];
        let count = ready!(reader.poll_read_slice(cx, &mut probe))?;
        self.bytes.extend_from_slice(&probe[..count]);
        self.filled += count;
        Poll::Ready(Ok(count))
    }

    fn make_room(&mut self) {
        let chunk = (self.filled - self.start).clamp(Self::SMALLEST, Self::LARGEST);
        if self.filled >= self.given {
            self.bytes.reserve(chunk);
        }
        self.bytes.resize(self.bytes.capacity().min(self.filled + chunk), 0);
    }

    fn into_filled(mut self) -> Vec<u8> {
        self.bytes.truncate(self.filled);
        self.bytes
    }
}
