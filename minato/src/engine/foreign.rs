//! A descriptor that somebody else owns, and that is only waited for.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::OnceLock;

use super::{Interest, mio};
use crate::sync::plain::{AtomicI32, Ordering};

/// The number of a descriptor, and what is waited for on it.
pub(crate) struct Foreign {
    /// Set anew before each use, since the owner may exchange its descriptor.
    descriptor: AtomicI32,
    /// Registered in place of a descriptor that the reactor has already.
    duplicate: OnceLock<OwnedFd>,
    interest: Interest,
}

impl Foreign {
    /// Checks with the system that the descriptor is open and can be waited for. So a bad one is
    /// refused at once, while no reactor is needed yet.
    pub(crate) fn new(descriptor: RawFd, interest: Interest) -> io::Result<Self> {
        let descriptor = AtomicI32::new(descriptor);
        let foreign = Self { descriptor, duplicate: OnceLock::new(), interest };
        mio::probe(&foreign)?;
        Ok(foreign)
    }

    /// The number that is registered.
    pub(super) fn descriptor(&self) -> RawFd {
        match self.duplicate.get() {
            Some(duplicate) => duplicate.as_raw_fd(),
            None => self.descriptor.load(Ordering::Relaxed),
        }
    }

    /// The number that the descriptor has now.
    pub(crate) fn set_descriptor(&self, descriptor: RawFd) {
        self.descriptor.store(descriptor, Ordering::Relaxed);
    }

    /// From now on a duplicate is registered, which is another one to the system.
    pub(super) fn duplicate(&self) -> io::Result<()> {
        // SAFETY: a wait sets the number first, and borrows its owner until it returns.
        let owners = unsafe { BorrowedFd::borrow_raw(self.descriptor.load(Ordering::Relaxed)) };
        let duplicate = owners.try_clone_to_owned()?;
        self.duplicate.get_or_init(|| duplicate);
        Ok(())
    }

    pub(crate) fn interest(&self) -> Interest {
        self.interest
    }
}
