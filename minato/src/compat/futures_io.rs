//! The traits of futures 0.3.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::futures_io as theirs;

use super::our_types::for_our_types;
use super::{Compat, FromFutures};
use crate::io::forward::{forward_buf_read, write_polls};
use crate::{io as ours, net};

macro_rules! read {
    ([$($generics:tt)*] $type:ty, $self:ident => $pin:expr, $shared:expr) => {
        impl<$($generics)*> theirs::AsyncRead for $type {
            fn poll_read(
                $self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                ours::AsyncRead::poll_read_slice($pin, cx, bytes)
            }
        }
    };
}

macro_rules! write {
    ([$($generics:tt)*] $type:ty, $self:ident => $pin:expr, $shared:expr) => {
        impl<$($generics)*> theirs::AsyncWrite for $type {
            write_polls! {
                $self, cx,
                buf => ours::AsyncWrite::poll_write($pin, cx, buf),
                bufs => ours::AsyncWrite::poll_write_vectored($pin, cx, bufs),
                flush => ours::AsyncWrite::poll_flush($pin, cx),
                poll_close => ours::AsyncWrite::poll_shutdown($pin, cx)
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

for_our_types!(read, write, buf_read);

/// The trait of futures takes initialized memory only, so what was never written is zeroed.
impl<T: theirs::AsyncRead> ours::AsyncRead for FromFutures<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ours::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let count = ready!(self.project().inner.poll_read(cx, buf.initialize_unfilled()))?;
        buf.advance(count);
        Poll::Ready(Ok(()))
    }

    fn poll_read_slice(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_read(cx, bytes)
    }
}

impl<T: theirs::AsyncWrite> ours::AsyncWrite for FromFutures<T> {
    write_polls! {
        self, cx,
        buf => self.project().inner.poll_write(cx, buf),
        bufs => self.project().inner.poll_write_vectored(cx, bufs),
        flush => self.project().inner.poll_flush(cx),
        poll_shutdown => self.project().inner.poll_close(cx)
    }

    /// The trait of futures cannot tell. Its provided method does what ours does.
    fn is_write_vectored(&self) -> bool {
        true
    }
}

impl<T: theirs::AsyncBufRead> ours::AsyncBufRead for FromFutures<T> {
    forward_buf_read!(self, cx => self.project().inner; by theirs::AsyncBufRead);
}
