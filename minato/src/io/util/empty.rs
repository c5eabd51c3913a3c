//! A stream with nothing in it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::sink::forget_writes;
use super::total_length;
use crate::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};
use crate::task::budget;

/// Reads as ended, and takes and forgets what is written; made by [`empty`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Empty;

/// Returns a stream that reads as ended, and takes and forgets what is written.
///
/// ```
/// use minato::io::{AsyncReadExt, empty};
///
/// # futures::executor::block_on(async {
/// let mut all = Vec::new();
/// assert_eq!(empty().read_to_end(&mut all).await?, 0);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub const fn empty() -> Empty {
    Empty
}

impl AsyncRead for Empty {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        budget::poll_spend(cx).map(Ok)
    }
}

impl AsyncBufRead for Empty {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        budget::poll_spend(cx).map(|()| Ok(&[][..]))
    }

    fn consume(self: Pin<&mut Self>, _: usize) {}
}

impl AsyncWrite for Empty {
    forget_writes!();
}
