//! Reading up to a delimiter: the loop, and the futures over it.

use std::io::{self, BufRead};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::future::helper_future;
use super::text::Decoder;
use crate::io::AsyncBufRead;
use crate::io::interrupted::uninterrupted;
use crate::task::budget::CallBudget;

/// Hands what comes, up to and including `delimiter`, to `append`; returns whether the delimiter
/// was found, rather than the end of the stream.
///
/// Bytes are consumed only after they were handed over, so a call that ends in `Pending` or an
/// error is continued by the next.
pub(in crate::io) fn poll_through<R: AsyncBufRead + ?Sized>(
    mut reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    delimiter: u8,
    mut append: impl FnMut(&[u8]),
) -> Poll<io::Result<bool>> {
    let mut budget = ready!(CallBudget::poll_new(cx));
    loop {
        let available = ready!(uninterrupted!(cx, reader.as_mut().poll_fill_buf(cx)))?;
        let Some(last) = available.last() else { return Poll::Ready(Ok(false)) };
        // The standard library searches with `memchr` here, far faster than an iterator.
        let length = (&*available).skip_until(delimiter)?;
        let found = length < available.len() || *last == delimiter;
        append(&available[..length]);
        reader.as_mut().consume(length);
        if found {
            return Poll::Ready(Ok(true));
        }
        ready!(budget.poll_spend(cx, length));
    }
}

/// Gathers what comes up to and including `delimiter` in `piece`; returns it from there when it is
/// whole, and `None` at the end of the stream. The last piece may lack the delimiter.
pub(super) fn poll_piece<R: AsyncBufRead + ?Sized>(
    reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    delimiter: u8,
    piece: &mut Vec<u8>,
) -> Poll<io::Result<Option<Vec<u8>>>> {
    ready!(poll_through(reader, cx, delimiter, |bytes| piece.extend_from_slice(bytes)))?;
    Poll::Ready(Ok(if piece.is_empty() { None } else { Some(mem::take(piece)) }))
}

helper_future! {
    /// The future of [`AsyncBufReadExt::read_until`](crate::io::AsyncBufReadExt::read_until).
    pub struct ReadUntil<'a, R: ?Sized> {
        pub(super) reader: &'a mut R,
        pub(super) delimiter: u8,
        pub(super) buf: &'a mut Vec<u8>,
        pub(super) count: usize,
    }
    where (R: AsyncBufRead + Unpin) -> io::Result<usize>;
    |this, cx| {
        ready!(poll_through(Pin::new(&mut **this.reader), cx, *this.delimiter, |bytes| {
            this.buf.extend_from_slice(bytes);
            *this.count += bytes.len();
        }))?;
        Poll::Ready(Ok(*this.count))
    }
}

helper_future! {
    /// The future of [`AsyncBufReadExt::read_line`](crate::io::AsyncBufReadExt::read_line).
    pub struct ReadLine<'a, R: ?Sized> {
        pub(super) reader: &'a mut R,
        pub(super) text: &'a mut String,
        pub(super) decoder: Decoder,
        pub(super) count: usize,
    }
    where (R: AsyncBufRead + Unpin) -> io::Result<usize>;
    |this, cx| {
        let read = ready!(poll_through(Pin::new(&mut **this.reader), cx, b'\n', |bytes| {
            this.decoder.push(this.text, bytes);
            *this.count += bytes.len();
        }));
        this.decoder.finish(this.text, read)?;
        Poll::Ready(Ok(*this.count))
    }
}

impl<'a, R: ?Sized> ReadLine<'a, R> {
    pub(super) fn new(reader: &'a mut R, text: &'a mut String) -> Self {
        let decoder = Decoder::new(text);
        Self { reader, text, decoder, count: 0 }
    }
}
