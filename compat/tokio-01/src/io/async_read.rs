//! Reading without blocking.

use std::io::{self, BufReader, Chain, Cursor, Read, Repeat, Take};

use bytes::BufMut;
use futures::{Async, Poll};

use super::split::{self, ReadHalf, WriteHalf};
use super::{AsyncWrite, poll_of};
use crate::codec::{Decoder, Encoder, Framed};

/// Reads bytes without blocking, and notifies the current task when there are some.
///
/// It is for types whose [`read`](Read::read) never blocks the thread: what would block is an error
/// of the kind `WouldBlock`, and the current task of futures 0.1 is notified when the source is
/// ready again. Call [`poll_read`](Self::poll_read) rather than `read`, which a caller may mistake
/// for one that blocks.
///
/// ```
/// use futures::Async;
/// use tokio::io::AsyncRead;
///
/// let mut source = &b"ahoy"[..];
/// let mut buf = [0; 16];
/// assert_eq!(source.poll_read(&mut buf)?, Async::Ready(4));
/// assert_eq!(source.poll_read(&mut buf)?, Async::Ready(0), "the end");
/// # std::io::Result::Ok(())
/// ```
pub trait AsyncRead: Read {
    /// Makes a buffer that may never have been written ready for `read`; returns whether it was
    /// zeroed.
    ///
    /// The default zeroes it. A type whose `read` only ever writes to the buffer may leave it as it
    /// is.
    ///
    /// # Safety
    ///
    /// For the caller there is nothing to keep. It is unsafe to *implement*: whoever returns
    /// without zeroing promises never to read from the buffer.
    unsafe fn prepare_uninitialized_buffer(&self, buf: &mut [u8]) -> bool {
        buf.fill(0);
        true
    }

    /// Reads into `buf`; returns how many bytes were read. 0 is the end, or an empty `buf`.
    ///
    /// # Errors
    ///
    /// Those of the source, but for `WouldBlock`: that is `NotReady`.
    fn poll_read(&mut self, buf: &mut [u8]) -> Poll<usize, io::Error> {
        poll_of(self.read(buf))
    }

    /// Reads into the free room of `buf`, which is not made to grow; returns how many bytes were
    /// read. 0 is the end, or a `buf` that is full.
    ///
    /// # Errors
    ///
    /// As [`poll_read`](Self::poll_read).
    fn read_buf<B: BufMut>(&mut self, buf: &mut B) -> Poll<usize, io::Error>
    where
        Self: Sized,
    {
        if !buf.has_remaining_mut() {
            return Ok(Async::Ready(0));
        }
        // SAFETY: the room is made ready before it is read into, by zeroing it or by the promise of
        // this type not to look at it.
        let room = unsafe {
            let room = buf.bytes_mut();
            self.prepare_uninitialized_buffer(room);
            room
        };
        let (most, polled) = (room.len(), self.poll_read(room)?);
        if let Async::Ready(len) = polled {
            assert!(len <= most, "{len} bytes cannot have been read into {most}");
            // SAFETY: so many bytes at the front of the room were written, and are within it.
            unsafe { buf.advance_mut(len) };
        }
        Ok(polled)
    }

    /// Puts `codec` over this reader and writer.
    #[deprecated(since = "0.1.7", note = "Use tokio_codec::Decoder::framed instead")]
    fn framed<T: Encoder + Decoder>(self, codec: T) -> Framed<Self, T>
    where
        Self: AsyncWrite + Sized,
    {
        codec.framed(self)
    }

    /// Splits what can be read and written into two halves, which two tasks can use. The halves'
    /// `unsplit` puts them together again.
    fn split(self) -> (ReadHalf<Self>, WriteHalf<Self>)
    where
        Self: AsyncWrite + Sized,
    {
        split::split(self)
    }
}

impl<T: AsyncRead + ?Sized> AsyncRead for Box<T> {
    unsafe fn prepare_uninitialized_buffer(&self, buf: &mut [u8]) -> bool {
        // SAFETY: the promise is that of the type within, which reads.
        unsafe { (**self).prepare_uninitialized_buffer(buf) }
    }

    fn poll_read(&mut self, buf: &mut [u8]) -> Poll<usize, io::Error> {
        (**self).poll_read(buf)
    }
}

impl<T: AsyncRead + ?Sized> AsyncRead for &mut T {
    unsafe fn prepare_uninitialized_buffer(&self, buf: &mut [u8]) -> bool {
        // SAFETY: the promise is that of the type within, which reads.
        unsafe { (**self).prepare_uninitialized_buffer(buf) }
    }

    fn poll_read(&mut self, buf: &mut [u8]) -> Poll<usize, io::Error> {
        (**self).poll_read(buf)
    }
}

impl AsyncRead for &[u8] {
    unsafe fn prepare_uninitialized_buffer(&self, _: &mut [u8]) -> bool {
        false
    }
}

impl AsyncRead for Repeat {
    unsafe fn prepare_uninitialized_buffer(&self, _: &mut [u8]) -> bool {
        false
    }
}

impl<T: AsyncRead> AsyncRead for Take<T> {
    unsafe fn prepare_uninitialized_buffer(&self, buf: &mut [u8]) -> bool {
        // SAFETY: the promise is that of the type within, which reads.
        unsafe { self.get_ref().prepare_uninitialized_buffer(buf) }
    }
}

impl<T: AsyncRead, U: AsyncRead> AsyncRead for Chain<T, U> {
    unsafe fn prepare_uninitialized_buffer(&self, buf: &mut [u8]) -> bool {
        let (first, second) = self.get_ref();
        // SAFETY: either may come to read, and the buffer is ready for both afterwards.
        unsafe {
            first.prepare_uninitialized_buffer(buf) || second.prepare_uninitialized_buffer(buf)
        }
    }
}

impl<T: AsyncRead> AsyncRead for BufReader<T> {
    unsafe fn prepare_uninitialized_buffer(&self, buf: &mut [u8]) -> bool {
        // SAFETY: what is buffered is only copied out; else the type within reads.
        unsafe { self.get_ref().prepare_uninitialized_buffer(buf) }
    }
}

impl<T: AsRef<[u8]>> AsyncRead for Cursor<T> {}
