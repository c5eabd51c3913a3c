//! Calls that were interrupted are made again.

use std::task::{Context, Poll};

use crate::task::budget;

/// The result of a poll, which is made again while it is an
/// [`Interrupted`](std::io::ErrorKind::Interrupted) error: that says that nothing happened, and no
/// more. It takes the context, and the poll as an expression.
///
/// A stream that is interrupted for ever keeps no thread to itself; see [`poll_again`].
macro_rules! uninterrupted {
    ($cx:ident, $poll:expr) => {{
        let mut interruptions = 0;
        loop {
            match $poll {
                std::task::Poll::Ready(Err(error))
                    if error.kind() == std::io::ErrorKind::Interrupted =>
                {
                    if crate::io::interrupted::poll_again($cx, &mut interruptions).is_pending() {
                        break std::task::Poll::Pending;
                    }
                }
                polled => break polled,
            }
        }
    }};
}

pub(super) use uninterrupted;

/// How often one poll is made again before others have their turn.
const LIMIT: u8 = 128;

/// Leave to make a poll again after so many `interruptions`; `Pending`, with the task woken, when
/// there were too many, or the budget of the task's poll is used up.
#[cold]
pub(super) fn poll_again(cx: &mut Context<'_>, interruptions: &mut u8) -> Poll<()> {
    *interruptions += 1;
    if *interruptions < LIMIT {
        return budget::poll_spend(cx);
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}
