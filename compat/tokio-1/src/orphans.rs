//! Children that were dropped before they ended: what tokio's `process` has instead of a driver of
//! signals. Each is waited for once more when the next child is started, and by a task that its own
//! end wakes.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use minato::net::AsyncFd;
use minato::runtime::Handle as Runtime;
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

/// Waits once more when this descriptor of a child tells its end, if there is a runtime to do it.
pub(crate) fn watch(child: BorrowedFd<'_>) {
    if let (Ok(runtime), Ok(child)) = (Runtime::try_current(), child.try_clone_to_owned()) {
        drop(runtime.spawn(async move {
            AsyncFd::from_owner(child)?.readable().await?.retain_ready();
            reap();
            io::Result::Ok(())
        }));
    }
}

/// tokio's name for its driver of signals.
#[derive(Debug)]
pub(crate) struct Handle;

pub(crate) fn signal_with_handle(_: SignalKind, _: &Handle) -> io::Result<watch::Receiver<()>> {
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
