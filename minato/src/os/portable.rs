//! What stands in for Linux's extras on the other Unix systems.
//!
//! None of it is special to any of them, so on Linux it is built for its unit tests.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustix::net::SendFlags;
use socket2::{Domain, MaybeUninitSlice, Protocol, SockAddr, Socket, Type};

use super::{Address, Received};

/// Every direction.
pub(crate) const INTEREST: mio::Interest = mio::Interest::READABLE.add(mio::Interest::WRITABLE);

/// Nothing announces urgent data everywhere.
pub(crate) const PRIORITY: Option<mio::Interest> = None;

/// A socket that is non-blocking and close-on-exec, set in steps.
pub(crate) fn socket(domain: Domain, kind: Type, protocol: Option<Protocol>) -> io::Result<Socket> {
    let socket = Socket::new(domain, kind, protocol)?;
    prepare(&socket)?;
    Ok(socket)
}

/// Two Unix sockets, connected to each other, made non-blocking in a step of its own.
pub(crate) fn pair(kind: Type) -> io::Result<(Socket, Socket)> {
    let (one, two) = Socket::pair(Domain::UNIX, kind, None)?;
    prepare(&one)?;
    prepare(&two)?;
    Ok((one, two))
}

/// Accepts a connection and makes its socket non-blocking.
pub(crate) fn accept(listener: &Socket) -> io::Result<(Socket, SockAddr)> {
    let (socket, from) = listener.accept()?;
    prepare(&socket)?;
    Ok((socket, from))
}

/// Receives a datagram and its sender.
pub(crate) fn receive_datagram(
    socket: &Socket,
    buf: &mut [MaybeUninit<u8>],
    peek: bool,
) -> io::Result<(Received, Address)> {
    let flags = if peek { libc::MSG_PEEK } else { 0 };
    let mut slices = [MaybeUninitSlice::new(buf)];
    let (len, flags, from) = socket.recv_from_vectored_with_flags(&mut slices, flags)?;
    Ok((Received { len, truncated: flags.is_truncated() }, Address::try_from(&from)?))
}

/// Sends without the signal that a gone peer would raise. Apple's systems have no flag that all
/// versions know; there socket2 and std turn the signal off for the whole socket.
pub(crate) const SEND_FLAGS: SendFlags = if cfg!(target_vendor = "apple") {
    SendFlags::empty()
} else {
    SendFlags::from_bits_retain(libc::MSG_NOSIGNAL.cast_unsigned())
};

/// Makes the socket non-blocking.
fn prepare(socket: &Socket) -> io::Result<()> {
    socket.set_nonblocking(true)
}

/// Has the kernel report where received datagrams went and what they say of congestion, as far as
/// quinn-udp knows how to ask for it.
pub(crate) fn report_details(socket: &Socket, _v6: bool) {
    _ = quinn_udp::UdpSocketState::new((&socket).into());
}

/// Not known: a batch may be a single datagram.
pub(crate) fn was_all(_filled: usize, _offered: usize) -> bool {
    false
}

/// Nothing joins datagrams here.
pub(crate) fn join_datagrams(_socket: &Socket, _on: bool) {}

/// Not reported here.
pub(crate) fn waiting_connections(_listener: &Socket) -> Option<u32> {
    None
}

/// Not reported in one way.
pub(crate) fn tcp_info<const N: usize>(_socket: &Socket) -> io::Result<[u32; N]> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Who is at the other end of a Unix socket. The C library of Linux, where this file is built for
/// its tests, has no call for it.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) mod peer {
    use super::*;
    use std::os::fd::AsRawFd;

    /// The user and group at the other end of a Unix socket; its process is not reported.
    pub(crate) fn credentials(socket: &Socket) -> io::Result<(u32, u32, Option<i32>)> {
        let (mut uid, mut gid) = (0, 0);
        // SAFETY: the descriptor is open while it is borrowed, and the two numbers are written to
        // where they live.
        let result = unsafe { libc::getpeereid(socket.as_raw_fd(), &raw mut uid, &raw mut gid) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok((uid, gid, None))
    }
}

/// Whether [`splice`] and [`send_file`] raise no signal: they do nothing.
pub(crate) fn is_broken_pipe_ignored() -> bool {
    true
}

/// Only Linux chooses a name by itself.
pub(crate) fn bind_unnamed(_socket: &Socket) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "an unnamed Unix socket address cannot be bound",
    ))
}

/// Only Linux has abstract addresses.
pub(crate) fn abstract_name(_address: &SocketAddr) -> Option<PathBuf> {
    None
}

/// The Unix address of a path.
pub(crate) fn unix_address(path: &Path) -> io::Result<SocketAddr> {
    SocketAddr::from_pathname(path)
}

/// Defines functions that return an `Unsupported` error.
macro_rules! unsupported {
    ($(fn $name:ident($($type:ty),*) -> $result:ty;)+) => {
        $(pub(crate) fn $name($(_: $type),*) -> io::Result<$result> {
            Err(io::ErrorKind::Unsupported.into())
        })+
    };
}

// What only Linux has, or each of the other systems in a way of its own.
unsupported! {
    fn device(&Socket) -> Option<Vec<u8>>;
    fn bind_device(&Socket, Option<&[u8]>) -> ();
    fn quickack(&Socket) -> bool;
    fn set_quickack(&Socket, bool) -> ();
    fn dont_fragment(&Socket, bool) -> bool;
    fn set_dont_fragment(&Socket, bool, bool) -> ();
    fn passcred(&Socket) -> bool;
    fn set_passcred(&Socket, bool) -> ();
    fn splice(BorrowedFd<'_>, BorrowedFd<'_>, usize) -> usize;
    fn pipe_size(BorrowedFd<'_>) -> usize;
    fn set_pipe_size(BorrowedFd<'_>, usize) -> ();
    fn send_file(BorrowedFd<'_>, BorrowedFd<'_>, u64, usize) -> usize;
    fn abstract_address(&[u8]) -> SocketAddr;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind::WouldBlock;
    use std::net::SocketAddrV4;
    use std::os::fd::{AsFd, AsRawFd};

    fn loopback() -> SockAddr {
        SocketAddrV4::new([127, 0, 0, 1].into(), 0).into()
    }

    /// As the system that the tests run on reports it.
    fn closes_on_exec(descriptor: &impl AsRawFd) -> bool {
        let path = format!("/proc/self/fdinfo/{}", descriptor.as_raw_fd());
        let info = std::fs::read_to_string(path).unwrap();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
        i32::from_str_radix(flags.trim(), 8).unwrap() & libc::O_CLOEXEC != 0
    }

    fn is_ready(socket: &Socket) -> bool {
        socket.nonblocking().unwrap() && closes_on_exec(socket)
    }

    #[test]
    fn sockets_are_non_blocking_and_close_on_exec_after_all_steps() {
        let listener = socket(Domain::IPV4, Type::STREAM, None).unwrap();
        assert!(is_ready(&listener));
        listener.bind(&loopback()).unwrap();
        listener.listen(1).unwrap();
        assert_eq!(accept(&listener).unwrap_err().kind(), WouldBlock);
        let address = listener.local_addr().unwrap();
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        client.connect(&address).unwrap();
        let (accepted, from) = accept(&listener).unwrap();
        assert!(is_ready(&accepted));
        assert_eq!(from.as_socket(), client.local_addr().unwrap().as_socket());
        let (one, two) = pair(Type::DGRAM).unwrap();
        assert!(is_ready(&one) && is_ready(&two));
    }

    #[test]
    fn bytes_go_from_one_end_to_the_other() {
        let (one, two) = pair(Type::STREAM).unwrap();
        let mut buf = [MaybeUninit::uninit(); 8];
        assert_eq!(two.recv(&mut buf).unwrap_err().kind(), WouldBlock);
        assert_eq!(rustix::net::send(&one, b"ahoy", SEND_FLAGS).unwrap(), 4);
        assert_eq!(two.recv(&mut buf).unwrap(), 4);
        drop(one);
        assert_eq!(two.recv(&mut buf).unwrap(), 0);
    }

    #[test]
    fn a_socket_that_tells_details_receives_as_before() {
        let receiver = socket(Domain::IPV4, Type::DGRAM, None).unwrap();
        receiver.bind(&loopback()).unwrap();
        report_details(&receiver, false);
        join_datagrams(&receiver, true);
        let sender = socket(Domain::IPV4, Type::DGRAM, None).unwrap();
        let target = receiver.local_addr().unwrap();
        for _ in 0..2 {
            sender.send_to(b"ahoy", &target).unwrap();
        }
        let mut buf = [MaybeUninit::uninit(); 64];
        for _ in 0..2 {
            let (received, _) = receive_datagram(&receiver, &mut buf, false).unwrap();
            assert_eq!(received, Received { len: 4, truncated: false }, "nothing joins datagrams");
        }
    }

    #[test]
    fn a_datagram_that_was_too_long_says_so_also_when_it_is_peeked_at() {
        let (one, two) = pair(Type::DGRAM).unwrap();
        one.send(b"longer").unwrap();
        let mut buf = [MaybeUninit::uninit(); 4];
        for peek in [true, false] {
            let (received, _) = receive_datagram(&two, &mut buf, peek).unwrap();
            assert_eq!(received, Received { len: 4, truncated: true }, "peek: {peek}");
        }
        one.send(b"fits").unwrap();
        let (received, _) = receive_datagram(&two, &mut buf, false).unwrap();
        assert_eq!(received, Received { len: 4, truncated: false });
        assert_eq!(receive_datagram(&two, &mut buf, false).unwrap_err().kind(), WouldBlock);
    }

    #[test]
    fn datagrams_of_the_internet_tell_who_sent_them() {
        let bound = || {
            let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
            let bound = socket(Domain::IPV4, Type::DGRAM, None).unwrap();
            bound.bind(&any.into()).unwrap();
            let address = bound.local_addr().unwrap().as_socket().unwrap();
            (bound, address)
        };
        let ((one, from), (two, to)) = (bound(), bound());
        one.send_to(b"longer", &to.into()).unwrap();
        let mut buf = [MaybeUninit::uninit(); 4];
        for peek in [true, false] {
            let (received, sender) = receive_datagram(&two, &mut buf, peek).unwrap();
            assert_eq!((received.len, sender.ip().unwrap()), (4, from), "peek: {peek}");
        }
        assert_eq!(receive_datagram(&two, &mut buf, false).unwrap_err().kind(), WouldBlock);
    }

    #[test]
    fn a_placeholder_is_closed_on_exec() {
        assert!(closes_on_exec(&crate::os::placeholder()));
    }

    #[test]
    fn nobody_tells_of_a_listener_how_many_connections_wait() {
        let listener = socket(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.listen(1).unwrap();
        assert_eq!(waiting_connections(&listener), None);
        let errors = [
            dont_fragment(&listener, false).map(drop),
            set_dont_fragment(&listener, false, true),
            passcred(&listener).map(drop),
            set_passcred(&listener, true),
            tcp_info::<1>(&listener).map(drop),
            quickack(&listener).map(drop),
            set_quickack(&listener, true),
            device(&listener).map(drop),
            bind_device(&listener, None),
        ];
        for error in errors {
            assert_eq!(error.unwrap_err().kind(), io::ErrorKind::Unsupported);
        }
    }

    #[test]
    fn nothing_moves_within_the_kernel() {
        let (reader, writer) = io::pipe().unwrap();
        let (reader, writer) = (reader.as_fd(), writer.as_fd());
        let errors = [
            splice(reader, writer, 1).map(drop),
            send_file(writer, reader, 0, 1).map(drop),
            pipe_size(reader).map(drop),
            set_pipe_size(reader, 1),
        ];
        for error in errors {
            assert_eq!(error.unwrap_err().kind(), io::ErrorKind::Unsupported);
        }
        assert!(is_broken_pipe_ignored());
    }

    #[test]
    fn addresses_are_paths() {
        let address = unix_address(Path::new("/run/harbour")).unwrap();
        assert_eq!(address.as_pathname(), Some(Path::new("/run/harbour")));
        assert_eq!(abstract_name(&address), None);
        assert!(unix_address(Path::new("\0harbour")).is_err());
        let socket = pair(Type::STREAM).unwrap().0;
        assert_eq!(bind_unnamed(&socket).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(abstract_address(b"harbour").unwrap_err().kind(), io::ErrorKind::Unsupported);
    }

    #[test]
    fn what_is_asked_of_the_event_queue_is_what_every_system_has() {
        assert!(INTEREST.is_readable() && INTEREST.is_writable() && !INTEREST.is_priority());
        assert!(PRIORITY.is_none());
        assert_eq!(SEND_FLAGS, SendFlags::NOSIGNAL);
        assert!(!was_all(1, 4));
    }
}
