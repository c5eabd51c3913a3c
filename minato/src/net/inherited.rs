//! Sockets that the process was started with.

use std::io;
use std::os::fd::OwnedFd;

use crate::os;

/// The descriptors that systemd, or another supervisor, has passed to this process, each with its
/// name (`FileDescriptorName=`; `unknown` without one), in the order of the unit file. The first
/// call gives them out; later ones, and a process to which none were passed, get none.
///
/// Each socket type takes its own by `try_from`, which checks what it is. From then on no other
/// process inherits them: each is set to be closed by `exec`.
///
/// This reads `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES`, and leaves them as they are:
/// children ignore them, since `LISTEN_PID` is not theirs.
///
/// # Errors
///
/// `InvalidData` if a variable is malformed, or if there are not as many names as descriptors. The
/// system's if a descriptor is not there; the error names it, and all others are closed.
///
/// ```
/// use minato::net::{TcpListener, inherited_descriptors};
///
/// # minato::run(async {
/// let mut passed = inherited_descriptors()?.into_iter();
/// let listener = match passed.find(|(name, _)| name == "http") {
///     Some((_, descriptor)) => TcpListener::try_from(descriptor)?,
///     None => TcpListener::bind("127.0.0.1:0").await?,
/// };
/// println!("listening on {}", listener.local_addr()?);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub fn inherited_descriptors() -> io::Result<Vec<(String, OwnedFd)>> {
    os::inherited::take()
}
