//! The traits of tokio 1.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use ::tokio::io::{self as theirs, AsyncReadExt as _};

use super::our_types::for_our_types;
use super::{Compat, FromTokio};
use crate::io::forward::{forward_buf_read, forward_seek, forward_write_polls};
use crate::io::read_buf::poll_read_into;
use crate::{io as ours, net};

/// The free memory goes over as a `BufMut`, which both buffers are: there is no copy, no zeroing,
/// and no unsafe code but that of the two buffers.
macro_rules! read {
    ([$($generics:tt)*] $type:ty, $self:ident => $pin:expr, $shared:expr) => {
        impl<$($generics)*> theirs::AsyncRead for $type {
            fn poll_read(
                $self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut theirs::ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                poll_read_into($pin, cx, buf).map_ok(drop)
            }
        }
    };
}

macro_rules! write {
    ([$($generics:tt)*] $type:ty, $self:ident => $pin:expr, $shared:expr) => {
        impl<$($generics)*> theirs::AsyncWrite for $type {
            forward_write_polls!($self, cx => $pin);

            fn is_write_vectored(&$self) -> bool {
                ours::AsyncWrite::is_write_vectored($shared)
            }
        }
    };
}

macro_rules! buf_read {
    ([$($generics:tt)*] $type:ty, $self:ident => $pin:expr, $shared:expr) => {
        impl<$($generics)*> theirs::AsyncBufRead for $type {
            forward_buf_read!($self, cx => $pin; $shared);
        }
    };
}

macro_rules! seek {
    ([$($generics:tt)*] $type:ty, $self:ident => $pin:expr, $shared:expr) => {
        impl<$($generics)*> theirs::AsyncSeek for $type {
            forward_seek!($self, cx => $pin; $shared);
        }
    };
}

for_our_types!(read, write, buf_read, seek);

/// tokio's own `read_buf` fills any `BufMut`. Its future keeps nothing, so each poll makes one.
impl<T: theirs::AsyncRead> ours::AsyncRead for FromTokio<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ours::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        pin!(self.project().inner.read_buf(buf)).poll(cx).map_ok(drop)
    }

    fn poll_read_slice(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        pin!(self.project().inner.read(bytes)).poll(cx)
    }
}

impl<T: theirs::AsyncWrite> ours::AsyncWrite for FromTokio<T> {
    forward_write_polls!(self, cx => self.project().inner; by theirs::AsyncWrite);

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

impl<T: theirs::AsyncBufRead> ours::AsyncBufRead for FromTokio<T> {
    forward_buf_read!(self, cx => self.project().inner; by theirs::AsyncBufRead);
}

impl<T: theirs::AsyncSeek> ours::AsyncSeek for FromTokio<T> {
    forward_seek!(self, cx => self.project().inner; by theirs::AsyncSeek);
}
