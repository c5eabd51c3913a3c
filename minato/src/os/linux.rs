//! What Linux and Android have and others lack.

use std::ffi::{OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::ptr;

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketAddrAny, SocketAddrUnix};
use rustix::pipe::SpliceFlags;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

pub(super) use self::extension::SocketAddrExt;
use super::{Address, Received};

/// What std adds to an address, which it has for each of the two by itself.
#[cfg(target_os = "linux")]
mod extension {
    pub(in crate::os) use std::os::linux::net::SocketAddrExt;
}

/// The same.
#[cfg(target_os = "android")]
mod extension {
    pub(in crate::os) use std::os::android::net::SocketAddrExt;
}

/// What a pipe holds, counted in whole pages; and setting it.
pub(crate) use rustix::pipe::{
    fcntl_getpipe_size as pipe_size, fcntl_setpipe_size as set_pipe_size,
};

/// Every direction, and priority: without it, bytes after an urgent mark would be waited for in
/// vain, since a read stops at the mark.
pub(crate) const INTEREST: mio::Interest =
    mio::Interest::READABLE.add(mio::Interest::WRITABLE).add(mio::Interest::PRIORITY);

/// What announces urgent data.
pub(crate) const PRIORITY: Option<mio::Interest> = Some(mio::Interest::PRIORITY);

/// A socket that is non-blocking and close-on-exec from the start.
pub(crate) fn socket(domain: Domain, kind: Type, protocol: Option<Protocol>) -> io::Result<Socket> {
    Socket::new_raw(domain, kind.nonblocking().cloexec(), protocol)
}

/// Two Unix sockets, connected to each other, non-blocking and close-on-exec from the start.
pub(crate) fn pair(kind: Type) -> io::Result<(Socket, Socket)> {
    Socket::pair_raw(Domain::UNIX, kind.nonblocking().cloexec(), None)
}

/// Accepts a connection whose socket is non-blocking and close-on-exec from the start.
pub(crate) fn accept(listener: &Socket) -> io::Result<(Socket, SockAddr)> {
    listener.accept4(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC)
}

/// Receives a datagram and its sender, by the system call itself: see [`OsSocket::recv`].
///
/// [`OsSocket::recv`]: super::OsSocket::recv
#[inline]
pub(crate) fn receive_datagram(
    socket: &Socket,
    buf: &mut [MaybeUninit<u8>],
    peek: bool,
) -> io::Result<(Received, Address)> {
    let flags = RecvFlags::TRUNC | if peek { RecvFlags::PEEK } else { RecvFlags::empty() };
    let room = buf.len();
    let (_, len, from) = rustix::net::recvfrom(socket, buf, flags)?;
    let received = Received { len: len.min(room), truncated: len > room };
    let from = match from {
        Some(from) if from.address_family() != AddressFamily::UNIX => Address::Ip(from.try_into()?),
        from => unix_sender(from)?,
    };
    Ok((received, from))
}

/// The sender of a Unix datagram. The kernel gives no address at all for one that is unnamed.
fn unix_sender(from: Option<SocketAddrAny>) -> io::Result<Address> {
    let Some(from) = from else { return Address::unnamed() };
    let from = SocketAddrUnix::try_from(from)?;
    let path = from.path();
    let path = path.as_deref().map(|path| Path::new(OsStr::from_bytes(path.to_bytes())));
    Address::of_unix(path, from.abstract_name())
}

/// Sends without the signal that a gone peer would raise.
pub(crate) const SEND_FLAGS: SendFlags = SendFlags::NOSIGNAL;

/// Has the kernel report where received datagrams went and what they say of congestion, as far as
/// it can.
pub(crate) fn report_details(socket: &Socket, v6: bool) {
    // An IPv6 socket may receive IPv4: its marks come as those of IPv4, but its addresses do not.
    _ = socket.set_recv_tos_v4(true);
    if v6 {
        _ = socket.set_recv_tclass_v6(true);
        set_flag(socket, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, true);
    } else {
        set_flag(socket, libc::IPPROTO_IP, libc::IP_PKTINFO, true);
    }
}

/// Whether a batch that filled so many of the buffers it was offered left nothing. It goes on until
/// they are full or nothing is left. Only a waiting error ends it earlier, and that is an event.
pub(crate) fn was_all(filled: usize, offered: usize) -> bool {
    filled < offered
}

/// Has the kernel join received datagrams of one sender, or not, if it can.
pub(crate) fn join_datagrams(socket: &Socket, on: bool) {
    set_flag(socket, libc::SOL_UDP, libc::UDP_GRO, on);
}

/// Sets an option that older kernels or other families lack, which is no error then.
fn set_flag(socket: &Socket, level: i32, name: i32, on: bool) {
    _ = set_number(socket, level, name, on.into());
}

fn set_number(socket: &Socket, level: i32, name: i32, value: i32) -> io::Result<()> {
    let size = size_of_val(&value) as libc::socklen_t;
    // SAFETY: the descriptor is open while it is borrowed, and the kernel reads `size` bytes, which
    // is what `value` has.
    let result = unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), size)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether packets are sent whole or not at all.
pub(crate) fn dont_fragment(socket: &Socket, v6: bool) -> io::Result<bool> {
    let [discovery] = match v6 {
        true => read_option(socket, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER)?,
        false => read_option(socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER)?,
    };
    Ok(matches!(discovery.cast_signed(), libc::IP_PMTUDISC_DO | libc::IP_PMTUDISC_PROBE))
}

pub(crate) fn set_dont_fragment(socket: &Socket, v6: bool, on: bool) -> io::Result<()> {
    // Not `DO`: with it the kernel believes every message that a packet was too long.
    let discovery = if on { libc::IP_PMTUDISC_PROBE } else { libc::IP_PMTUDISC_WANT };
    if v6 {
        set_number(socket, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, discovery)?;
    }
    // An IPv6 socket may send over IPv4, too.
    set_number(socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, discovery)
}

/// Whether what a Unix socket receives brings the credentials of its sender.
pub(crate) fn passcred(socket: &Socket) -> io::Result<bool> {
    let [on] = read_option(socket, libc::SOL_SOCKET, libc::SO_PASSCRED)?;
    Ok(on != 0)
}

pub(crate) fn set_passcred(socket: &Socket, on: bool) -> io::Result<()> {
    set_number(socket, libc::SOL_SOCKET, libc::SO_PASSCRED, on.into())
}

/// The network interface that a socket is bound to.
pub(crate) fn device(socket: &Socket) -> io::Result<Option<Vec<u8>>> {
    socket.device()
}

pub(crate) fn bind_device(socket: &Socket, interface: Option<&[u8]>) -> io::Result<()> {
    socket.bind_device(interface)
}

/// Whether what was received is acknowledged at once.
pub(crate) fn quickack(socket: &Socket) -> io::Result<bool> {
    socket.tcp_quickack()
}

pub(crate) fn set_quickack(socket: &Socket, on: bool) -> io::Result<()> {
    socket.set_tcp_quickack(on)
}

/// How many connections wait in the queue of a TCP listener.
pub(crate) fn waiting_connections(listener: &Socket) -> Option<u32> {
    // The head of the kernel's `tcp_info`: eight bytes, and then numbers of 32 bits. The fifth
    // of these has this meaning for a listener.
    let head: [u32; 7] = tcp_info(listener).ok()?;
    Some(head[6])
}

/// The first words of the kernel's `tcp_info`.
pub(crate) fn tcp_info<const N: usize>(socket: &Socket) -> io::Result<[u32; N]> {
    read_option(socket, libc::IPPROTO_TCP, libc::TCP_INFO)
}

/// Who is at the other end of a Unix socket.
pub(crate) mod peer {
    use super::*;

    /// The user, group and process at the other end of a Unix socket.
    pub(crate) fn credentials(socket: &Socket) -> io::Result<(u32, u32, Option<i32>)> {
        // A `ucred`. A process that cannot be seen from here has the number 0.
        let [pid, uid, gid] = read_option(socket, libc::SOL_SOCKET, libc::SO_PEERCRED)?;
        Ok((uid, gid, Some(pid.cast_signed()).filter(|pid| *pid > 0)))
    }
}

/// Reads an option that is `N` numbers of 32 bits, or begins with them.
fn read_option<const N: usize>(socket: &Socket, level: i32, name: i32) -> io::Result<[u32; N]> {
    let mut value = [0; N];
    let mut size = size_of_val(&value) as libc::socklen_t;
    // SAFETY: the descriptor is open while it is borrowed, and the kernel writes at most `size`
    // bytes, which is what `value` has; any bytes make valid numbers.
    let result = unsafe {
        libc::getsockopt(socket.as_raw_fd(), level, name, value.as_mut_ptr().cast(), &raw mut size)
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    // An older kernel may know less.
    if size as usize == size_of_val(&value) {
        Ok(value)
    } else {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Moves up to `len` bytes between a socket and a pipe, either way, within the kernel.
pub(crate) fn splice(from: BorrowedFd<'_>, to: BorrowedFd<'_>, len: usize) -> io::Result<usize> {
    let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
    Ok(rustix::pipe::splice(from, None, to, None, len, flags)?)
}

/// Whether a write to a socket without a reader raises no signal. `splice` and `sendfile` have
/// no flag against it, as `send` has, and by default it ends the process. Rust's programs
/// ignore it from the start; others, and those that chose otherwise, may not.
pub(crate) fn is_broken_pipe_ignored() -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action the call changes nothing and, when it succeeds, has written the
    // present one to `action`.
    unsafe {
        libc::sigaction(libc::SIGPIPE, ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init_ref().sa_sigaction == libc::SIG_IGN
    }
}

/// Sends up to `len` bytes of `file` from `offset` on; returns how many, 0 at the end of the file.
pub(crate) fn send_file(
    to: BorrowedFd<'_>,
    file: BorrowedFd<'_>,
    offset: u64,
    len: usize,
) -> io::Result<usize> {
    // No file is that long. The caller then tries to copy, and that gives the error.
    let too_far = |_| io::Error::from_raw_os_error(libc::EINVAL);
    let mut offset = i64::try_from(offset).map_err(too_far)?.cast_unsigned();
    Ok(rustix::fs::sendfile(to, file, Some(&mut offset), len)?)
}

/// Binds a Unix socket to an abstract name that the kernel chooses (unix(7), "autobind").
pub(crate) fn bind_unnamed(socket: &Socket) -> io::Result<()> {
    Ok(rustix::net::bind(socket, &SocketAddrUnix::new_unnamed())?)
}

/// The name of an abstract address in the form that socket2 takes: behind a zero byte.
pub(crate) fn abstract_name(address: &SocketAddr) -> Option<PathBuf> {
    let mut path = vec![0];
    path.extend_from_slice(address.as_abstract_name()?);
    Some(OsString::from_vec(path).into())
}

/// The address of an abstract name.
pub(crate) fn abstract_address(name: &[u8]) -> io::Result<SocketAddr> {
    SocketAddr::from_abstract_name(name)
}

/// The Unix address of a path; one that begins with a zero byte is an abstract name.
pub(crate) fn unix_address(path: &Path) -> io::Result<SocketAddr> {
    match path.as_os_str().as_bytes() {
        [0, name @ ..] => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(path),
    }
}
