//! A stream cut into segments.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::read_until::{Until, max_length, poll_piece};
use crate::io::AsyncBufRead;

pin_project! {
    /// Gives one segment after the other, made by
    /// [`AsyncBufReadExt::split`](crate::io::AsyncBufReadExt::split).
    ///
    /// A segment ends with the delimiter, which is left out; the last one may also end with the
    /// stream.
    ///
    /// ```
    /// use minato::io::{AsyncBufReadExt, BufReader};
    ///
    /// # futures::executor::block_on(async {
    /// let mut words = BufReader::new(&b"one two"[..]).split(b' ');
    /// assert_eq!(words.next_segment().await?.as_deref(), Some(&b"one"[..]));
    /// assert_eq!(words.next_segment().await?.as_deref(), Some(&b"two"[..]));
    /// assert_eq!(words.next_segment().await?, None);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[derive(Debug)]
    #[must_use = "segments come only when they are asked for"]
    pub struct Split<R> {
        #[pin]
        reader: R,
        until: Until,
        // The front of the segment whose end has not come.
        segment: Vec<u8>,
    }
}

impl<R> Split<R> {
    pub(super) fn new(reader: R, delimiter: u8) -> Self {
        Self { reader, until: Until::new(delimiter), segment: Vec::new() }
    }
}

max_length!([R] Split<R>);

impl<R: AsyncBufRead> Split<R> {
    /// Returns the next segment, `None` at the end of the stream.
    ///
    /// # Errors
    ///
    /// Those of the reader, and a segment over the [limit](Self::max_length). The front of the
    /// segment is kept, and the next call goes on with it.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before its end has lost nothing: the front of the segment is
    /// kept, and the next call goes on with it.
    pub async fn next_segment(&mut self) -> io::Result<Option<Vec<u8>>>
    where
        R: Unpin,
    {
        poll_fn(|cx| Pin::new(&mut *self).poll_next_segment(cx)).await
    }

    /// Like [`next_segment`](Self::next_segment), for futures written by hand.
    ///
    /// # Errors
    ///
    /// As for [`next_segment`](Self::next_segment).
    pub fn poll_next_segment(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<Vec<u8>>>> {
        let this = self.project();
        let piece = ready!(poll_piece(this.reader, cx, this.until, this.segment))?;
        Poll::Ready(Ok(piece.map(|mut segment| {
            segment.pop_if(|last| *last == this.until.delimiter);
            segment
        })))
    }
}
