//! A descriptor that somebody else owns, and that is only waited for.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::OnceLock;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{Interest, Readiness, mio};
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

    /// The owner's descriptor.
    pub(crate) fn owners(&self) -> BorrowedFd<'_> {
        // SAFETY: whoever uses the number sets it first, and borrows its owner meanwhile.
        unsafe { BorrowedFd::borrow_raw(self.descriptor.load(Ordering::Relaxed)) }
    }

    /// From now on a duplicate is registered, which is another one to the system.
    pub(super) fn duplicate(&self) -> io::Result<()> {
        let duplicate = self.owners().try_clone_to_owned()?;
        self.duplicate.get_or_init(|| duplicate);
        Ok(())
    }

    /// Whether the system says that the descriptor is ready for a bit of `mask`; also when it does
    /// not say, so that an operation finds out.
    pub(crate) fn may_be_ready(&self, mask: Readiness) -> bool {
        let bits = [
            (Readiness::READABLE, PollFlags::IN),
            (Readiness::WRITABLE, PollFlags::OUT),
            (Readiness::PRIORITY, PollFlags::PRI),
        ];
        let asked = bits.into_iter().filter(|(bit, _)| mask.contains(*bit)).map(|(_, flag)| flag);
        let owners = self.owners();
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut [PollFd::from_borrowed_fd(owners, asked.collect())], Some(&now)) != Ok(0)
    }

    pub(crate) fn interest(&self) -> Interest {
        self.interest
    }
}
