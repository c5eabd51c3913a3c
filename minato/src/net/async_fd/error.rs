//! What can go wrong with a descriptor of somebody else's.

use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::RawFd;

/// A descriptor could not be taken into an [`AsyncFd`](super::AsyncFd); gives its owner back.
pub struct AsyncFdRegisterError<T> {
    pub(super) inner: T,
    pub(super) descriptor: RawFd,
    pub(super) cause: io::Error,
}

/// The name before tokio 1.54.
#[doc(hidden)]
#[deprecated = "use `AsyncFdRegisterError`"]
pub type AsyncFdTryNewError<T> = AsyncFdRegisterError<T>;

impl<T> AsyncFdRegisterError<T> {
    /// What was to be taken in, and the reason why it was not.
    pub fn into_parts(self) -> (T, io::Error) {
        (self.inner, self.cause)
    }
}

impl<T> fmt::Display for AsyncFdRegisterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.cause.raw_os_error() {
            Some(libc::EBADF) => "it is not open",
            Some(libc::EPERM) => "it is of a kind that is always ready, as a regular file is",
            _ => "the system refused it",
        };
        let Self { descriptor, cause, .. } = self;
        write!(f, "descriptor {descriptor} cannot be waited for, since {why}: {cause}")
    }
}

impl<T> fmt::Debug for AsyncFdRegisterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFdRegisterError")
            .field("descriptor", &self.descriptor)
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

impl<T> Error for AsyncFdRegisterError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

impl<T> From<AsyncFdRegisterError<T>> for io::Error {
    fn from(error: AsyncFdRegisterError<T>) -> Self {
        error.cause
    }
}

/// An operation within `try_io` of a guard would block; the readiness has been cleared.
#[derive(Debug)]
pub struct TryIoError(pub(super) ());

impl fmt::Display for TryIoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operation would block")
    }
}

impl Error for TryIoError {}
