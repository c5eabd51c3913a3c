//! Messages that carry descriptors, over a Unix socket. `rustix` sends them. It does not receive
//! every kind of control message, and would leave a descriptor open that it does not know of.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

/// How many descriptors Linux passes with one message.
pub(crate) const MAX_FDS: usize = 253;

/// The kind of message that brings a descriptor of the sender's process, since Linux 6.5.
const SCM_PIDFD: i32 = 4;

/// Sends bytes of `buf`, and duplicates of `fds` with the first of them; returns how many bytes.
pub(crate) fn send(
    socket: BorrowedFd<'_>,
    buf: &[u8],
    fds: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(fds.len()))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(fds));
    }
    Ok(rustix::net::sendmsg(socket, &[IoSlice::new(buf)], &mut control, SendFlags::NOSIGNAL)?)
}

/// Receives bytes into `buf`, and up to `most` descriptors that came with them. Returns how many
/// bytes, the descriptors, and whether some are missing.
pub(crate) fn receive(
    socket: BorrowedFd<'_>,
    buf: &mut [u8],
    most: usize,
) -> io::Result<(usize, Vec<OwnedFd>, bool)> {
    let most = most.min(MAX_FDS);
    // The credentials of the sender come first (`SO_PASSCRED`), a descriptor of its process last
    // (`SO_PASSPIDFD`). They have room of their own, so that they displace no descriptor.
    let room = rustix::cmsg_space!(ScmCredentials(1), ScmRights(most), ScmRights(1));
    // Numbers, since the headers of control messages are aligned as they are.
    let mut control = vec![0_usize; room.div_ceil(size_of::<usize>())];
    let mut piece = libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
    // SAFETY: all zeroes are a valid message without name, pieces and control messages.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    (message.msg_iov, message.msg_iovlen) = (&raw mut piece, 1);
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of_val(&control[..]) as _;
    // SAFETY: the message points to `buf` and `control`, which live and may be written to.
    let received =
        unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) };
    let len = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
    let mut fds = own_descriptors(&message);
    // The room for the others, if they did not come, has had room for more.
    let truncated = message.msg_flags & libc::MSG_CTRUNC != 0 || fds.len() > most;
    fds.truncate(most);
    Ok((len, fds, truncated))
}

/// Owns every descriptor in a message that the kernel has filled; returns those that the sender
/// passed, and closes the one that the kernel added.
fn own_descriptors(message: &libc::msghdr) -> Vec<OwnedFd> {
    let mut passed = Vec::new();
    // SAFETY: the kernel has written valid control messages and their total length. Each descriptor
    // among them was opened for this process by this very call, and is taken once.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(message);
        while !header.is_null() {
            let kind = ((*header).cmsg_level, (*header).cmsg_type);
            if let (libc::SOL_SOCKET, libc::SCM_RIGHTS | SCM_PIDFD) = kind {
                let place = libc::CMSG_DATA(header).cast::<RawFd>();
                let size = (*header).cmsg_len as usize - libc::CMSG_LEN(0) as usize;
                for index in 0..size / size_of::<RawFd>() {
                    let number = place.add(index).read_unaligned();
                    // Instead of a process that has ended comes an error, which is negative.
                    let descriptor = (number >= 0).then(|| OwnedFd::from_raw_fd(number));
                    passed.extend(descriptor.filter(|_| kind.1 == libc::SCM_RIGHTS));
                }
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
    passed
}
