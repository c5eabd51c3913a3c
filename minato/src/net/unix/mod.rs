//! Unix sockets: listeners, connections and datagrams within one machine.
//!
//! An address is a path, which is made by binding and stays behind when the socket is closed; or,
//! on Linux, an abstract name, which is written as a path that begins with a zero byte and goes
//! with its socket. A socket that was never bound is unnamed. Simulated hosts have no Unix sockets:
//! there, whatever would make one returns `Unsupported`.

mod credentials;
mod datagram;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod fd_passing;
mod listener;
mod received_fds;
mod stream;

pub use std::os::unix::net::SocketAddr;

pub use self::credentials::UCred;
pub use self::datagram::UnixDatagram;
pub use self::listener::UnixListener;
pub use self::received_fds::ReceivedFds;
pub use self::stream::UnixStream;

/// The stream of the connections that a [`UnixListener`] accepts.
pub type Incoming = super::Incoming<UnixListener>;
/// The borrowed reading half of a [`UnixStream`].
pub type ReadHalf<'a> = super::BorrowedReadHalf<'a, UnixStream>;
/// The borrowed writing half of a [`UnixStream`].
pub type WriteHalf<'a> = super::BorrowedWriteHalf<'a, UnixStream>;
/// The owned reading half of a [`UnixStream`].
pub type OwnedReadHalf = super::OwnedReadHalf<UnixStream>;
/// The owned writing half of a [`UnixStream`].
pub type OwnedWriteHalf = super::OwnedWriteHalf<UnixStream>;

/// An address as the engine takes it.
fn address_of(address: &SocketAddr) -> crate::os::Address {
    crate::os::Address::Unix(Box::new(address.clone()))
}
