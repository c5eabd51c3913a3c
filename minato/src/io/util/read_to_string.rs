//! The future that reads all there is as text.

use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::read_to_end::{Progress, poll_to_end};
use super::text::{not_text, text_of};
use crate::io::AsyncRead;

/// The future of [`AsyncReadExt::read_to_string`](crate::io::AsyncReadExt::read_to_string).
///
/// Dropped before it is done, or after an I/O error, it leaves the whole characters read so far at
/// the end of the string.
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ReadToString<'a, R: ?Sized> {
    reader: &'a mut R,
    text: &'a mut String,
    bytes: Vec<u8>,
    progress: Progress,
}

impl<'a, R: ?Sized> ReadToString<'a, R> {
    pub(super) fn new(reader: &'a mut R, text: &'a mut String) -> Self {
        // An empty string lends its memory, which saves a copy.
        let bytes = if text.is_empty() { mem::take(text).into_bytes() } else { Vec::new() };
        Self { reader, text, bytes, progress: Progress::default() }
    }
}

impl<R: AsyncRead + Unpin + ?Sized> Future for ReadToString<'_, R> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        ready!(poll_to_end(Pin::new(&mut *this.reader), cx, &mut this.bytes, &mut this.progress))?;
        let bytes = mem::take(&mut this.bytes);
        let count = bytes.len();
        append(this.text, String::from_utf8(bytes).map_err(not_text)?);
        Poll::Ready(Ok(count))
    }
}

impl<R: ?Sized> Drop for ReadToString<'_, R> {
    fn drop(&mut self) {
        append(self.text, text_of(mem::take(&mut self.bytes)));
    }
}

fn append(text: &mut String, read: String) {
    if text.is_empty() && read.capacity() > text.capacity() {
        *text = read;
    } else {
        text.push_str(&read);
    }
}
