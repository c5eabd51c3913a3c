//! A descriptor that somebody else owns, and that is only waited for.

use std::io;
use std::os::fd::RawFd;

use super::{Interest, mio};

/// The number of a descriptor, and what is waited for on it. Its owner keeps it open for as long
/// as it is registered; if not, the registration is gone, or another descriptor's events come.
pub(crate) struct Foreign {
    descriptor: RawFd,
    interest: Interest,
}

impl Foreign {
    /// Checks with the system that the descriptor is open and can be waited for, by a registration
    /// that is thrown away: so bad ones are refused at once, while no reactor is needed yet.
    pub(crate) fn new(descriptor: RawFd, interest: Interest) -> io::Result<Self> {
        let foreign = Self { descriptor, interest };
        mio::probe(&foreign)?;
        Ok(foreign)
    }

    pub(super) fn descriptor(&self) -> RawFd {
        self.descriptor
    }

    pub(crate) fn interest(&self) -> Interest {
        self.interest
    }

    /// It may be no socket at all.
    pub(super) fn has_no_verbs(&self) -> io::Error {
        io::Error::from_raw_os_error(libc::ENOTSOCK)
    }
}
