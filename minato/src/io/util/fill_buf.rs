//! The future that lends the buffered bytes.

use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};

use super::future::helper_future;
use crate::io::AsyncBufRead;

helper_future! {
    /// The future of [`AsyncBufReadExt::fill_buf`](crate::io::AsyncBufReadExt::fill_buf).
    ///
    /// # Panics
    ///
    /// Polled after it has given the bytes: the reader went with them.
    pub struct FillBuf<'a, R: ?Sized> {
        reader: Option<&'a mut R>,
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

impl<'a, R: ?Sized> FillBuf<'a, R> {
    pub(super) fn new(reader: &'a mut R) -> Self {
        Self { reader: Some(reader) }
    }
}
