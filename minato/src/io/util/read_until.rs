//! The futures of buffered reading, and the loop that reads up to a delimiter.

use std::io::{self, BufRead};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::future::helper_future;
use super::text::Decoder;
use crate::io::AsyncBufRead;
use crate::io::interrupted::uninterrupted;
use crate::task::budget::CallBudget;

/// Where a piece of a stream ends, and how much of it has come.
#[derive(Debug)]
pub(in crate::io) struct Until {
    pub(super) delimiter: u8,
    /// How many bytes may come before the delimiter.
    pub(in crate::io) max_length: usize,
    pub(in crate::io) count: usize,
}

impl Until {
    pub(in crate::io) fn new(delimiter: u8) -> Self {
        Self { delimiter, max_length: usize::MAX, count: 0 }
    }

    #[cold]
    fn too_long(&self) -> io::Error {
        let Self { delimiter, max_length, .. } = self;
        let delimiter = delimiter.escape_ascii();
        let text = format!("no '{delimiter}' came within {max_length} bytes, which is the limit");
        io::Error::new(io::ErrorKind::InvalidData, text)
    }
}

/// Hands what comes, up to and including the delimiter, to `append`; returns whether the delimiter
/// was found, rather than the end of the stream.
///
/// Bytes are consumed only after they were handed over, so a call that ends in `Pending` or an
/// error is continued by the next. Of a piece that is too long, the first `max_length` bytes are
/// handed over.
pub(in crate::io) fn poll_through<R: AsyncBufRead + ?Sized>(
    mut reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    until: &mut Until,
    mut append: impl FnMut(&[u8]),
) -> Poll<io::Result<bool>> {
    let mut budget = ready!(CallBudget::poll_new(cx));
    loop {
        let available = ready!(uninterrupted!(cx, reader.as_mut().poll_fill_buf(cx)))?;
        // The delimiter may come behind as much as there may be.
        let room = until.max_length.saturating_sub(until.count);
        let part = &available[..available.len().min(room.saturating_add(1))];
        let Some(last) = part.last() else { return Poll::Ready(Ok(false)) };
        // The standard library searches with `memchr` here, far faster than an iterator.
        let mut length = (&*part).skip_until(until.delimiter)?;
        let found = length < part.len() || *last == until.delimiter;
        if !found {
            length = length.min(room);
        }
        let is_too_long = !found && length < part.len();
        append(&part[..length]);
        reader.as_mut().consume(length);
        until.count += length;
        if found || is_too_long {
            return Poll::Ready(if found { Ok(true) } else { Err(until.too_long()) });
        }
        ready!(budget.poll_spend(cx, length));
    }
}

/// Gathers what comes up to and including the delimiter in `piece`; returns it from there when it
/// is whole, and `None` at the end of the stream. The last piece may lack the delimiter.
pub(super) fn poll_piece<R: AsyncBufRead + ?Sized>(
    reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    until: &mut Until,
    piece: &mut Vec<u8>,
) -> Poll<io::Result<Option<Vec<u8>>>> {
    ready!(poll_through(reader, cx, until, |bytes| piece.extend_from_slice(bytes)))?;
    until.count = 0;
    Poll::Ready(Ok(if piece.is_empty() { None } else { Some(mem::take(piece)) }))
}

helper_future! {
    /// The future of [`AsyncBufReadExt::read_until`](crate::io::AsyncBufReadExt::read_until).
    pub struct ReadUntil<'a, R: ?Sized> {
        pub(super) reader: &'a mut R,
        pub(super) until: Until,
        pub(super) buf: &'a mut Vec<u8>,
    }
    where (R: AsyncBufRead + Unpin) -> io::Result<usize>;
    |this, cx| {
        let append = |bytes: &[u8]| this.buf.extend_from_slice(bytes);
        ready!(poll_through(Pin::new(&mut **this.reader), cx, this.until, append))?;
        Poll::Ready(Ok(this.until.count))
    }
}

helper_future! {
    /// The future of [`AsyncBufReadExt::read_line`](crate::io::AsyncBufReadExt::read_line).
    pub struct ReadLine<'a, R: ?Sized> {
        pub(super) reader: &'a mut R,
        pub(super) text: &'a mut String,
        pub(super) decoder: Decoder,
        pub(super) until: Until,
    }
    where (R: AsyncBufRead + Unpin) -> io::Result<usize>;
    |this, cx| {
        let append = |bytes: &[u8]| this.decoder.push(this.text, bytes);
        let read = ready!(poll_through(Pin::new(&mut **this.reader), cx, this.until, append));
        this.decoder.finish(this.text, read)?;
        Poll::Ready(Ok(this.until.count))
    }
}

/// Gives `$type`, which has a field `until: Until`, a limit.
macro_rules! max_length {
    ([$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> $type {
            /// Limits how many bytes may come before the delimiter, which does not count; a `\r`
            /// before a line feed does. By default there is no limit.
            ///
            /// More than that are an [`InvalidData`](std::io::ErrorKind::InvalidData) error that
            /// names the limit. Nothing is lost: as many bytes as may come are kept where they are
            /// gathered, and the rest is still in the reader. With a higher limit it goes on from
            /// there.
            pub fn max_length(mut self, max_length: usize) -> Self {
                self.until.max_length = max_length;
                self
            }
        }
    };
}

pub(super) use max_length;

max_length!(['a, R: ?Sized] ReadUntil<'a, R>);

helper_future! {
    /// The future of [`AsyncBufReadExt::fill_buf`](crate::io::AsyncBufReadExt::fill_buf).
    ///
    /// # Panics
    ///
    /// Polled after it has given the bytes: the reader went with them.
    pub struct FillBuf<'a, R: ?Sized> {
        pub(super) reader: Option<&'a mut R>,
    }
    where (R: AsyncBufRead + Unpin) -> io::Result<&'a [u8]>;
    |this, cx| {
        let slot = this.reader;
        let reader = slot.as_mut().expect("FillBuf polled after completion");
        if ready!(Pin::new(&mut **reader).poll_fill_buf(cx))?.is_empty() {
            return Poll::Ready(Ok(&[]));
        }
        // The bytes borrow the reader for `'a`, which only a reader that is given away allows. So
        // it is asked twice; the second time it has the bytes and only shows them.
        let reader = slot.take().expect("the reader was there a moment ago");
        match Pin::new(reader).poll_fill_buf(cx) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => {
                Poll::Ready(Err(io::Error::other("the reader took back the bytes it had shown")))
            }
        }
    }
}
