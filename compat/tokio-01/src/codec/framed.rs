//! A socket as a stream and a sink of frames.

use std::io;

use bytes::BytesMut;
use futures::{Poll, Sink, StartSend, Stream};

use super::framed_read::Incoming;
use super::framed_write::Outgoing;
use super::{Decoder, Encoder};
use crate::io::{AsyncRead, AsyncWrite};

/// A stream of the frames that come in over a socket, and a sink of those that go out; made by
/// [`Decoder::framed`].
///
/// As a stream it is what [`FramedRead`](super::FramedRead) is, as a sink what
/// [`FramedWrite`](super::FramedWrite) is. `Stream::split` makes two halves of it.
#[derive(Debug)]
pub struct Framed<T, U> {
    io: T,
    codec: U,
    incoming: Incoming,
    outgoing: Outgoing,
}

impl<T, U> Framed<T, U>
where
    T: AsyncRead + AsyncWrite,
    U: Decoder + Encoder,
{
    /// Puts `codec` over `inner`.
    pub fn new(inner: T, codec: U) -> Self {
        Self { io: inner, codec, incoming: Incoming::new(), outgoing: Outgoing::new() }
    }
}

impl<T, U> Framed<T, U> {
    /// Puts a codec over a socket, with bytes that came before and bytes that have yet to go out.
    pub fn from_parts(parts: FramedParts<T, U>) -> Self {
        Self {
            io: parts.io,
            codec: parts.codec,
            incoming: Incoming::with(parts.read_buf),
            outgoing: Outgoing::with(parts.write_buf),
        }
    }

    /// The socket. What is read from it or written to it directly disturbs the frames.
    pub fn get_ref(&self) -> &T {
        &self.io
    }

    /// The socket. What is read from it or written to it directly disturbs the frames.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.io
    }

    /// The codec.
    pub fn codec(&self) -> &U {
        &self.codec
    }

    /// The codec.
    pub fn codec_mut(&mut self) -> &mut U {
        &mut self.codec
    }

    /// Gives the socket back. What is buffered in either direction is lost; see
    /// [`into_parts`](Self::into_parts).
    pub fn into_inner(self) -> T {
        self.io
    }

    /// Gives everything back, for another codec to go on with.
    pub fn into_parts(self) -> FramedParts<T, U> {
        FramedParts {
            io: self.io,
            codec: self.codec,
            read_buf: self.incoming.buffer,
            write_buf: self.outgoing.buffer,
        }
    }
}

impl<T: AsyncRead, U: Decoder> Stream for Framed<T, U> {
    type Item = U::Item;
    type Error = U::Error;

    fn poll(&mut self) -> Poll<Option<U::Item>, U::Error> {
        self.incoming.poll(&mut self.io, &mut self.codec)
    }
}

impl<T, U> Sink for Framed<T, U>
where
    T: AsyncWrite,
    U: Encoder,
    U::Error: From<io::Error>,
{
    type SinkItem = U::Item;
    type SinkError = U::Error;

    fn start_send(&mut self, item: U::Item) -> StartSend<U::Item, U::Error> {
        self.outgoing.start_send(&mut self.io, &mut self.codec, item)
    }

    fn poll_complete(&mut self) -> Poll<(), U::Error> {
        Ok(self.outgoing.poll_complete(&mut self.io)?)
    }

    fn close(&mut self) -> Poll<(), U::Error> {
        Ok(self.outgoing.close(&mut self.io)?)
    }
}

/// What a [`Framed`] consists of; made by [`FramedParts::new`].
#[derive(Debug)]
#[non_exhaustive]
pub struct FramedParts<T, U> {
    /// The socket.
    pub io: T,
    /// The codec.
    pub codec: U,
    /// What has come in and is not decoded.
    pub read_buf: BytesMut,
    /// What is encoded and has not gone out.
    pub write_buf: BytesMut,
}

impl<T, U> FramedParts<T, U> {
    /// A socket and a codec, with nothing in between.
    pub fn new(io: T, codec: U) -> Self {
        let (read_buf, write_buf) = Default::default();
        Self { io, codec, read_buf, write_buf }
    }
}
