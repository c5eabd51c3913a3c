//! What can be wrong with a timer.

use std::error;
use std::fmt;

/// A timer does not work. On Minato that does not happen: it is here because the types of tokio 0.1
/// name it.
#[derive(Debug)]
pub struct Error(Kind);

#[derive(Debug)]
enum Kind {
    Shutdown,
    AtCapacity,
}

impl Error {
    /// The error of a timer that has been shut down.
    pub fn shutdown() -> Self {
        Self(Kind::Shutdown)
    }

    /// Whether the timer has been shut down.
    pub fn is_shutdown(&self) -> bool {
        matches!(self.0, Kind::Shutdown)
    }

    /// The error of a timer that has no more room.
    pub fn at_capacity() -> Self {
        Self(Kind::AtCapacity)
    }

    /// Whether the timer has no more room.
    pub fn is_at_capacity(&self) -> bool {
        matches!(self.0, Kind::AtCapacity)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Shutdown => "timer is shutdown",
            Kind::AtCapacity => "timer is at capacity and cannot create a new entry",
        })
    }
}

impl error::Error for Error {}
