//! The halves of a split stream: one generic set for every kind of stream.

use std::error::Error;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BufMut;

use super::api::{readable_api, ready_api, writable_api};
use super::io::Waitable;
use super::socket::{Socket, StreamVerbs};
use super::stream::{read_methods, read_traits, send_file_method, write_methods, write_traits};
use super::{Direct, SendFile};
use crate::engine::{Interest, Readiness};
use crate::io::{AsyncRead, AsyncWrite, Lent, ReadBuf};
use crate::sync::Arc;

/// A stream socket that can be split: [`TcpStream`](super::TcpStream) and its Unix sibling.
pub trait SplitStream: sealed::HasSocket + Sized {
    /// The kind of address that its ends have.
    type Addr;

    /// What [`reunite`](OwnedReadHalf::reunite) returns for halves of two streams.
    type ReuniteError: Error + From<(OwnedReadHalf<Self>, OwnedWriteHalf<Self>)>;

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
            return Err((other, self).into());
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

/// What `reunite` of a half of `S` returns when the other half is not of the same stream.
pub type ReuniteError<S> = <S as SplitStream>::ReuniteError;

/// Gives `$error`, a pair of the owned halves that are named, what an error has.
macro_rules! reunite_error {
    ($error:ident($read:ident, $write:ident)) => {
        impl From<($read, $write)> for $error {
            fn from((read, write): ($read, $write)) -> Self {
                Self(read, write)
            }
        }

        impl std::fmt::Display for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the two halves are not of the same stream")
            }
        }

        impl std::error::Error for $error {}
    };
}

pub(super) use reunite_error;

/// Gives a half what both kinds have.
macro_rules! half {
    ($half:ident $(<$life:lifetime>)?) => {
        impl<S: SplitStream> $half<$($life,)? S> {
            #[inline(always)]
            fn socket(&self) -> &Socket {
                self.stream.socket()
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

        ready_api!([S: SplitStream] $half<$($life,)? S>);

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
                self.socket().peek(buf).await
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
                self.socket().poll_peek(cx, buf)
            }
        }

        half!($half $(<$life>)?);

        readable_api!([S: SplitStream] $half<$($life,)? S>);
        read_methods!([S: SplitStream] $half<$($life,)? S>);
        read_traits!([S: SplitStream] $half<$($life,)? S>);
    };
}

/// Gives a writing half its methods and traits.
macro_rules! write_half {
    ($half:ident $(<$life:lifetime>)?) => {
        half!($half $(<$life>)?);

        writable_api!([S: SplitStream] $half<$($life,)? S>);
        write_methods!([S: SplitStream] $half<$($life,)? S>);
        send_file_method!([S: SplitStream] $half<$($life,)? S>);
        write_traits!([S: SplitStream] $half<$($life,)? S>);
    };
}

read_half!(BorrowedReadHalf<'_>);
read_half!(OwnedReadHalf);
write_half!(BorrowedWriteHalf<'_>);
write_half!(OwnedWriteHalf);
