//! The address of a Unix socket, as a type of this library's.

use std::fmt;
use std::io;
use std::os::unix::net::SocketAddr as StdAddress;
use std::path::Path;

use super::{Address, platform};

/// The address of a Unix socket: a path, an abstract name of Linux, or none.
///
/// It is made from std's type, and back, by `into()`.
///
/// ```
/// use minato::net::unix::SocketAddr;
///
/// # fn main() -> std::io::Result<()> {
/// let std = std::os::unix::net::SocketAddr::from_pathname("/run/harbour")?;
/// let address = SocketAddr::from(std);
/// assert_eq!(address.as_pathname(), Some("/run/harbour".as_ref()));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct SocketAddr(StdAddress);

impl SocketAddr {
    /// Whether it is that of a socket that was never bound.
    pub fn is_unnamed(&self) -> bool {
        self.0.is_unnamed()
    }

    /// The path, if it is one.
    pub fn as_pathname(&self) -> Option<&Path> {
        self.0.as_pathname()
    }
}

/// What Linux has and others lack.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod on_linux {
    use crate::os::platform::SocketAddrExt;

    impl super::SocketAddr {
        /// The abstract name, if it is one, without the zero byte that it begins with elsewhere.
        pub fn as_abstract_name(&self) -> Option<&[u8]> {
            self.0.as_abstract_name()
        }
    }
}

/// The address of a path; on Linux one that begins with a zero byte is an abstract name.
pub(crate) fn unix_address(path: &Path) -> io::Result<SocketAddr> {
    platform::unix_address(path).map(SocketAddr)
}

impl From<&SocketAddr> for Address {
    fn from(address: &SocketAddr) -> Self {
        Self::Unix(Box::new(address.0.clone()))
    }
}

impl fmt::Debug for SocketAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<StdAddress> for SocketAddr {
    fn from(address: StdAddress) -> Self {
        Self(address)
    }
}

impl From<SocketAddr> for StdAddress {
    fn from(address: SocketAddr) -> Self {
        address.0
    }
}
