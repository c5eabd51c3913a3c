//! What stands in for Linux's extras on the other Unix systems.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};

use socket2::{Domain, MaybeUninitSlice, Protocol, SockAddr, Socket, Type};

/// Every direction.
pub(super) const INTEREST: mio::Interest = mio::Interest::READABLE.add(mio::Interest::WRITABLE);

/// Nothing announces urgent data everywhere.
pub(super) const PRIORITY: Option<mio::Interest> = None;

/// A socket that is non-blocking and close-on-exec, set in steps.
pub(super) fn socket(domain: Domain, kind: Type, protocol: Option<Protocol>) -> io::Result<Socket> {
    let socket = Socket::new(domain, kind, protocol)?;
    prepare(&socket)?;
    Ok(socket)
}

/// Two Unix sockets, connected to each other, made non-blocking in a step of its own.
pub(super) fn pair(kind: Type) -> io::Result<(Socket, Socket)> {
    let (one, two) = Socket::pair(Domain::UNIX, kind, None)?;
    prepare(&one)?;
    prepare(&two)?;
    Ok((one, two))
}

/// Accepts a connection and makes its socket non-blocking.
pub(super) fn accept(listener: &Socket) -> io::Result<(Socket, SockAddr)> {
    let (socket, from) = listener.accept()?;
    prepare(&socket)?;
    Ok((socket, from))
}

/// Receives.
pub(super) fn recv(socket: &Socket, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
    socket.recv(buf)
}

/// Sends.
pub(super) fn send(socket: &Socket, buf: &[u8]) -> io::Result<usize> {
    socket.send_with_flags(buf, SEND_FLAGS)
}

/// Receives a datagram: its size in the buffer, and whether it was longer than that.
pub(super) fn receive_datagram(
    socket: &Socket,
    buf: &mut [MaybeUninit<u8>],
    peek: bool,
) -> io::Result<(usize, bool, SockAddr)> {
    let flags = if peek { libc::MSG_PEEK } else { 0 };
    let mut slices = [MaybeUninitSlice::new(buf)];
    let (len, flags, from) = socket.recv_from_vectored_with_flags(&mut slices, flags)?;
    Ok((len, flags.is_truncated(), from))
}

/// Nothing: the signal of a gone peer is turned off per socket where it can be.
pub(super) const SEND_FLAGS: i32 = 0;

/// Makes the socket non-blocking.
pub(super) fn prepare(socket: &Socket) -> io::Result<()> {
    socket.set_nonblocking(true)
}

/// Has the kernel tell where received datagrams went and what they say of congestion, as far as
/// quinn-udp knows how to ask it.
pub(super) fn tell_details(socket: &Socket, _v6: bool) {
    _ = quinn_udp::UdpSocketState::new((&socket).into());
}

/// Nothing joins datagrams here.
pub(super) fn join_datagrams(_socket: &Socket, _on: bool) {}

/// The user and group at the other end of a Unix socket; its process is not told this way.
pub(super) fn peer_credentials(socket: &Socket) -> io::Result<(u32, u32, Option<i32>)> {
    let (mut uid, mut gid) = (0, 0);
    // SAFETY: the descriptor is open while it is borrowed, and the two numbers are written to
    // where they live.
    let result = unsafe { libc::getpeereid(socket.as_raw_fd(), &raw mut uid, &raw mut gid) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((uid, gid, None))
}

/// A descriptor on which every socket call fails, for sockets that have none.
pub(super) fn placeholder() -> io::Result<OwnedFd> {
    std::fs::File::open("/dev/null").map(OwnedFd::from)
}

/// Only Linux has abstract addresses.
pub(super) fn abstract_name(_address: &SocketAddr) -> Option<PathBuf> {
    None
}

/// Only Linux has abstract addresses.
pub(super) fn abstract_address(_name: &[u8]) -> io::Result<SocketAddr> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The Unix address of a path.
pub(crate) fn unix_address(path: &Path) -> io::Result<SocketAddr> {
    SocketAddr::from_pathname(path)
}
