//! A writer that forgets.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::total_length;
use crate::io::AsyncWrite;
use crate::task::budget;

/// Takes and forgets what is written; made by [`sink`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Sink;

/// Returns a writer that takes and forgets everything.
///
/// ```
/// use minato::io::{AsyncReadExt, copy, repeat, sink};
///
/// # futures::executor::block_on(async {
/// assert_eq!(copy(&mut repeat(7).take(1024), &mut sink()).await?, 1024);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub const fn sink() -> Sink {
    Sink
}

/// The methods of a writer that forgets. Each call counts against the budget of the task's poll.
macro_rules! forget_writes {
    () => {
        fn poll_write(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            budget::poll_spend(cx).map(|()| Ok(buf.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            budget::poll_spend(cx).map(Ok)
        }

        fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            budget::poll_spend(cx).map(Ok)
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            budget::poll_spend(cx).map(|()| Ok(total_length(bufs)))
        }

        fn is_write_vectored(&self) -> bool {
            true
        }
    };
}

pub(super) use forget_writes;

impl AsyncWrite for Sink {
    forget_writes!();
}
