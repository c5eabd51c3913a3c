//! A stream with a buffer in both directions.

use std::pin::Pin;

use pin_project_lite::pin_project;

use super::{BufReader, BufWriter};
use crate::io::forward::{forward_buf_read, forward_read, forward_seek, forward_write};
use crate::io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};

pin_project! {
    /// A [`BufReader`] and a [`BufWriter`] over one stream.
    ///
    /// Reading does not flush: a client flushes its request before it reads the answer.
    #[derive(Debug)]
    pub struct BufStream<RW> {
        #[pin]
        inner: BufReader<BufWriter<RW>>,
    }
}

impl<RW: AsyncRead + AsyncWrite> BufStream<RW> {
    /// Makes a stream with two buffers of 8 KiB.
    pub fn new(stream: RW) -> Self {
        Self { inner: BufReader::new(BufWriter::new(stream)) }
    }

    /// Makes a stream with buffers of the given sizes in bytes.
    ///
    /// # Panics
    ///
    /// When `reader_capacity` is 0.
    #[track_caller]
    pub fn with_capacity(reader_capacity: usize, writer_capacity: usize, stream: RW) -> Self {
        let writer = BufWriter::with_capacity(writer_capacity, stream);
        Self { inner: BufReader::with_capacity(reader_capacity, writer) }
    }
}

impl<RW> BufStream<RW> {
    /// The stream behind the buffers.
    pub fn get_ref(&self) -> &RW {
        self.inner.get_ref().get_ref()
    }

    /// The stream behind the buffers; what is done with it directly overtakes what is buffered.
    pub fn get_mut(&mut self) -> &mut RW {
        self.inner.get_mut().get_mut()
    }

    /// The pinned stream behind the buffers.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut RW> {
        self.project().inner.get_pin_mut().get_pin_mut()
    }

    /// Gives back the stream behind the buffers.
    ///
    /// What is buffered is lost in both directions: bytes that were read and not given out, and
    /// bytes that were written and not flushed.
    pub fn into_inner(self) -> RW {
        self.inner.into_inner().into_inner()
    }
}

/// Keeps both buffers and what is in them.
impl<RW> From<BufReader<BufWriter<RW>>> for BufStream<RW> {
    fn from(inner: BufReader<BufWriter<RW>>) -> Self {
        Self { inner }
    }
}

/// Keeps both buffers and what is in them.
impl<RW> From<BufWriter<BufReader<RW>>> for BufStream<RW> {
    fn from(outer: BufWriter<BufReader<RW>>) -> Self {
        let BufWriter { inner: reader, buf, written, capacity, seeking } = outer;
        let writer = BufWriter { inner: reader.inner, buf, written, capacity, seeking };
        let BufReader { buf, consumed, filled, seeking, .. } = reader;
        Self { inner: BufReader { inner: writer, buf, consumed, filled, seeking } }
    }
}

impl<RW: AsyncRead> AsyncRead for BufStream<RW> {
    forward_read!(self, cx => self.project().inner; self.inner);
}

impl<RW: AsyncRead> AsyncBufRead for BufStream<RW> {
    forward_buf_read!(self, cx => self.project().inner; self.inner);
}

/// A seek writes first what was written and not flushed, and discards what was read and not given
/// out. Places are those of the bytes that are given out.
impl<RW: AsyncRead + AsyncWrite + AsyncSeek> AsyncSeek for BufStream<RW> {
    forward_seek!(self, cx => self.project().inner; self.inner);
}

impl<RW: AsyncWrite> AsyncWrite for BufStream<RW> {
    forward_write!(self, cx => self.project().inner; self.inner);
}
