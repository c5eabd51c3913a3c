//! A writer as a sink of frames.

use std::fmt;
use std::io;

use bytes::BytesMut;
use futures::{AsyncSink, Poll, Sink, StartSend, Stream, try_ready};

use super::{CAPACITY, Encoder, roomy};
use crate::io::AsyncWrite;

/// What is encoded and has not gone out yet.
pub(super) struct Outgoing {
    pub(super) buffer: BytesMut,
}

impl Outgoing {
    pub(super) fn new() -> Self {
        Self { buffer: BytesMut::with_capacity(CAPACITY) }
    }

    /// Begins with the bytes of `buffer`.
    pub(super) fn with(buffer: BytesMut) -> Self {
        Self { buffer: roomy(buffer) }
    }

    /// Encodes `item`, unless so much is waiting already that it must go out first.
    pub(super) fn start_send<T: AsyncWrite, E: Encoder>(
        &mut self,
        io: &mut T,
        encoder: &mut E,
        item: E::Item,
    ) -> StartSend<E::Item, E::Error> {
        if self.buffer.len() >= CAPACITY {
            self.poll_complete(io)?;
            if self.buffer.len() >= CAPACITY {
                return Ok(AsyncSink::NotReady(item));
            }
        }
        encoder.encode(item, &mut self.buffer)?;
        Ok(AsyncSink::Ready)
    }

    /// Writes everything and flushes.
    pub(super) fn poll_complete<T: AsyncWrite>(&mut self, io: &mut T) -> Poll<(), io::Error> {
        while !self.buffer.is_empty() {
            let written = try_ready!(io.poll_write(&self.buffer));
            if written == 0 {
                let text = "failed to write frame to transport: it takes no more bytes";
                return Err(io::Error::new(io::ErrorKind::WriteZero, text));
            }
            self.buffer.advance(written);
        }
        io.poll_flush()
    }

    /// Writes everything, flushes and shuts down.
    pub(super) fn close<T: AsyncWrite>(&mut self, io: &mut T) -> Poll<(), io::Error> {
        try_ready!(self.poll_complete(io));
        io.shutdown()
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("buffered", &self.buffer.len()).finish()
    }
}

/// A sink of frames, which an [`Encoder`] turns into bytes for a writer.
///
/// It takes frames until 8 KiB are waiting, and writes when it is told to
/// (`poll_complete`, or `flush`) or takes no more.
///
/// If the writer is a stream, so is this: it hands through what comes.
#[derive(Debug)]
pub struct FramedWrite<T, E> {
    io: T,
    encoder: E,
    outgoing: Outgoing,
}

impl<T: AsyncWrite, E: Encoder> FramedWrite<T, E> {
    /// Puts `encoder` over `inner`.
    pub fn new(inner: T, encoder: E) -> Self {
        Self { io: inner, encoder, outgoing: Outgoing::new() }
    }
}

impl<T, E> FramedWrite<T, E> {
    /// The writer. What is written to it directly comes before the frames that are waiting.
    pub fn get_ref(&self) -> &T {
        &self.io
    }

    /// The writer. What is written to it directly comes before the frames that are waiting.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.io
    }

    /// Gives the writer back. Frames that are waiting are lost.
    pub fn into_inner(self) -> T {
        self.io
    }

    /// The encoder.
    pub fn encoder(&self) -> &E {
        &self.encoder
    }

    /// The encoder.
    pub fn encoder_mut(&mut self) -> &mut E {
        &mut self.encoder
    }
}

impl<T: AsyncWrite, E: Encoder> Sink for FramedWrite<T, E> {
    type SinkItem = E::Item;
    type SinkError = E::Error;

    fn start_send(&mut self, item: E::Item) -> StartSend<E::Item, E::Error> {
        self.outgoing.start_send(&mut self.io, &mut self.encoder, item)
    }

    fn poll_complete(&mut self) -> Poll<(), E::Error> {
        Ok(self.outgoing.poll_complete(&mut self.io)?)
    }

    fn close(&mut self) -> Poll<(), E::Error> {
        Ok(self.outgoing.close(&mut self.io)?)
    }
}

impl<T: Stream, E> Stream for FramedWrite<T, E> {
    type Item = T::Item;
    type Error = T::Error;

    fn poll(&mut self) -> Poll<Option<T::Item>, T::Error> {
        self.io.poll()
    }
}
