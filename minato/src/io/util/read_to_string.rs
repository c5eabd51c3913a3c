//! The future that reads all there is as text.

use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::read_to_end::ToEnd;
use super::text::{not_text, text_of};
use crate::io::AsyncRead;

pin_project! {
    /// The future of [`AsyncReadExt::read_to_string`](crate::io::AsyncReadExt::read_to_string).
    ///
    /// Dropped before it is done, it leaves the whole characters read so far at the end of the
    /// string.
    #[derive(Debug)]
    #[project(!Unpin)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct ReadToString<'a, R: ?Sized> {
        reader: &'a mut R,
        // Empty until the end: its memory is lent to the reading.
        text: &'a mut String,
        reading: ToEnd<Vec<u8>>,
        // The length of the string before.
        start: usize,
        has_failed: bool,
    }

    impl<R: ?Sized> PinnedDrop for ReadToString<'_, R> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let mut bytes = mem::take(this.reading.vec_mut());
            if *this.has_failed {
                bytes.truncate(*this.start);
            }
            give_back(this.text, text_of(bytes));
        }
    }
}

impl<'a, R: ?Sized> ReadToString<'a, R> {
    pub(super) fn new(reader: &'a mut R, text: &'a mut String) -> Self {
        let start = text.len();
        let reading = ToEnd::new(mem::take(text).into_bytes());
        Self { reader, text, reading, start, has_failed: false }
    }
}

impl<R: AsyncRead + Unpin + ?Sized> Future for ReadToString<'_, R> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let read = ready!(this.reading.poll(Pin::new(&mut **this.reader), cx));
        *this.has_failed = read.is_err();
        read?;
        match String::from_utf8(mem::take(this.reading.vec_mut())) {
            Ok(text) => {
                give_back(this.text, text);
                Poll::Ready(Ok(this.reading.count()))
            }
            Err(error) => {
                *this.has_failed = true;
                let not_text = not_text(error.utf8_error());
                *this.reading.vec_mut() = error.into_bytes();
                Poll::Ready(Err(not_text))
            }
        }
    }
}

/// Puts what the string lent back in its place, unless that was done.
fn give_back(text: &mut String, lent: String) {
    if text.is_empty() && lent.capacity() > text.capacity() {
        *text = lent;
    }
}
