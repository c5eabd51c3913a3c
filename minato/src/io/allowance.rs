//! How long one poll may go on while both ends are always ready.

use std::task::{Context, Poll};

/// Calls into readers and writers that one poll may make.
const CALLS: usize = 128;
/// Bytes that count as one more call, so that large buffers do not make a poll long.
const BYTES_PER_CALL: usize = 8 * 1024;

/// What is left of a poll's share: 128 calls, or about 1 MiB read and written.
///
/// A loop that runs until something is `Pending` would never give its thread back between two ends
/// that are always ready. The share is large enough that the extra wake is lost in the work done.
pub(crate) struct Allowance {
    calls: usize,
}

impl Allowance {
    /// A full share, for a poll that begins.
    pub(crate) fn new() -> Self {
        Self { calls: CALLS }
    }

    /// Counts a call that moved `bytes`; once the share is used up, wakes the task and is
    /// `Pending`.
    pub(crate) fn poll_spend(&mut self, cx: &mut Context<'_>, bytes: usize) -> Poll<()> {
        self.calls = self.calls.saturating_sub(1 + bytes / BYTES_PER_CALL);
        if self.calls > 0 {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
