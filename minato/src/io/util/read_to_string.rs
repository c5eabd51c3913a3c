//! The future that reads all there is as text.

use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Poll, ready};

use super::future::helper_future;
use super::read_to_end::ToEnd;
use super::text::{not_text, text_of};
use crate::io::AsyncRead;

helper_future! {
    /// The future of [`AsyncReadExt::read_to_string`](crate::io::AsyncReadExt::read_to_string).
    ///
    /// Dropped before it is done, it leaves the whole characters read so far at the end of the
    /// string.
    pub struct ReadToString<'a, R: ?Sized> {
        reader: &'a mut R,
        reading: ToEnd<Lent<'a>>,
    }
    where (R: AsyncRead + Unpin) -> io::Result<usize>;
    |this, cx| {
        let read = ready!(this.reading.poll(Pin::new(&mut **this.reader), cx));
        this.reading.target_mut().finish(read)?;
        Poll::Ready(Ok(this.reading.count()))
    }
}

impl<'a, R: ?Sized> ReadToString<'a, R> {
    pub(super) fn new(reader: &'a mut R, text: &'a mut String) -> Self {
        let (start, bytes) = (text.len(), mem::take(text).into_bytes());
        Self { reader, reading: ToEnd::new(Lent { text, bytes, start, has_failed: false }) }
    }
}

/// The memory of a string, lent to the reading. The string is empty meanwhile; in the end it gets
/// back whole characters.
#[derive(Debug)]
struct Lent<'a> {
    text: &'a mut String,
    bytes: Vec<u8>,
    /// The length of the string before, to which it returns if the reading has failed in the end.
    start: usize,
    has_failed: bool,
}

impl AsMut<Vec<u8>> for Lent<'_> {
    fn as_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl Lent<'_> {
    /// Gives the bytes back as text. If they are none, or reading them has failed, they are kept: a
    /// caller may go on.
    fn finish(&mut self, read: io::Result<()>) -> io::Result<()> {
        let read = read.and_then(|()| match String::from_utf8(mem::take(&mut self.bytes)) {
            Ok(text) => {
                self.give_back(text);
                Ok(())
            }
            Err(error) => {
                let not_text = not_text(error.utf8_error());
                self.bytes = error.into_bytes();
                Err(not_text)
            }
        });
        self.has_failed = read.is_err();
        read
    }

    /// Puts what the string lent back in its place, unless that was done.
    fn give_back(&mut self, lent: String) {
        if self.text.is_empty() && lent.capacity() > self.text.capacity() {
            *self.text = lent;
        }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if self.has_failed {
            self.bytes.truncate(self.start);
        }
        let whole = text_of(mem::take(&mut self.bytes));
        self.give_back(whole);
    }
}
