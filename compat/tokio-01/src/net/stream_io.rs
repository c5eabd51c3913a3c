//! Reading from and writing to a stream, written once: `stream_io!` gives a type and references to
//! it the traits of std and of this crate.

use std::io::{self, IoSlice};
use std::pin::Pin;

use bytes::Buf;
use futures::{Async, Poll};
use iovec::IoVec;
use minato::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::waits::Waits;

/// How many pieces of a buffer go out with one call.
const MOST_PIECES: usize = 64;

pub(super) fn read<S>(stream: &S, waits: &Waits, buf: &mut [u8]) -> Poll<usize, io::Error>
where
    for<'a> &'a S: AsyncRead,
{
    let mut buf = ReadBuf::new(buf);
    let polled = waits.read(|cx| Pin::new(&mut &*stream).poll_read(cx, &mut buf))?;
    Ok(polled.map(|()| buf.filled().len()))
}

pub(super) fn write<S>(stream: &S, waits: &Waits, buf: &[u8]) -> Poll<usize, io::Error>
where
    for<'a> &'a S: AsyncWrite,
{
    waits.write(|cx| Pin::new(&mut &*stream).poll_write(cx, buf))
}

/// Writes from all pieces of `buf` with one call.
pub(super) fn write_buf<S, B>(stream: &S, waits: &Waits, buf: &mut B) -> Poll<usize, io::Error>
where
    for<'a> &'a S: AsyncWrite,
    B: Buf,
{
    if !buf.has_remaining() {
        return Ok(Async::Ready(0));
    }
    let polled = {
        // A piece cannot be empty, so each is something else until it is known.
        let mut pieces: [&IoVec; MOST_PIECES] = [(&[0_u8][..]).into(); MOST_PIECES];
        let count = buf.bytes_vec(&mut pieces);
        let mut slices = [IoSlice::new(&[]); MOST_PIECES];
        for (slice, piece) in slices.iter_mut().zip(&pieces[..count]) {
            *slice = IoSlice::new(piece);
        }
        let slices = &slices[..count];
        waits.write(|cx| Pin::new(&mut &*stream).poll_write_vectored(cx, slices))?
    };
    if let Async::Ready(len) = polled {
        buf.advance(len);
    }
    Ok(polled)
}

/// Ends the writing side.
pub(super) fn shutdown<S>(stream: &S, waits: &Waits) -> Poll<(), io::Error>
where
    for<'a> &'a S: AsyncWrite,
{
    waits.write(|cx| Pin::new(&mut &*stream).poll_shutdown(cx))
}

/// Gives `$stream`, a type with the fields `inner` and `waits` or a reference to one, the traits
/// for reading and writing.
macro_rules! stream_io {
    ($stream:ty) => {
        impl Read for $stream {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                now(self.poll_read(buf))
            }
        }

        impl AsyncRead for $stream {
            unsafe fn prepare_uninitialized_buffer(&self, _: &mut [u8]) -> bool {
                false
            }

            fn poll_read(&mut self, buf: &mut [u8]) -> Poll<usize, io::Error> {
                stream_io::read(&self.inner, &self.waits, buf)
            }
        }

        impl Write for $stream {
            fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
                now(self.poll_write(buf))
            }

            /// Nothing is buffered here.
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        impl AsyncWrite for $stream {
            fn poll_write(&mut self, buf: &[u8]) -> Poll<usize, io::Error> {
                stream_io::write(&self.inner, &self.waits, buf)
            }

            /// Ends the writing side: the peer sees the end of the stream.
            fn shutdown(&mut self) -> Poll<(), io::Error> {
                stream_io::shutdown(&self.inner, &self.waits)
            }

            fn write_buf<B: Buf>(&mut self, buf: &mut B) -> Poll<usize, io::Error> {
                stream_io::write_buf(&self.inner, &self.waits, buf)
            }
        }
    };
}

pub(super) use stream_io;
