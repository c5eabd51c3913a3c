//! The operating system's sockets. Every system call of the library on a socket is made in here.
//!
//! [`OsSocket`] has the verbs. Each is one call, nothing waits, and errors are the kernel's own.
//! What Linux has and others lack is in `linux.rs`; `portable.rs` has the same functions for the
//! other Unix systems.

mod address;
mod batch;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod fd_passing;
mod gro;
mod gso;
mod inherited;
pub(crate) mod options;
pub(crate) mod pipe;
#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "linux.rs")]
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "portable.rs")]
pub(crate) mod platform;
#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod portable;
pub(crate) mod transmit;
mod udp;
pub(crate) mod unix_address;

pub(crate) use self::address::{Address, Family, Received, Transport, unreachable};
pub use self::batch::RecvBatch;
pub use self::inherited::inherited_descriptors;
pub(crate) use self::options::{Membership, OptionName, OptionValue};
pub(crate) use self::unix_address::unix_address;

/// What names a socket to the operating system: a file descriptor here, a handle on a system
/// without them.
pub(crate) use std::os::fd::{
    BorrowedFd as BorrowedDescriptor, OwnedFd as Descriptor, RawFd as RawDescriptor,
};

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::OnceLock;

use rustix::net::{RecvFlags, SendAncillaryBuffer};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};

use self::udp::UdpOffload;

/// How many buffers one vectored verb takes at most. Systems refuse more altogether; here the rest
/// is left for the next call.
pub(crate) const MAX_BUFFERS: usize = 1024;

/// A socket of the operating system.
pub(crate) struct OsSocket {
    socket: Socket,
    /// What a UDP socket needs once it is used in bulk; any other never has it.
    offload: OnceLock<Box<UdpOffload>>,
}

impl From<Socket> for OsSocket {
    fn from(socket: Socket) -> Self {
        Self { socket, offload: OnceLock::new() }
    }
}

impl OsSocket {
    pub(crate) fn open(family: Family, transport: Transport) -> io::Result<Self> {
        let domain = match family {
            Family::V4 => Domain::IPV4,
            Family::V6 => Domain::IPV6,
            Family::Unix => Domain::UNIX,
        };
        let (kind, protocol) = match transport {
            Transport::Tcp => (Type::STREAM, Some(Protocol::TCP)),
            Transport::Udp => (Type::DGRAM, Some(Protocol::UDP)),
            Transport::UnixStream => (Type::STREAM, None),
            Transport::UnixDatagram => (Type::DGRAM, None),
            Transport::Other => return Err(io::ErrorKind::InvalidInput.into()),
        };
        platform::socket(domain, kind, protocol).map(Self::from)
    }

    /// Two Unix sockets that are connected to each other.
    pub(crate) fn pair(transport: Transport) -> io::Result<(Self, Self)> {
        let (one, two) = match transport {
            Transport::UnixStream => platform::pair(Type::STREAM)?,
            Transport::UnixDatagram => platform::pair(Type::DGRAM)?,
            _ => return Err(io::ErrorKind::InvalidInput.into()),
        };
        Ok((one.into(), two.into()))
    }

    /// Takes over a descriptor: makes it non-blocking and finds out what runs over it.
    pub(crate) fn from_descriptor(descriptor: Descriptor) -> io::Result<(Self, Transport)> {
        let socket = Socket::from(descriptor);
        let transport = transport_of(&socket)?;
        socket.set_nonblocking(true)?;
        Ok((socket.into(), transport))
    }

    /// The same for what cannot fail. What is wrong with the descriptor shows at the first verb.
    pub(crate) fn take_over(descriptor: Descriptor) -> (Self, Transport) {
        let socket = Socket::from(descriptor);
        let transport = transport_of(&socket).unwrap_or(Transport::Other);
        _ = socket.set_nonblocking(true);
        (socket.into(), transport)
    }

    pub(crate) fn connect(&self, address: &Address) -> io::Result<()> {
        self.socket.connect(&address.to_system()?)
    }

    pub(crate) fn bind(&self, address: &Address) -> io::Result<()> {
        match address {
            Address::Unix(unnamed) if unnamed.is_unnamed() => platform::bind_unnamed(&self.socket),
            _ => self.socket.bind(&address.to_system()?),
        }
    }

    pub(crate) fn listen(&self, backlog: i32) -> io::Result<()> {
        self.socket.listen(backlog)
    }

    pub(crate) fn accept(&self) -> io::Result<(Self, Address)> {
        let (accepted, from) = platform::accept(&self.socket)?;
        Ok((accepted.into(), Address::try_from(&from)?))
    }

    /// How many connections wait to be accepted, where the system tells.
    pub(crate) fn waiting_connections(&self) -> Option<u32> {
        platform::waiting_connections(&self.socket)
    }

    /// The first words of what the system knows of a TCP connection.
    pub(crate) fn tcp_info<const N: usize>(&self) -> io::Result<[u32; N]> {
        platform::tcp_info(&self.socket)
    }

    /// Receives from a stream. Not through the C library: there a thread can be cancelled in this
    /// call, and in a process with several threads that takes more instructions than all of ours.
    #[inline(always)]
    pub(crate) fn recv(&self, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        let (_, len) = rustix::net::recv(&self.socket, buf, RecvFlags::empty())?;
        Ok(len)
    }

    pub(crate) fn peek(&self, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        self.socket.peek(buf)
    }

    pub(crate) fn recv_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let mut reader = &self.socket;
        reader.read_vectored(bufs)
    }

    /// Sends, without the signal that a gone peer would raise. By the system call itself, as
    /// [`recv`](Self::recv).
    #[inline(always)]
    pub(crate) fn send(&self, buf: &[u8]) -> io::Result<usize> {
        Ok(rustix::net::send(&self.socket, buf, platform::SEND_FLAGS)?)
    }

    #[inline]
    pub(crate) fn send_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut nothing = SendAncillaryBuffer::default();
        Ok(rustix::net::sendmsg(&self.socket, bufs, &mut nothing, platform::SEND_FLAGS)?)
    }

    #[inline]
    pub(crate) fn send_to(&self, buf: &[u8], target: &Address) -> io::Result<usize> {
        let flags = platform::SEND_FLAGS;
        match target {
            Address::Ip(target) => Ok(rustix::net::sendto(&self.socket, buf, flags, target)?),
            Address::Unix(target) => {
                let target = address::unix_to_system(target)?;
                self.socket.send_to_with_flags(buf, &target, flags.bits() as i32)
            }
        }
    }

    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.shutdown(how)
    }

    pub(crate) fn local_address(&self) -> io::Result<Address> {
        Address::try_from(&self.socket.local_addr()?)
    }

    pub(crate) fn peer_address(&self) -> io::Result<Address> {
        Address::try_from(&self.socket.peer_addr()?)
    }

    /// The user, group and, where the system reports it, process at the other end of a Unix socket.
    pub(crate) fn peer_credentials(&self) -> io::Result<(u32, u32, Option<i32>)> {
        platform::peer::credentials(&self.socket)
    }

    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }

    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        self.socket.as_fd()
    }

    /// Gives the descriptor away, as that of a socket that receives one datagram at a time.
    pub(crate) fn into_descriptor(self) -> Descriptor {
        if self.gro().is_some() {
            platform::join_datagrams(&self.socket, false);
        }
        self.socket.into()
    }
}

/// What runs over a socket.
fn transport_of(socket: &Socket) -> io::Result<Transport> {
    let domain = socket.local_addr()?.domain();
    Ok(match (socket.r#type()?, domain) {
        (Type::STREAM, Domain::IPV4 | Domain::IPV6) => Transport::Tcp,
        (Type::DGRAM, Domain::IPV4 | Domain::IPV6) => Transport::Udp,
        (Type::STREAM, Domain::UNIX) => Transport::UnixStream,
        (Type::DGRAM, Domain::UNIX) => Transport::UnixDatagram,
        _ => Transport::Other,
    })
}

/// What the descriptor `number` is, for those who look: its own address, and its peer's.
pub(crate) fn describe(number: RawDescriptor) -> (Transport, Option<Address>, Option<Address>) {
    // SAFETY: it is only asked for addresses. Whoever looks keeps it from being closed, or gets
    // the answers of another one.
    let descriptor = unsafe { BorrowedDescriptor::borrow_raw(number) };
    let socket = SockRef::from(&descriptor);
    let address = |address: io::Result<SockAddr>| Address::try_from(&address.ok()?).ok();
    let transport = transport_of(&socket).unwrap_or(Transport::Other);
    (transport, address(socket.local_addr()), address(socket.peer_addr()))
}

/// The descriptor that sockets without one lend: every call on a socket fails on it.
pub(crate) fn placeholder() -> BorrowedDescriptor<'static> {
    static PLACEHOLDER: OnceLock<Descriptor> = OnceLock::new();
    let open = || File::open("/dev/null").expect("the null device can be opened").into();
    PLACEHOLDER.get_or_init(open).as_fd()
}
