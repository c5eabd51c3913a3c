//! The lines of a reader.

use std::io::{self, BufRead};
use std::mem;

use futures::{Async, Poll, Stream, try_ready};

use super::{AsyncRead, poll_of};

/// Makes a stream of the lines of `a`, without the `\n` or `\r\n` at their ends. What comes after
/// the last line end is a line too, unless it is empty.
///
/// There is no bound on the length of a line: limit the reader if the peer is not trusted.
///
/// Unlike tokio 0.1's, which failed on valid text, it takes a character that arrives in pieces.
///
/// # Errors
///
/// The stream goes on after each:
///
/// * `InvalidData` in the place of a line that is not UTF-8; the error holds a
///   [`FromUtf8Error`](std::string::FromUtf8Error), and that the bytes of the line.
/// * The reader's. The line goes on with the next poll.
///
/// ```
/// use futures::{Future, Stream};
///
/// let lines = tokio::io::lines(&b"port\r\nstarboard\n\nstern"[..]).collect().wait()?;
/// assert_eq!(lines, ["port", "starboard", "", "stern"]);
/// # std::io::Result::Ok(())
/// ```
pub fn lines<A>(a: A) -> Lines<A>
where
    A: AsyncRead + BufRead,
{
    Lines { io: a, line: Vec::new() }
}

/// The stream of [`lines`].
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Lines<A> {
    io: A,
    /// The beginning of a line whose end was not read yet.
    line: Vec<u8>,
}

impl<A> Lines<A> {
    /// The reader. The beginning of a line whose end was not read yet is dropped.
    pub fn into_inner(self) -> A {
        self.io
    }
}

impl<A: AsyncRead + BufRead> Stream for Lines<A> {
    type Item = String;
    type Error = io::Error;

    fn poll(&mut self) -> Poll<Option<String>, io::Error> {
        try_ready!(poll_of(self.io.read_until(b'\n', &mut self.line)));
        if self.line.is_empty() {
            return Ok(Async::Ready(None));
        }
        let mut line = mem::take(&mut self.line);
        if line.ends_with(b"\n") {
            line.pop();
            if line.ends_with(b"\r") {
                line.pop();
            }
        }
        match String::from_utf8(line) {
            Ok(line) => Ok(Async::Ready(Some(line))),
            Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        }
    }
}
