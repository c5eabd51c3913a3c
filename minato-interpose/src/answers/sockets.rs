//! Sockets that were made past the runtime.
//!
//! What sets one up is answered: it stands for a simulated socket from then on, until the runtime
//! takes it over. What uses it is not: a call of std waits on the one thread that all hosts share,
//! for what only this thread does, and a world that answered without a wait would not be what the
//! program asked for.

use std::ffi::{c_int, c_void};
use std::io;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;

use libc::{iovec, msghdr, sockaddr, socklen_t};
use minato_sim::{Host, Kind, Socket};

use super::{address, escape, status};
use crate::Place;
use crate::deputy::number_of;

pub(crate) unsafe fn bind<P: Place>(
    descriptor: c_int,
    address: *const sockaddr,
    len: socklen_t,
) -> Option<c_int> {
    // SAFETY: the caller gives an address of that length.
    let address = unsafe { address::read(address, len) }?;
    set_up::<P>(descriptor, |socket| socket.bind(address))
}

pub(crate) unsafe fn listen<P: Place>(descriptor: c_int, backlog: c_int) -> Option<c_int> {
    set_up::<P>(descriptor, |socket| socket.listen(backlog))
}

pub(crate) unsafe fn connect<P: Place>(
    descriptor: c_int,
    address: *const sockaddr,
    len: socklen_t,
) -> Option<c_int> {
    // SAFETY: the caller gives an address of that length.
    let to = unsafe { address::read(address, len) }?;
    // SAFETY: the call only reads flags of a descriptor.
    let flags = unsafe { libc::fcntl(descriptor, libc::F_GETFL) };
    let (mut host, waits) = (None, flags & libc::O_NONBLOCK == 0);
    let begun = set_up::<P>(descriptor, |socket| {
        if waits && socket.kind() == Kind::Stream {
            host = Some(socket.host());
            return Ok(());
        }
        socket.connect(to)
    });
    match host {
        Some(host) => Some(used(&host, &format!("connect to {to}"))),
        None => begun,
    }
}

pub(crate) unsafe fn getsockname<P: Place>(
    descriptor: c_int,
    address: *mut sockaddr,
    len: *mut socklen_t,
) -> Option<c_int> {
    // SAFETY: the caller gives room for an address, and how much.
    unsafe { tell::<P>(descriptor, Socket::local_addr, address, len) }
}

pub(crate) unsafe fn getpeername<P: Place>(
    descriptor: c_int,
    address: *mut sockaddr,
    len: *mut socklen_t,
) -> Option<c_int> {
    // SAFETY: the caller gives room for an address, and how much.
    unsafe { tell::<P>(descriptor, Socket::peer_addr, address, len) }
}

/// Defines what uses a socket: an error on every host.
macro_rules! uses {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {$(
        pub(crate) unsafe fn $name<P: Place>(
            descriptor: c_int,
            $($argument: $type),*
        ) -> Option<$result> {
            let host = P::host().filter(|_| is_of_internet(descriptor))?;
            Some(used(&host, stringify!($name)) as $result)
        }
    )*};
}

uses! {
    fn accept(_address: *mut sockaddr, _len: *mut socklen_t) -> c_int;
    fn accept4(_address: *mut sockaddr, _len: *mut socklen_t, _flags: c_int) -> c_int;
    fn shutdown(_how: c_int) -> c_int;
    fn read(_buffer: *mut c_void, _len: usize) -> isize;
    fn readv(_buffers: *const iovec, _count: c_int) -> isize;
    fn recv(_buffer: *mut c_void, _len: usize, _flags: c_int) -> isize;
    fn recvfrom(
        _buffer: *mut c_void, _len: usize, _flags: c_int, _address: *mut sockaddr,
        _address_len: *mut socklen_t
    ) -> isize;
    fn recvmsg(_message: *mut msghdr, _flags: c_int) -> isize;
    fn write(_buffer: *const c_void, _len: usize) -> isize;
    fn writev(_buffers: *const iovec, _count: c_int) -> isize;
    fn send(_buffer: *const c_void, _len: usize, _flags: c_int) -> isize;
    fn sendto(
        _buffer: *const c_void, _len: usize, _flags: c_int, _address: *const sockaddr,
        _address_len: socklen_t
    ) -> isize;
    fn sendmsg(_message: *const msghdr, _flags: c_int) -> isize;
}

/// Notes that a socket was used past the runtime; the result of such a call.
pub(super) fn used(host: &Host, call: &str) -> c_int {
    escape(
        host,
        &format!(
            "has called {call} on a socket of std, whose bytes do not go through the world: give \
             the socket to `from_std`, or use that of the runtime from the start"
        ),
    )
}

/// Whether a descriptor is a socket of the internet.
pub(super) fn is_of_internet(descriptor: c_int) -> bool {
    let domain = number_of(descriptor, libc::SO_DOMAIN);
    matches!(domain, Some(libc::AF_INET | libc::AF_INET6))
}

/// Calls `verb` with the simulated socket for which a descriptor stands. On a host a fresh socket
/// of the system's stands for one from now on.
fn set_up<P: Place>(
    descriptor: c_int,
    verb: impl FnOnce(&Socket) -> io::Result<()>,
) -> Option<c_int> {
    let host = P::host()?;
    P::with_deputy(borrowed(descriptor)?, Some(&host), verb).map(status)
}

/// Writes an address of the simulated socket for which a descriptor stands.
unsafe fn tell<P: Place>(
    descriptor: c_int,
    which: impl FnOnce(&Socket) -> io::Result<SocketAddr>,
    to: *mut sockaddr,
    len: *mut socklen_t,
) -> Option<c_int> {
    // SAFETY: the caller gives room for an address, and how much.
    let tell = |socket: &Socket| unsafe { address::write(which(socket)?, to, len) };
    P::with_deputy(borrowed(descriptor)?, None, tell).map(status)
}

fn borrowed(descriptor: c_int) -> Option<BorrowedFd<'static>> {
    // SAFETY: it is borrowed for one call. If it is not open, the system says so.
    (descriptor >= 0).then(|| unsafe { BorrowedFd::borrow_raw(descriptor) })
}
