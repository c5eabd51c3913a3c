//! A stream cut into pieces: into lines, or into segments that end at any byte.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::read_until::{Until, max_length, poll_piece};
use super::text::not_text;
use crate::io::AsyncBufRead;
use crate::io::forward::wrapped;

pin_project! {
    /// Gives one line after the other, made by
    /// [`AsyncBufReadExt::lines`](crate::io::AsyncBufReadExt::lines).
    ///
    /// A line ends with `\n` or `\r\n`, which is left out; the last one may also end with the
    /// stream.
    ///
    /// ```
    /// use minato::io::AsyncBufReadExt;
    ///
    /// # futures::executor::block_on(async {
    /// let mut lines = (&b"one\r\ntwo"[..]).lines();
    /// assert_eq!(lines.next_line().await?.as_deref(), Some("one"));
    /// assert_eq!(lines.next_line().await?.as_deref(), Some("two"));
    /// assert_eq!(lines.next_line().await?, None);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[derive(Debug)]
    #[must_use = "lines come only when they are asked for"]
    pub struct Lines<R> {
        #[pin]
        reader: R,
        until: Until,
        // The front of the line whose end has not come.
        line: Vec<u8>,
    }
}

impl<R> Lines<R> {
    pub(in crate::io) fn new(reader: R) -> Self {
        Self { reader, until: Until::new(b'\n'), line: Vec::new() }
    }

    pub(in crate::io) fn into_parts(self) -> (R, Vec<u8>) {
        (self.reader, self.line)
    }
}

wrapped! {
    Lines: reader, "reader behind the lines",
    "; what is read from it directly is missing from them",
    ". Lost is only the front of a line whose end had not come when the last \
     [`next_line`](Self::next_line) was dropped or failed"
}

max_length!([R] Lines<R>);

impl<R: AsyncBufRead> Lines<R> {
    /// Returns the next line, `None` at the end of the stream.
    ///
    /// # Errors
    ///
    /// `InvalidData` when the line is not UTF-8: the error carries all of it
    /// (`error.downcast::<std::string::FromUtf8Error>()`), and the next call gives the line behind
    /// it. After an error of the reader, or a line over the [limit](Self::max_length), the front of
    /// the line is kept, and the next call goes on with it.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before its end has lost nothing: the front of the line is
    /// kept, and the next call goes on with it.
    pub async fn next_line(&mut self) -> io::Result<Option<String>>
    where
        R: Unpin,
    {
        poll_fn(|cx| Pin::new(&mut *self).poll_next_line(cx)).await
    }

    /// Like [`next_line`](Self::next_line), for futures written by hand.
    ///
    /// # Errors
    ///
    /// As for [`next_line`](Self::next_line).
    pub fn poll_next_line(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<String>>> {
        let this = self.project();
        let piece = ready!(poll_piece(this.reader, cx, this.until, this.line))?;
        let Some(mut line) = piece else { return Poll::Ready(Ok(None)) };
        if line.pop_if(|last| *last == b'\n').is_some() {
            line.pop_if(|last| *last == b'\r');
        }
        Poll::Ready(String::from_utf8(line).map(Some).map_err(not_text))
    }
}

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
