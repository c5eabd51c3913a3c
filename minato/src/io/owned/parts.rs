//! Where a by-value future keeps what it was given.

use std::io;
use std::task::{Poll, ready};

/// The parts of a future, usually a tuple of what it was given and how far it has come.
///
/// Success moves them out, and only success: an error leaves them here for the caller.
#[derive(Debug)]
pub(crate) struct Parts<P> {
    /// The name of the future, for the message of a panic.
    future: &'static str,
    held: Option<P>,
}

/// The parts are moved out in the end and never pinned, whatever the buffer's type is.
impl<P> Unpin for Parts<P> {}

impl<P> Parts<P> {
    pub(crate) fn new(future: &'static str, parts: P) -> Self {
        Self { future, held: Some(parts) }
    }

    /// The parts, to work on. Panics after [`take`](Self::take).
    pub(crate) fn get_mut(&mut self) -> &mut P {
        match &mut self.held {
            Some(parts) => parts,
            None => panic!("{} polled after completion", self.future),
        }
    }

    /// Moves the parts out for the result. Panics if that was done before.
    pub(crate) fn take(&mut self) -> P {
        match self.held.take() {
            Some(parts) => parts,
            None => panic!("{} polled after completion", self.future),
        }
    }

    /// Lets `poll` work on the parts; moves them out with its result when it succeeds.
    pub(crate) fn poll_with<T>(
        &mut self,
        poll: impl FnOnce(&mut P) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<(P, T)>> {
        let result = ready!(poll(self.get_mut()))?;
        Poll::Ready(Ok((self.take(), result)))
    }

    /// The parts, unless success took them.
    pub(crate) fn into_inner(self) -> Option<P> {
        self.held
    }
}
