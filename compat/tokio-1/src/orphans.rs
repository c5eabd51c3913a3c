//! Children that were dropped before they ended: what tokio's `process` has instead of a driver of
//! signals. Each is waited for once more when the next child is started, and by a task that its own
//! end wakes.

use std::sync::LazyLock;
use std::task::{Context, Poll};

use minato::signal::unix::{Signal, SignalKind};

use crate::process::unix::GlobalOrphanQueue;
use crate::sync::watch;

/// Counts as the news that children have ended, without which tokio does not look.
static NEWS: LazyLock<watch::Sender<()>> = LazyLock::new(|| watch::Sender::new(()));

/// Waits for all that have ended.
pub(crate) fn reap() {
    NEWS.send_replace(());
    GlobalOrphanQueue::reap_orphans(&Handle);
}

/// tokio's name for its driver of signals.
#[derive(Debug)]
pub(crate) struct Handle;

pub(crate) fn signal_with_handle(_: SignalKind, _: &Handle) -> std::io::Result<watch::Receiver<()>> {
    Ok(NEWS.subscribe())
}

/// A stream of signals, to a child that has no descriptor that tells its end.
pub(crate) trait InternalStream {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>>;
}

impl InternalStream for Signal {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        self.poll_recv(cx)
    }
}
