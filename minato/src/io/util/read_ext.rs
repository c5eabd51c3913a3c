//! The methods that every reader has.

use bytes::BufMut;

use super::numbers::numbers;
use super::read_to_end::ToEnd;
use super::{
    Chain, Read, ReadExact, ReadIntoBuf, ReadLent, ReadNumber, ReadToEnd, ReadToString, Take,
};
use crate::io::AsyncRead;

/// Writes out the number methods, which differ in nothing but the number.
macro_rules! read_numbers {
    (
        $($method:ident $write:ident: $number:ty, $size:literal, $decode:ident $encode:ident,
        $form:literal;)*
    ) => {$(
        #[doc = concat!("Reads one [`", stringify!($number), "`]: ", $form, ".")]
        ///
        /// # Errors
        ///
        /// `UnexpectedEof` when the stream ends before that; the bytes read so far are lost.
        ///
        /// # Cancel safety
        ///
        /// Bytes that were read are lost when the future is dropped between the bytes of the
        /// number; numbers of one byte are cancel safe.
        fn $method(&mut self) -> ReadNumber<'_, Self, $number, [u8; $size]> {
            ReadNumber { reader: self, bytes: [0; $size], filled: 0, decode: <$number>::$decode }
        }
    )*};
}

/// The methods of every [`AsyncRead`].
///
/// ```
/// use minato::io::AsyncReadExt;
///
/// # futures::executor::block_on(async {
/// let mut reader = &b"\x00\x05hello, and the rest"[..];
/// let length = reader.read_u16().await?;
/// let mut word = vec![0; length.into()];
/// reader.read_exact(&mut word).await?;
/// assert_eq!(word, b"hello");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub trait AsyncReadExt: AsyncRead {
    /// Makes a reader that gives all of this one, then all of `next`.
    ///
    /// ```
    /// use minato::io::AsyncReadExt;
    ///
    /// # futures::executor::block_on(async {
    /// let mut both = (&b"har"[..]).chain(&b"bour"[..]);
    /// let mut text = String::new();
    /// both.read_to_string(&mut text).await?;
    /// assert_eq!(text, "harbour");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn chain<R>(self, next: R) -> Chain<Self, R>
    where
        Self: Sized,
        R: AsyncRead,
    {
        Chain::new(self, next)
    }

    /// Reads once into `buf`; returns how many bytes were read.
    ///
    /// `0` means the end of the stream, or an empty `buf`.
    ///
    /// # Errors
    ///
    /// Those of the reader; then nothing was read.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before its end has read nothing.
    ///
    /// ```
    /// use minato::io::AsyncReadExt;
    ///
    /// # futures::executor::block_on(async {
    /// let (mut reader, mut buf) = (&b"ahoy"[..], [0; 16]);
    /// let count = reader.read(&mut buf).await?;
    /// assert_eq!(&buf[..count], b"ahoy");
    /// assert_eq!(reader.read(&mut buf).await?, 0, "the end");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn read<'a>(&'a mut self, buf: &'a mut [u8]) -> Read<'a, Self> {
        Read { reader: self, buf }
    }

    /// Reads once into the free part of `buf` and advances it; returns how many bytes were read.
    ///
    /// `0` means the end of the stream, or that `buf` has no room. A `Vec<u8>` or `BytesMut` always
    /// has room: when its capacity is used up, it grows.
    ///
    /// # Errors
    ///
    /// Those of the reader; then nothing was read.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before its end has read nothing.
    ///
    /// ```
    /// use minato::io::AsyncReadExt;
    ///
    /// # futures::executor::block_on(async {
    /// let mut reader = (&b"ping"[..]).chain(&b"pong"[..]);
    /// let mut message = Vec::new();
    /// while reader.read_buf(&mut message).await? > 0 {}
    /// assert_eq!(message, b"pingpong");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn read_buf<'a, B>(&'a mut self, buf: &'a mut B) -> ReadIntoBuf<'a, Self, B>
    where
        B: BufMut + ?Sized,
    {
        ReadIntoBuf { reader: self, buf }
    }

    /// Reads once, into memory that this thread lends for it; `None` is the end of the stream.
    ///
    /// It waits first and takes memory only then, so a connection on which nothing arrives holds no
    /// buffer; see [`Lent`](crate::io::Lent).
    ///
    /// # Errors
    ///
    /// Those of the reader; then nothing was read.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before its end has read nothing.
    ///
    /// ```
    /// use minato::io::{self, AsyncReadExt, AsyncWriteExt};
    /// use minato::net::{TcpListener, TcpStream};
    ///
    /// /// Sends back what comes. Any number of these has few buffers.
    /// async fn echo(mut stream: TcpStream) -> io::Result<()> {
    ///     loop {
    ///         let Some(lent) = stream.read_lent().await? else { return Ok(()) };
    ///         stream.write_all_lent(lent).await?;
    ///     }
    /// }
    ///
    /// # minato::run(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let mut client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (stream, _) = listener.accept().await?;
    /// let echoing = minato::spawn(echo(stream));
    /// client.write_all(b"ahoy").await?;
    /// let mut four = [0; 4];
    /// client.read_exact(&mut four).await?;
    /// assert_eq!(&four, b"ahoy");
    /// drop(client);
    /// echoing.await?
    /// # }).unwrap();
    /// ```
    fn read_lent(&mut self) -> ReadLent<'_, Self> {
        ReadLent { reader: self }
    }

    /// Reads until `buf` is full; returns its length.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof`, whose message says how many of how many bytes came, when the stream ends
    /// first; else those of the reader, except [`Interrupted`](std::io::ErrorKind::Interrupted),
    /// after which this goes on. What had come is at the front of `buf`.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before its end may have read some bytes into the front of
    /// `buf`; how many is not known.
    ///
    /// ```
    /// use minato::io::{AsyncReadExt, ErrorKind};
    ///
    /// # futures::executor::block_on(async {
    /// let (mut reader, mut buf) = (&b"harbour"[..], [0; 4]);
    /// assert_eq!(reader.read_exact(&mut buf).await?, 4);
    /// assert_eq!(&buf, b"harb");
    /// let error = reader.read_exact(&mut buf).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    /// assert_eq!(error.to_string(), "the stream ended after 3 of 4 bytes");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn read_exact<'a>(&'a mut self, buf: &'a mut [u8]) -> ReadExact<'a, Self> {
        ReadExact { reader: self, buf, filled: 0 }
    }

    numbers! { read_numbers }

    /// Reads to the end of the stream and appends all to `buf`; returns how many bytes that were.
    ///
    /// The vector grows without a limit: for a peer that is not trusted, put a [`take`](Self::take)
    /// before this. A vector that has just enough capacity is not reallocated.
    ///
    /// # Errors
    ///
    /// Those of the reader, except [`Interrupted`](std::io::ErrorKind::Interrupted), after which
    /// this goes on. What had come is in `buf`.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before its end has appended to `buf` all that it read. A new
    /// one goes on from there.
    ///
    /// ```
    /// use minato::io::AsyncReadExt;
    ///
    /// # futures::executor::block_on(async {
    /// let mut log = b"log: ".to_vec();
    /// assert_eq!((&b"two ships"[..]).read_to_end(&mut log).await?, 9);
    /// assert_eq!(log, b"log: two ships");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn read_to_end<'a>(&'a mut self, buf: &'a mut Vec<u8>) -> ReadToEnd<'a, Self> {
        ReadToEnd { reader: self, reading: ToEnd::new(buf) }
    }

    /// Reads to the end of the stream and appends all to `dst`; returns how many bytes that were.
    ///
    /// # Errors
    ///
    /// `InvalidData` when `dst` and what came are not UTF-8: the error says where
    /// (`error.downcast::<std::str::Utf8Error>()`). Else those of the reader, except
    /// [`Interrupted`](std::io::ErrorKind::Interrupted), after which this goes on. After any error
    /// `dst` is as it was, and what had come is lost: to keep it, read to a vector with
    /// [`read_to_end`](Self::read_to_end).
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before its end has appended to `dst` the whole characters that had
    /// come. Up to three bytes of a character that was not complete are lost, as is all that
    /// follows bytes that are not UTF-8.
    ///
    /// ```
    /// use minato::io::{AsyncReadExt, ErrorKind};
    ///
    /// # futures::executor::block_on(async {
    /// let mut text = String::new();
    /// (&b"ahoy"[..]).read_to_string(&mut text).await?;
    /// assert_eq!(text, "ahoy");
    /// let error = (&b"\xff"[..]).read_to_string(&mut text).await.unwrap_err();
    /// assert_eq!((error.kind(), &text[..]), (ErrorKind::InvalidData, "ahoy"));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn read_to_string<'a>(&'a mut self, dst: &'a mut String) -> ReadToString<'a, Self> {
        ReadToString::new(self, dst)
    }

    /// Makes a reader that ends after at most `limit` bytes of this one.
    ///
    /// ```
    /// use minato::io::AsyncReadExt;
    ///
    /// # futures::executor::block_on(async {
    /// let mut front = (&b"harbour"[..]).take(4);
    /// let mut text = String::new();
    /// front.read_to_string(&mut text).await?;
    /// assert_eq!((&text[..], front.into_inner()), ("harb", &b"our"[..]));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn take(self, limit: u64) -> Take<Self>
    where
        Self: Sized,
    {
        Take::new(self, limit)
    }
}

impl<R: AsyncRead + ?Sized> AsyncReadExt for R {}
