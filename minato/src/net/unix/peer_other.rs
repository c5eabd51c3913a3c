//! Asking the other Unix systems who a peer is; they do not tell its process this way.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::UCred;

pub(super) fn credentials(socket: BorrowedFd<'_>) -> io::Result<UCred> {
    let (mut uid, mut gid) = (0, 0);
    // SAFETY: the descriptor is open while it is borrowed, and the two numbers are written to
    // where they live.
    let result = unsafe { libc::getpeereid(socket.as_raw_fd(), &raw mut uid, &raw mut gid) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(UCred { uid, gid, pid: None })
}
