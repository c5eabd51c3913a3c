//! The errors of timers.

use std::error::Error;
use std::fmt;
use std::io;

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

impl Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, elapsed)
    }
}
