//! Who is at the other end of a Unix socket, as Linux and Android tell it.

use std::io;
use std::os::fd::AsRawFd;

use socket2::Socket;

/// The user, group and process at the other end of a Unix socket.
pub(super) fn credentials(socket: &Socket) -> io::Result<(u32, u32, Option<i32>)> {
    let mut found = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut size = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the descriptor is open while it is borrowed, and the kernel writes at most `size`
    // bytes, which is what `found` has; any bytes make a valid `ucred`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut found).cast(),
            &raw mut size,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    let pid = if found.pid > 0 { Some(found.pid) } else { None };
    Ok((found.uid, found.gid, pid))
}
