//! Finding frames in bytes.

use std::io;

use bytes::BytesMut;

use super::{Encoder, Framed};
use crate::io::{AsyncRead, AsyncWrite};

/// Finds frames in bytes.
pub trait Decoder {
    /// What a frame is decoded to.
    type Item;

    /// What can be wrong with a frame, or with where its bytes come from.
    type Error: From<io::Error>;

    /// Takes the next frame off the front of `src`; `None` if it is not complete yet.
    ///
    /// It is called again when there are more bytes in `src`. It may `reserve` there what it knows
    /// that the frame will need.
    ///
    /// # Errors
    ///
    /// When the bytes are no frame.
    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Self::Item>, Self::Error>;

    /// Takes the next frame off `buf`, after which nothing will come; `None` if all was taken.
    ///
    /// It is called until it returns `None`. Unless it is overridden, bytes that are no whole frame
    /// are an error.
    ///
    /// # Errors
    ///
    /// When the bytes are no frame, or only a part of one.
    fn decode_eof(&mut self, buf: &mut BytesMut) -> Result<Option<Self::Item>, Self::Error> {
        match self.decode(buf)? {
            None if !buf.is_empty() => Err(cut_off().into()),
            frame => Ok(frame),
        }
    }

    /// Puts this codec over `io`: a stream and a sink of frames.
    fn framed<T: AsyncRead + AsyncWrite + Sized>(self, io: T) -> Framed<T, Self>
    where
        Self: Encoder + Sized,
    {
        Framed::new(io, self)
    }
}

/// The error of a last frame that has not come whole.
pub(super) fn cut_off() -> io::Error {
    io::Error::other("bytes remaining on stream: the last frame is cut off")
}
