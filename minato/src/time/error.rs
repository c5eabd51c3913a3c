//! The errors of timers.

use std::error;
use std::fmt;
use std::io;

/// Why a timer could not be used.
///
/// No timer of this library fails in these ways: they work within every runtime and without one,
/// are limited by nothing but memory, and take any duration. The type is for what is written
/// against an interface of timers that may.
///
/// ```
/// use minato::time::error::Error;
///
/// let error = Error::at_capacity();
/// assert!(error.is_at_capacity() && !error.is_shutdown());
/// assert_eq!(error.to_string(), "no more timers can be made at the moment");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Error(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Shutdown,
    AtCapacity,
    Invalid,
}

impl Error {
    /// The error of a timer whose clock has ended for ever.
    pub fn shutdown() -> Self {
        Self(Kind::Shutdown)
    }

    /// Whether the clock has ended for ever.
    pub fn is_shutdown(&self) -> bool {
        self.0 == Kind::Shutdown
    }

    /// The error of a timer beside which there are too many others; it may work later.
    pub fn at_capacity() -> Self {
        Self(Kind::AtCapacity)
    }

    /// Whether there are too many other timers.
    pub fn is_at_capacity(&self) -> bool {
        self.0 == Kind::AtCapacity
    }

    /// The error of a timer that was asked for what it cannot do.
    pub fn invalid() -> Self {
        Self(Kind::Invalid)
    }

    /// Whether the timer was asked for what it cannot do.
    pub fn is_invalid(&self) -> bool {
        self.0 == Kind::Invalid
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Shutdown => "the clock of the timer has ended",
            Kind::AtCapacity => "no more timers can be made at the moment",
            Kind::Invalid => "the timer cannot wait for so long",
        })
    }
}

impl error::Error for Error {}

/// The time was up before the future was done; see [`timeout`](super::timeout).
///
/// ```
/// use std::future::pending;
/// use std::io;
/// use std::time::Duration;
///
/// let elapsed = minato::time::timeout(Duration::from_millis(1), pending::<()>());
/// let elapsed = pollster::block_on(elapsed).unwrap_err();
/// assert_eq!(elapsed.to_string(), "deadline has elapsed");
/// assert_eq!(io::Error::from(elapsed).kind(), io::ErrorKind::TimedOut);
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl Elapsed {
    pub(super) fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl error::Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, elapsed)
    }
}
