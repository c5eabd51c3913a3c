//! Messages that carry descriptors and credentials, over a Unix socket. `rustix` sends them. It
//! does not receive every kind of control message, and would leave a descriptor open that it does
//! not know of.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix};
use socket2::SockAddr;

use super::unix_address::SocketAddr;
use super::{Address, address};

/// How many descriptors Linux passes with one message.
pub(crate) const MAX_FDS: usize = 253;

/// The kind of message that brings a descriptor of the sender's process, since Linux 6.5.
const SCM_PIDFD: i32 = 4;

/// What a message brought.
pub(crate) struct Message {
    /// How many bytes are in the buffer.
    pub(crate) len: usize,
    /// Whether the datagram was longer.
    pub(crate) is_cut: bool,
    pub(crate) fds: Vec<OwnedFd>,
    /// Whether descriptors are missing.
    pub(crate) lacks_fds: bool,
    /// The user, the group and, where it can be seen from here, the process of the sender.
    pub(crate) credentials: Option<(u32, u32, Option<i32>)>,
    pub(crate) from: Address,
}

impl Message {
    /// That of a socket which receives no more.
    pub(crate) fn end() -> io::Result<Self> {
        let (fds, from) = (Vec::new(), Address::unnamed()?);
        Ok(Self { len: 0, is_cut: false, fds, lacks_fds: false, credentials: None, from })
    }
}

/// Sends bytes of `buf`, and duplicates of `fds` with the first of them, to `target` or else the
/// peer; returns how many bytes.
pub(crate) fn send(
    socket: BorrowedFd<'_>,
    buf: &[u8],
    fds: &[BorrowedFd<'_>],
    target: Option<&SocketAddr>,
) -> io::Result<usize> {
    let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(fds.len()))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(fds));
    }
    let (pieces, flags) = ([IoSlice::new(buf)], SendFlags::NOSIGNAL);
    let Some(target) = target else {
        return Ok(rustix::net::sendmsg(socket, &pieces, &mut control, flags)?);
    };
    let target = match (target.as_pathname(), target.as_abstract_name()) {
        (Some(path), _) => SocketAddrUnix::new(path)?,
        (None, Some(name)) => SocketAddrUnix::new_abstract_name(name)?,
        (None, None) => return Err(address::unreachable()),
    };
    Ok(rustix::net::sendmsg_addr(socket, &target, &pieces, &mut control, flags)?)
}

/// Receives bytes into `buf`, and up to `most` descriptors that came with them.
pub(crate) fn receive(socket: BorrowedFd<'_>, buf: &mut [u8], most: usize) -> io::Result<Message> {
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
    // SAFETY: the message points to `buf`, `control` and the room for an address, which live and
    // may be written to. The kernel writes an address of the length that it gives.
    let received = unsafe {
        SockAddr::try_init(|name, len| {
            (message.msg_name, message.msg_namelen) = (name.cast(), *len);
            let number = socket.as_raw_fd();
            let received = libc::recvmsg(number, &raw mut message, libc::MSG_CMSG_CLOEXEC);
            *len = message.msg_namelen;
            usize::try_from(received).map_err(|_| io::Error::last_os_error())
        })
    };
    let (len, from) = received?;
    let (mut fds, sender) = own_control(&message);
    let credentials =
        sender.map(|sender| (sender.uid, sender.gid, Some(sender.pid).filter(|pid| *pid > 0)));
    // The room for the others, if they did not come, has had room for more.
    let lacks_fds = message.msg_flags & libc::MSG_CTRUNC != 0 || fds.len() > most;
    fds.truncate(most);
    let is_cut = message.msg_flags & libc::MSG_TRUNC != 0;
    Ok(Message { len, is_cut, fds, lacks_fds, credentials, from: Address::try_from(&from)? })
}

/// Owns every descriptor in a message that the kernel has filled. Returns those that the sender
/// passed, and closes the one that the kernel added; and the credentials of the sender.
fn own_control(message: &libc::msghdr) -> (Vec<OwnedFd>, Option<libc::ucred>) {
    let (mut passed, mut sender) = (Vec::new(), None);
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
            } else if kind == (libc::SOL_SOCKET, libc::SCM_CREDENTIALS) {
                sender = Some(libc::CMSG_DATA(header).cast::<libc::ucred>().read_unaligned());
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
    (passed, sender)
}
