//! A reader and a writer as one stream.

use std::pin::Pin;

use pin_project_lite::pin_project;

use crate::io::forward::{forward_buf_read, forward_read, forward_write};
use crate::io::{AsyncBufRead, AsyncRead, AsyncWrite};

pin_project! {
    /// Reads from `R` and writes to `W`; made by [`join`].
    #[derive(Clone, Copy, Debug)]
    pub struct Join<R, W> {
        #[pin]
        reader: R,
        #[pin]
        writer: W,
    }
}

/// Makes one stream of a reader and a writer.
///
/// ```
/// use minato::io::{AsyncReadExt, AsyncWriteExt, join};
///
/// # futures::executor::block_on(async {
/// let mut stream = join(&b"ping"[..], Vec::new());
/// let mut word = [0; 4];
/// stream.read_exact(&mut word).await?;
/// stream.write_all(&word).await?;
/// assert_eq!(stream.into_inner(), (&b""[..], b"ping".to_vec()));
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub fn join<R, W>(reader: R, writer: W) -> Join<R, W>
where
    R: AsyncRead,
    W: AsyncWrite,
{
    Join { reader, writer }
}

impl<R, W> Join<R, W> {
    /// Gives back the reader and the writer; nothing is lost.
    pub fn into_inner(self) -> (R, W) {
        (self.reader, self.writer)
    }

    /// The reader.
    pub fn reader(&self) -> &R {
        &self.reader
    }

    /// The writer.
    pub fn writer(&self) -> &W {
        &self.writer
    }

    /// The reader, to be used directly.
    pub fn reader_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// The writer, to be used directly.
    pub fn writer_mut(&mut self) -> &mut W {
        &mut self.writer
    }

    /// The pinned reader.
    pub fn reader_pin_mut(self: Pin<&mut Self>) -> Pin<&mut R> {
        self.project().reader
    }

    /// The pinned writer.
    pub fn writer_pin_mut(self: Pin<&mut Self>) -> Pin<&mut W> {
        self.project().writer
    }
}

impl<R: AsyncRead, W> AsyncRead for Join<R, W> {
    forward_read!(self, cx => self.project().reader; self.reader);
}

impl<R: AsyncBufRead, W> AsyncBufRead for Join<R, W> {
    forward_buf_read!(self, cx => self.project().reader; self.reader);
}

impl<R, W: AsyncWrite> AsyncWrite for Join<R, W> {
    forward_write!(self, cx => self.project().writer; self.writer);
}
