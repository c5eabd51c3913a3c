//! The halves of a split stream: one generic set for every kind of stream.

use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BufMut;

use super::io::Waitable;
use super::{Direct, SendFile};
use crate::engine::{Interest, Readiness};
use crate::io::{AsyncRead, AsyncWrite, ReadBuf};
use crate::sync::Arc;

/// A stream socket that can be split: [`TcpStream`](super::TcpStream) and its Unix sibling.
pub trait SplitStream: sealed::HasSocket {
    /// The kind of address that its ends have.
    type Addr;

    /// The local address.
    ///
    /// # Errors
    ///
    /// The system's.
    fn local_addr(&self) -> io::Result<Self::Addr>;

    /// The peer's address.
    ///
    /// # Errors
    ///
    /// The system's.
    fn peer_addr(&self) -> io::Result<Self::Addr>;
}

pub(crate) mod sealed {
    use crate::net::socket::Socket;

    /// The way to the socket, which is not for others to go.
    #[allow(unnameable_types, reason = "this is what seals the trait")]
    pub trait HasSocket {
        #[doc(hidden)]
        #[allow(private_interfaces, reason = "only we implement and call it")]
        fn socket(&self) -> &Socket;
    }
}

pub(super) fn split<S: SplitStream>(
    stream: &mut S,
) -> (BorrowedReadHalf<'_, S>, BorrowedWriteHalf<'_, S>) {
    let stream = &*stream;
    (BorrowedReadHalf { stream }, BorrowedWriteHalf { stream })
}

pub(super) fn into_split<S: SplitStream>(stream: S) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
    let stream = Arc::new(stream);
    let read = OwnedReadHalf { stream: stream.clone() };
    (read, OwnedWriteHalf { stream, shuts_down: true })
}

/// The reading half of a stream that was split by reference.
#[derive(Debug)]
pub struct BorrowedReadHalf<'a, S: SplitStream> {
    stream: &'a S,
}

/// The writing half of a stream that was split by reference.
#[derive(Debug)]
pub struct BorrowedWriteHalf<'a, S: SplitStream> {
    stream: &'a S,
}

/// The reading half of a stream that was split by value.
#[derive(Debug)]
pub struct OwnedReadHalf<S: SplitStream> {
    stream: Arc<S>,
}

/// The writing half of a stream that was split by value. Dropping it ends the writing side of the
/// stream: the peer sees its end.
#[derive(Debug)]
pub struct OwnedWriteHalf<S: SplitStream> {
    stream: Arc<S>,
    shuts_down: bool,
}

impl<S: SplitStream> OwnedReadHalf<S> {
    /// Puts the two halves of one stream together again.
    ///
    /// # Errors
    ///
    /// When they are not of the same stream; the error gives them back.
    pub fn reunite(self, other: OwnedWriteHalf<S>) -> Result<S, ReuniteError<S>> {
        other.reunite(self)
    }
}

impl<S: SplitStream> OwnedWriteHalf<S> {
    /// Puts the two halves of one stream together again.
    ///
    /// # Errors
    ///
    /// When they are not of the same stream; the error gives them back.
    pub fn reunite(mut self, other: OwnedReadHalf<S>) -> Result<S, ReuniteError<S>> {
        if !Arc::ptr_eq(&self.stream, &other.stream) {
            return Err(ReuniteError(other, self));
        }
        drop(other);
        self.shuts_down = false;
        let stream = self.stream.clone();
        drop(self);
        match Arc::try_unwrap(stream) {
            Ok(stream) => Ok(stream),
            Err(_) => unreachable!("a stream has two halves, and both were given"),
        }
    }

    /// Drops this half without ending the writing side.
    pub fn forget(mut self) {
        self.shuts_down = false;
    }
}

impl<S: SplitStream> Drop for OwnedWriteHalf<S> {
    fn drop(&mut self) {
        if self.shuts_down {
            // A connection that is gone has no side left to end.
            _ = self.stream.socket().end_writing();
        }
    }
}

/// The halves were not of the same stream.
pub struct ReuniteError<S: SplitStream>(pub OwnedReadHalf<S>, pub OwnedWriteHalf<S>);

impl<S: SplitStream> fmt::Debug for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReuniteError").finish_non_exhaustive()
    }
}

impl<S: SplitStream> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the two halves are not of the same stream")
    }
}

impl<S: SplitStream> Error for ReuniteError<S> {}

/// Gives a half what both kinds have.
macro_rules! half {
    ($half:ident $(<$life:lifetime>)?) => {
        impl<S: SplitStream> $half<$($life,)? S> {
            /// Waits until the stream is ready as asked.
            ///
            /// # Errors
            ///
            /// When there is no reactor to wait on, or it was shut down.
            ///
            /// # Cancel safety
            ///
            /// Nothing is lost by dropping it.
            pub async fn ready(&self, interest: Interest) -> io::Result<Readiness> {
                self.stream.socket().ready(interest).await
            }

            /// The local address of the stream.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn local_addr(&self) -> io::Result<S::Addr> {
                self.stream.local_addr()
            }

            /// The address of the peer.
            ///
            /// # Errors
            ///
            /// As that of the stream.
            pub fn peer_addr(&self) -> io::Result<S::Addr> {
                self.stream.peer_addr()
            }

            /// The stream itself.
            pub fn as_stream(&self) -> &S {
                &self.stream
            }
        }

        impl<S: SplitStream> AsRef<S> for $half<$($life,)? S> {
            fn as_ref(&self) -> &S {
                &self.stream
            }
        }
    };
}

/// Gives a reading half its methods and traits.
macro_rules! read_half {
    ($half:ident $(<$life:lifetime>)?) => {
        impl<S: SplitStream> $half<$($life,)? S> {
            /// Waits until there is something to read, or the end of the stream.
            ///
            /// # Errors
            ///
            /// When there is no reactor to wait on, or it was shut down.
            ///
            /// # Cancel safety
            ///
            /// Nothing is lost by dropping it.
            pub async fn readable(&self) -> io::Result<()> {
                self.ready(Interest::READABLE).await.map(drop)
            }

            /// Reads what is there, without waiting; 0 is the end of the stream.
            ///
            /// # Errors
            ///
            /// `WouldBlock` if there is nothing at present; else the system's.
            pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
                self.stream.socket().try_recv_buf(&mut ReadBuf::new(buf))
            }

            /// Reads without taking what is read out of the stream.
            ///
            /// # Errors
            ///
            /// The system's.
            ///
            /// # Cancel safety
            ///
            /// Nothing is lost by dropping it.
            pub async fn peek(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                self.stream.socket().peek(buf).await
            }

            /// Like [`try_read`](Self::try_read), into several buffers in order.
            ///
            /// # Errors
            ///
            /// As [`try_read`](Self::try_read).
            pub fn try_read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                self.stream.socket().try_recv_vectored(bufs)
            }

            /// Like [`try_read`](Self::try_read), into the free room of a buffer that grows.
            ///
            /// # Errors
            ///
            /// As [`try_read`](Self::try_read).
            pub fn try_read_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
                self.stream.socket().try_recv_buf(buf)
            }

            /// The poll form of [`peek`](Self::peek); returns how many bytes were put into `buf`.
            ///
            /// # Errors
            ///
            /// As [`peek`](Self::peek).
            pub fn poll_peek(
                &mut self,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<usize>> {
                self.stream.socket().poll_peek(cx, buf)
            }
        }

        half!($half $(<$life>)?);

        impl<S: SplitStream> AsyncRead for $half<$($life,)? S> {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                self.stream.socket().poll_read(cx, buf)
            }

            #[inline]
            fn poll_read_slice(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.stream.socket().poll_recv(cx, bytes)
            }

            fn direct_reader(&self) -> Option<Direct<'_>> {
                self.stream.socket().direct()
            }
        }
    };
}

/// Gives a writing half its methods and traits.
macro_rules! write_half {
    ($half:ident $(<$life:lifetime>)?) => {
        impl<S: SplitStream> $half<$($life,)? S> {
            /// Waits until there is room to write, or nobody left to read.
            ///
            /// # Errors
            ///
            /// When there is no reactor to wait on, or it was shut down.
            ///
            /// # Cancel safety
            ///
            /// Nothing is lost by dropping it.
            pub async fn writable(&self) -> io::Result<()> {
                self.ready(Interest::WRITABLE).await.map(drop)
            }

            /// Writes as much as there is room for, without waiting.
            ///
            /// # Errors
            ///
            /// `WouldBlock` if there is no room at present; else the system's.
            pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
                let socket = self.stream.socket();
                socket.try_io(Interest::WRITABLE, || socket.send(buf))
            }

            /// Sends `len` bytes of a file from `offset` on, or all that follow if `None`; returns
            /// how many that were. See [`TcpStream::send_file`](super::TcpStream::send_file): the
            /// thread waits for the disk.
            ///
            /// # Errors
            ///
            /// Those of writing to the stream, and of reading the file at a position.
            ///
            /// # Cancel safety
            ///
            /// Nothing is sent but what [`sent`](SendFile::sent) of the future counts.
            pub fn send_file<F: AsFd>(
                &self,
                file: F,
                offset: u64,
                len: Option<u64>,
            ) -> SendFile<'_, F> {
                SendFile::new(self.stream.socket(), file, offset, len)
            }

            /// Like [`try_write`](Self::try_write), from several buffers in order.
            ///
            /// # Errors
            ///
            /// As [`try_write`](Self::try_write).
            pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
                let socket = self.stream.socket();
                socket.try_io(Interest::WRITABLE, || socket.send_vectored(bufs))
            }
        }

        half!($half $(<$life>)?);

        impl<S: SplitStream> AsyncWrite for $half<$($life,)? S> {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.stream.socket().poll_write(cx, buf)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.stream.socket().poll_write_vectored(cx, bufs)
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            /// Ends the writing side: the peer sees the end of the stream.
            fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(self.stream.socket().end_writing())
            }

            fn direct_writer(&self) -> Option<Direct<'_>> {
                self.stream.socket().direct()
            }
        }
    };
}

read_half!(BorrowedReadHalf<'_>);
read_half!(OwnedReadHalf);
write_half!(BorrowedWriteHalf<'_>);
write_half!(OwnedWriteHalf);
