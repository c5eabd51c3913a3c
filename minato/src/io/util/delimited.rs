//! Reading up to a delimiter, which lines and segments share.

use std::io::{self, BufRead};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::io::AsyncBufRead;
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
        let available = ready!(reader.as_mut().poll_fill_buf(cx))?;
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
