//! A reader as a stream of frames.

use std::fmt;

use bytes::BytesMut;
use futures::{Async, Poll, Sink, StartSend, Stream, try_ready};

use super::{CAPACITY, Decoder, roomy};
use crate::io::AsyncRead;

/// What has come in and is not decoded yet.
pub(super) struct Incoming {
    pub(super) buffer: BytesMut,
    /// Whether the decoder may find another frame without another byte.
    may_decode: bool,
    ended: bool,
}

impl Incoming {
    pub(super) fn new() -> Self {
        Self { buffer: BytesMut::with_capacity(CAPACITY), may_decode: false, ended: false }
    }

    /// Begins with the bytes of `buffer`.
    pub(super) fn with(buffer: BytesMut) -> Self {
        Self { may_decode: !buffer.is_empty(), buffer: roomy(buffer), ended: false }
    }

    /// The next frame; `None` after the last one.
    pub(super) fn poll<T: AsyncRead, D: Decoder>(
        &mut self,
        io: &mut T,
        decoder: &mut D,
    ) -> Poll<Option<D::Item>, D::Error> {
        loop {
            if self.ended {
                return decoder.decode_eof(&mut self.buffer).map(Async::Ready);
            }
            if self.may_decode {
                if let Some(frame) = decoder.decode(&mut self.buffer)? {
                    return Ok(Async::Ready(Some(frame)));
                }
                self.may_decode = false;
            }
            // Reading into a full buffer would look like the end.
            self.buffer.reserve(1);
            self.ended = try_ready!(AsyncRead::read_buf(io, &mut self.buffer)) == 0;
            self.may_decode = true;
        }
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("buffered", &self.buffer.len())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// A stream of the frames that a [`Decoder`] finds in what a reader gives.
///
/// An error of the decoder does not end the stream: what it left in the buffer is tried again. The
/// stream has ended when it gives `None`.
///
/// If the reader is a sink, so is this: it hands through what is sent.
#[derive(Debug)]
pub struct FramedRead<T, D> {
    io: T,
    decoder: D,
    incoming: Incoming,
}

impl<T: AsyncRead, D: Decoder> FramedRead<T, D> {
    /// Puts `decoder` over `inner`.
    pub fn new(inner: T, decoder: D) -> Self {
        Self { io: inner, decoder, incoming: Incoming::new() }
    }
}

impl<T, D> FramedRead<T, D> {
    /// The reader. What is read from it directly is missing from the frames.
    pub fn get_ref(&self) -> &T {
        &self.io
    }

    /// The reader. What is read from it directly is missing from the frames.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.io
    }

    /// Gives the reader back. What was read from it and not decoded is lost.
    pub fn into_inner(self) -> T {
        self.io
    }

    /// The decoder.
    pub fn decoder(&self) -> &D {
        &self.decoder
    }

    /// The decoder.
    pub fn decoder_mut(&mut self) -> &mut D {
        &mut self.decoder
    }
}

impl<T: AsyncRead, D: Decoder> Stream for FramedRead<T, D> {
    type Item = D::Item;
    type Error = D::Error;

    fn poll(&mut self) -> Poll<Option<D::Item>, D::Error> {
        self.incoming.poll(&mut self.io, &mut self.decoder)
    }
}

impl<T: Sink, D> Sink for FramedRead<T, D> {
    type SinkItem = T::SinkItem;
    type SinkError = T::SinkError;

    fn start_send(&mut self, item: T::SinkItem) -> StartSend<T::SinkItem, T::SinkError> {
        self.io.start_send(item)
    }

    fn poll_complete(&mut self) -> Poll<(), T::SinkError> {
        self.io.poll_complete()
    }

    fn close(&mut self) -> Poll<(), T::SinkError> {
        self.io.close()
    }
}
