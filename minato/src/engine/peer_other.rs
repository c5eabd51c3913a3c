//! Who is at the other end of a Unix socket, as the BSDs and their relatives tell it.

use std::io;
use std::os::fd::AsRawFd;

use socket2::Socket;

/// The user and group at the other end of a Unix socket; its process is not told this way.
pub(super) fn credentials(socket: &Socket) -> io::Result<(u32, u32, Option<i32>)> {
    let (mut uid, mut gid) = (0, 0);
    // SAFETY: the descriptor is open while it is borrowed, and the two numbers are written to
    // where they live.
    let result = unsafe { libc::getpeereid(socket.as_raw_fd(), &raw mut uid, &raw mut gid) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((uid, gid, None))
}
