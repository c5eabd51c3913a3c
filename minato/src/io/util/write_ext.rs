//! The methods that every writer has.

use std::io::IoSlice;

use bytes::Buf;

use super::numbers::numbers;
use super::{Flush, Shutdown, Write, WriteAll, WriteAllBuf, WriteBuf, WriteNumber, WriteVectored};
use crate::io::AsyncWrite;

/// Writes out the number methods, which differ in nothing but the number.
macro_rules! write_numbers {
    (
        $($read:ident $method:ident: $number:ty, $size:literal, $decode:ident $encode:ident,
        $form:literal;)*
    ) => {$(
        #[doc = concat!("Writes one [`", stringify!($number), "`]: ", $form, ".")]
        ///
        /// # Errors
        ///
        /// `WriteZero` when the writer takes no more; some of the bytes may be written.
        ///
        /// # Cancel safety
        ///
        /// A future that is dropped before its end may have written some of the bytes; with
        /// numbers of one byte, none.
        fn $method(&mut self, number: $number) -> WriteNumber<'_, Self, [u8; $size]> {
            WriteNumber { writer: self, bytes: number.$encode(), written: 0 }
        }
    )*};
}

/// The methods of every [`AsyncWrite`].
///
/// ```
/// use minato::io::AsyncWriteExt;
///
/// # futures::executor::block_on(async {
/// let mut message = Vec::new();
/// message.write_u16(5).await?;
/// message.write_all(b"hello").await?;
/// assert_eq!(message, b"\x00\x05hello");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub trait AsyncWriteExt: AsyncWrite {
    /// Writes once from `src`; returns how many bytes the writer took, which may be fewer.
    ///
    /// `0` of a `src` that is not empty means that the writer takes no more.
    ///
    /// # Errors
    ///
    /// Those of the writer; then it took nothing.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before its end has written nothing.
    ///
    /// ```
    /// use minato::io::{AsyncWriteExt, duplex};
    ///
    /// # futures::executor::block_on(async {
    /// let (mut here, _there) = duplex(4);
    /// assert_eq!(here.write(b"harbour").await?, 4, "a part of it");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn write<'a>(&'a mut self, src: &'a [u8]) -> Write<'a, Self> {
        Write { writer: self, bytes: src }
    }

    /// Like [`write`](Self::write), from several buffers in order.
    ///
    /// # Errors
    ///
    /// Those of the writer; then it took nothing.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before its end has written nothing.
    ///
    /// ```
    /// use std::io::IoSlice;
    /// use minato::io::AsyncWriteExt;
    ///
    /// # futures::executor::block_on(async {
    /// let mut target = Vec::new();
    /// let slices = [IoSlice::new(b"har"), IoSlice::new(b"bour")];
    /// assert_eq!(target.write_vectored(&slices).await?, 7);
    /// assert_eq!(target, b"harbour");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn write_vectored<'a, 'b>(
        &'a mut self,
        bufs: &'a [IoSlice<'b>],
    ) -> WriteVectored<'a, 'b, Self> {
        WriteVectored { writer: self, slices: bufs }
    }

    /// Writes once from `src` and advances it; returns how many bytes the writer took.
    ///
    /// A writer that does better with several slices at once gets up to 64 of those of `src`.
    ///
    /// # Errors
    ///
    /// Those of the writer; then it took nothing.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before its end has written nothing.
    ///
    /// ```
    /// use minato::io::{AsyncWriteExt, duplex};
    ///
    /// # futures::executor::block_on(async {
    /// let (mut here, _there) = duplex(4);
    /// let mut source = &b"harbour"[..];
    /// assert_eq!(here.write_buf(&mut source).await?, 4);
    /// assert_eq!(source, b"our");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn write_buf<'a, B>(&'a mut self, src: &'a mut B) -> WriteBuf<'a, Self, B>
    where
        Self: Sized + Unpin,
        B: Buf,
    {
        WriteBuf { writer: self, buf: src }
    }

    /// Writes all of `src` and advances it as it goes.
    ///
    /// # Errors
    ///
    /// `WriteZero` when the writer takes no more, else those of the writer, except
    /// [`Interrupted`](std::io::ErrorKind::Interrupted), after which this goes on. `src` holds what
    /// was not written.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before its end leaves in `src` what was not written, so a new
    /// one goes on from there.
    ///
    /// ```
    /// use minato::io::AsyncWriteExt;
    ///
    /// # futures::executor::block_on(async {
    /// let mut source = &b"hello"[..];
    /// let mut target = Vec::new();
    /// target.write_all_buf(&mut source).await?;
    /// assert_eq!((source, target), (&b""[..], b"hello".to_vec()));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn write_all_buf<'a, B>(&'a mut self, src: &'a mut B) -> WriteAllBuf<'a, Self, B>
    where
        Self: Sized + Unpin,
        B: Buf,
    {
        WriteAllBuf { writer: self, buf: src }
    }

    /// Writes all of `src`.
    ///
    /// # Errors
    ///
    /// `WriteZero` when the writer takes no more, else those of the writer, except
    /// [`Interrupted`](std::io::ErrorKind::Interrupted), after which this goes on. Some of the
    /// bytes may be written.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before its end may have written some of the bytes; how many is
    /// not known. [`write_all_buf`](Self::write_all_buf) tells.
    ///
    /// ```
    /// use minato::io::AsyncWriteExt;
    ///
    /// # futures::executor::block_on(async {
    /// let mut target = Vec::new();
    /// target.write_all(b"ahoy").await?;
    /// assert_eq!(target, b"ahoy");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn write_all<'a>(&'a mut self, src: &'a [u8]) -> WriteAll<'a, Self> {
        WriteAll { writer: self, bytes: src, written: 0 }
    }

    numbers! { write_numbers }

    /// Hands on everything that the writer has buffered.
    ///
    /// # Errors
    ///
    /// Those of the writer; some of the bytes may have been handed on.
    ///
    /// # Cancel safety
    ///
    /// What was not handed on stays in the writer; flush again.
    ///
    /// ```
    /// use minato::io::{AsyncWriteExt, BufWriter};
    ///
    /// # futures::executor::block_on(async {
    /// let mut writer = BufWriter::new(Vec::new());
    /// writer.write_all(b"ahoy").await?;
    /// assert_eq!(writer.get_ref(), b"");
    /// writer.flush().await?;
    /// assert_eq!(writer.get_ref(), b"ahoy");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn flush(&mut self) -> Flush<'_, Self> {
        Flush { writer: self }
    }

    /// Flushes, then ends the writing side: the peer of a socket sees the end of the stream.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before its end may have ended the writing side or not; shut
    /// down again.
    ///
    /// ```
    /// use minato::io::{AsyncReadExt, AsyncWriteExt, duplex};
    ///
    /// # futures::executor::block_on(async {
    /// let (mut here, mut there) = duplex(64);
    /// here.write_all(b"last").await?;
    /// here.shutdown().await?;
    /// let mut text = String::new();
    /// there.read_to_string(&mut text).await?;
    /// assert_eq!(text, "last");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn shutdown(&mut self) -> Shutdown<'_, Self> {
        Shutdown { writer: self }
    }
}

impl<W: AsyncWrite + ?Sized> AsyncWriteExt for W {}
