//! The lines of a reader, as a stream.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::io::{AsyncBufRead, Lines};

/// Makes a stream of the lines of `a`, without the `\n` or `\r\n` at their ends.
///
/// The bytes after the last line end are a line too, unless there are none. The length of a line
/// has no limit unless it is [set](OwnedLines::max_length).
///
/// # Errors
///
/// The stream goes on after every error:
///
/// * A line that is not UTF-8 is an [`InvalidData`](io::ErrorKind::InvalidData) error in the place
///   of that line; the next item is the next line. The error holds a
///   [`FromUtf8Error`](std::string::FromUtf8Error), and in it the bytes of the line. A character
///   that arrives in pieces is no error.
/// * The reader's error. The part of the line that was read before stays in the stream, and the
///   line continues with the next poll.
///
/// # Cancel safety
///
/// A wait for the next line that is given up loses nothing: the part that was read stays in the
/// stream. [`OwnedLines::into_parts`] gives it back together with the reader.
///
/// # Examples
///
/// ```
/// use futures::TryStreamExt;
/// use minato::io::{SimplexStream, owned};
///
/// # futures::executor::block_on(async {
/// let pipe = SimplexStream::new_unsplit(64);
/// let (pipe, _) = owned::write_all(pipe, "port\r\nstarboard\n\nstern").await?;
/// let pipe = owned::shutdown(pipe).await?;
/// let lines: Vec<String> = owned::lines(pipe).try_collect().await?;
/// assert_eq!(lines, ["port", "starboard", "", "stern"]);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn lines<A: AsyncBufRead + Unpin>(a: A) -> OwnedLines<A> {
    OwnedLines { lines: Lines::new(a) }
}

/// The stream of [`lines`].
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct OwnedLines<A> {
    lines: Lines<A>,
}

impl<A> OwnedLines<A> {
    /// As [`Lines::max_length`].
    pub fn max_length(self, max_length: usize) -> Self {
        Self { lines: self.lines.max_length(max_length) }
    }

    /// The reader. The beginning of a line whose end was not yet read is dropped;
    /// [`into_parts`](Self::into_parts) keeps it.
    pub fn into_inner(self) -> A {
        self.lines.into_inner()
    }

    /// The reader, and the beginning of a line whose end was not yet read.
    pub fn into_parts(self) -> (A, Vec<u8>) {
        self.lines.into_parts()
    }
}

impl<A: AsyncBufRead + Unpin> Stream for OwnedLines<A> {
    type Item = io::Result<String>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.get_mut().lines).poll_next_line(cx).map(Result::transpose)
    }
}
