//! A reader that never ends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::io::{AsyncRead, ReadBuf};
use crate::task::budget;

/// Reads as one byte over and over; made by [`repeat`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Repeat {
    byte: u8,
}

/// Returns a reader that gives `byte` over and over and never ends.
pub const fn repeat(byte: u8) -> Repeat {
    Repeat { byte }
}

impl AsyncRead for Repeat {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(budget::poll_spend(cx));
        buf.initialize_unfilled().fill(self.byte);
        buf.advance(buf.remaining());
        Poll::Ready(Ok(()))
    }
}
