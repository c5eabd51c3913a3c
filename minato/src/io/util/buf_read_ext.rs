//! The methods that every buffered reader has.

use std::pin::Pin;

use super::read_until::Until;
use super::text::Decoder;
use super::{FillBuf, Lines, ReadLine, ReadUntil, Split};
use crate::io::AsyncBufRead;

/// The methods of every [`AsyncBufRead`].
///
/// None of them limits how much it gathers, unless it is told to: for a peer that is not trusted,
/// use the `max_length` of [`Lines`], [`Split`] and [`ReadUntil`], or put a
/// [`take`](crate::io::AsyncReadExt::take) before the reader.
///
/// ```
/// use minato::io::AsyncBufReadExt;
///
/// # futures::executor::block_on(async {
/// let mut reader = &b"key: value\nthe rest"[..];
/// let mut key = Vec::new();
/// reader.read_until(b':', &mut key).await?;
/// let mut value = String::new();
/// reader.read_line(&mut value).await?;
/// assert_eq!((&key[..], &value[..]), (&b"key:"[..], " value\n"));
///
/// let too_long = reader.read_until(b'\n', &mut key).max_length(5).await.unwrap_err();
/// assert_eq!(too_long.to_string(), r"no '\n' came within 5 bytes, which is the limit");
/// assert_eq!((&key[..], reader), (&b"key:the r"[..], &b"est"[..]));
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub trait AsyncBufReadExt: AsyncBufRead {
    /// Reads up to and including `byte`, or to the end of the stream, and appends that to `buf`;
    /// returns how many bytes were read.
    ///
    /// `0` means the end of the stream.
    ///
    /// # Errors
    ///
    /// Those of the reader, except [`Interrupted`](std::io::ErrorKind::Interrupted), after which
    /// this goes on. What had come is in `buf`.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before its end has appended to `buf` all that it read. A new one
    /// goes on from there, but returns only its own count.
    ///
    /// ```
    /// use minato::io::AsyncBufReadExt;
    ///
    /// # futures::executor::block_on(async {
    /// let (mut reader, mut field) = (&b"bow;stern"[..], Vec::new());
    /// assert_eq!(reader.read_until(b';', &mut field).await?, 4);
    /// assert_eq!((&field[..], reader), (&b"bow;"[..], &b"stern"[..]));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn read_until<'a>(&'a mut self, byte: u8, buf: &'a mut Vec<u8>) -> ReadUntil<'a, Self> {
        ReadUntil { reader: self, until: Until::new(byte), buf }
    }

    /// Reads up to and including a line feed, or to the end of the stream, and appends that to
    /// `buf`; returns how many bytes were read.
    ///
    /// `0` means the end of the stream.
    ///
    /// # Errors
    ///
    /// `InvalidData` when `buf` and the line are not UTF-8: the error says where
    /// (`error.downcast::<std::str::Utf8Error>()`), `buf` is as it was, and the next read starts at
    /// the next line. [`lines`](Self::lines) keeps the bytes of such a line.
    ///
    /// Else those of the reader, except [`Interrupted`](std::io::ErrorKind::Interrupted), after
    /// which this goes on. `buf` holds what had come if that was UTF-8, and is as it was if not.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before its end has appended to `buf` the whole characters that it
    /// read, and a new one goes on from there. Up to three bytes of an incomplete character are
    /// lost, and what follows bytes that are not UTF-8. [`lines`](Self::lines) loses nothing.
    ///
    /// ```
    /// use minato::io::AsyncBufReadExt;
    ///
    /// # futures::executor::block_on(async {
    /// let (mut reader, mut line) = (&b"port\nstarboard"[..], String::new());
    /// assert_eq!(reader.read_line(&mut line).await?, 5);
    /// assert_eq!((&line[..], reader), ("port\n", &b"starboard"[..]));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn read_line<'a>(&'a mut self, buf: &'a mut String) -> ReadLine<'a, Self> {
        ReadLine { decoder: Decoder::new(buf), reader: self, text: buf, until: Until::new(b'\n') }
    }

    /// Cuts the stream into segments that end at `byte`, which is left out; see [`Split`].
    fn split(self, byte: u8) -> Split<Self>
    where
        Self: Sized + Unpin,
    {
        Split::new(self, byte)
    }

    /// Returns the buffered bytes, reading more if there are none; an empty slice means the end of
    /// the stream.
    ///
    /// Call [`consume`](Self::consume) with the number of bytes that were used.
    ///
    /// # Errors
    ///
    /// Those of the reader; then nothing was read.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before its end has lost nothing: what was read is in the buffer.
    ///
    /// ```
    /// use minato::io::AsyncBufReadExt;
    ///
    /// # futures::executor::block_on(async {
    /// let mut reader = &b"hello"[..];
    /// assert_eq!(reader.fill_buf().await?, b"hello");
    /// reader.consume(4);
    /// assert_eq!(reader.fill_buf().await?, b"o");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn fill_buf(&mut self) -> FillBuf<'_, Self> {
        FillBuf { reader: Some(self) }
    }

    /// Marks `amt` of the bytes that [`fill_buf`](Self::fill_buf) returned as read.
    fn consume(&mut self, amt: usize)
    where
        Self: Unpin,
    {
        Pin::new(self).consume(amt);
    }

    /// Cuts the stream into lines, without their line ends; see [`Lines`].
    fn lines(self) -> Lines<Self>
    where
        Self: Sized,
    {
        Lines::new(self)
    }
}

impl<R: AsyncBufRead + ?Sized> AsyncBufReadExt for R {}
