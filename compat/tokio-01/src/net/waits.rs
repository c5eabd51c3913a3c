//! Who waits for a socket.

use std::fmt;
use std::io;
use std::task::{Context, Poll};

use crate::bridge::{Waiters, poll01};
use crate::reactor::Handle;
use crate::reactor::events::SocketEvents;

/// The tasks of futures 0.1 that wait for a socket, in both directions.
pub(super) struct Waits {
    readers: Waiters,
    writers: Waiters,
    #[allow(dead_code, reason = "only the feature mio-06 reads it")]
    pub(super) events: SocketEvents,
}

impl Waits {
    /// Those of a socket that was made for the reactor of `handle`.
    pub(super) fn on(handle: &Handle) -> Self {
        let (readers, writers) = Default::default();
        Self { readers, writers, events: SocketEvents::on(handle) }
    }

    /// Polls an operation that reads.
    pub(super) fn read<T>(
        &self,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> futures::Poll<T, io::Error> {
        let polled = self.readers.poll(poll);
        if polled.is_pending() {
            self.events.would_block_reading();
        }
        poll01(polled)
    }

    /// Polls an operation that writes.
    pub(super) fn write<T>(
        &self,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> futures::Poll<T, io::Error> {
        let polled = self.writers.poll(poll);
        if polled.is_pending() {
            self.events.would_block_writing();
        }
        poll01(polled)
    }
}

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waits").finish_non_exhaustive()
    }
}
