//! The readiness of a descriptor, with the power to clear it.

use std::fmt;
use std::io;
use std::os::fd::AsRawFd;

use super::{AsyncFd, TryIoError};
use crate::engine::Readiness;
use crate::net::io::Waitable;
use crate::net::registration::Registration;
use crate::reactor::Snapshot;

/// What was seen of a descriptor's readiness, and what of that still stands.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    snapshot: Snapshot,
    ready: Readiness,
}

impl Seen {
    /// Of `snapshot`, what answers with one of the bits of `mask`.
    pub(super) fn new(snapshot: Snapshot, mask: Readiness) -> Self {
        Self { snapshot, ready: snapshot.readiness().intersection(mask) }
    }

    fn clear(&mut self, registration: &Registration, bits: Readiness) {
        registration.would_block(Some(self.snapshot), self.ready.intersection(bits));
        self.ready = self.ready.difference(bits);
    }

    fn after<R>(
        &mut self,
        registration: &Registration,
        result: io::Result<R>,
    ) -> Result<io::Result<R>, TryIoError> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.clear(registration, Readiness::ALL);
                Err(TryIoError(()))
            }
            result => Ok(result),
        }
    }
}

/// A descriptor that was found ready, from [`AsyncFd::readable`] and its like.
///
/// The readiness stands until an operation clears it that finds that the descriptor would block:
/// with [`try_io`](Self::try_io), which clears it then, or with [`clear_ready`](Self::clear_ready).
/// Readiness that came after this guard was made is never cleared by it.
#[must_use = "readiness stands until it is cleared, so choose: try_io, clear_ready or retain_ready"]
pub struct AsyncFdReadyGuard<'a, T: AsRawFd> {
    async_fd: &'a AsyncFd<T>,
    seen: Seen,
}

impl<'a, T: AsRawFd> AsyncFdReadyGuard<'a, T> {
    pub(super) fn new(async_fd: &'a AsyncFd<T>, seen: Seen) -> Self {
        Self { async_fd, seen }
    }

    /// Calls `operation`; if it returns `WouldBlock`, clears what was seen.
    ///
    /// # Errors
    ///
    /// [`TryIoError`] when the operation would block; its other errors are within the `Ok`.
    pub fn try_io<R>(
        &mut self,
        operation: impl FnOnce(&'a AsyncFd<T>) -> io::Result<R>,
    ) -> Result<io::Result<R>, TryIoError> {
        let result = operation(self.async_fd);
        self.seen.after(self.async_fd.registration(), result)
    }

    /// The `AsyncFd` of this guard.
    pub fn get_ref(&self) -> &'a AsyncFd<T> {
        self.async_fd
    }

    /// What owns the descriptor.
    pub fn get_inner(&self) -> &'a T {
        self.async_fd.get_ref()
    }
}

/// Like [`AsyncFdReadyGuard`], with the right to change what owns the descriptor.
#[must_use = "readiness stands until it is cleared, so choose: try_io, clear_ready or retain_ready"]
pub struct AsyncFdReadyMutGuard<'a, T: AsRawFd> {
    async_fd: &'a mut AsyncFd<T>,
    seen: Seen,
}

impl<'a, T: AsRawFd> AsyncFdReadyMutGuard<'a, T> {
    pub(super) fn new(async_fd: &'a mut AsyncFd<T>, seen: Seen) -> Self {
        Self { async_fd, seen }
    }

    /// As [`AsyncFdReadyGuard::try_io`].
    ///
    /// # Errors
    ///
    /// [`TryIoError`] when the operation would block; its other errors are within the `Ok`.
    pub fn try_io<R>(
        &mut self,
        operation: impl FnOnce(&mut AsyncFd<T>) -> io::Result<R>,
    ) -> Result<io::Result<R>, TryIoError> {
        let result = operation(self.async_fd);
        self.seen.after(self.async_fd.registration(), result)
    }

    /// The `AsyncFd` of this guard.
    pub fn get_ref(&self) -> &AsyncFd<T> {
        self.async_fd
    }

    /// The `AsyncFd` of this guard, to be changed.
    pub fn get_mut(&mut self) -> &mut AsyncFd<T> {
        self.async_fd
    }

    /// What owns the descriptor.
    pub fn get_inner(&self) -> &T {
        self.async_fd.get_ref()
    }

    /// What owns the descriptor, to be changed.
    pub fn get_inner_mut(&mut self) -> &mut T {
        self.async_fd.get_mut()
    }
}

/// Gives a guard what both kinds have.
macro_rules! guard {
    ($guard:ident) => {
        impl<T: AsRawFd> $guard<'_, T> {
            /// Clears what was seen, so that the next wait waits for a fresh event. Only for when
            /// the descriptor has said that it would block. A side that has ended is reported again
            /// at once.
            pub fn clear_ready(&mut self) {
                self.clear_ready_matching(Readiness::ALL);
            }

            /// Like [`clear_ready`](Self::clear_ready), but only the bits of `ready`.
            pub fn clear_ready_matching(&mut self, ready: Readiness) {
                self.seen.clear(self.async_fd.registration(), ready);
            }

            /// Leaves the readiness as it is; the same as dropping the guard, and says so.
            pub fn retain_ready(&mut self) {}

            /// What was seen and not cleared with this guard.
            pub fn ready(&self) -> Readiness {
                self.seen.ready
            }
        }

        impl<T: AsRawFd + fmt::Debug> fmt::Debug for $guard<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($guard))
                    .field("async_fd", &self.async_fd)
                    .field("ready", &self.seen.ready)
                    .finish()
            }
        }
    };
}

guard!(AsyncFdReadyGuard);
guard!(AsyncFdReadyMutGuard);
