//! Unix sockets: listeners, connections and datagrams within one machine.
//!
//! An address is a path, which is made by binding and stays behind when the socket is closed; or,
//! on Linux, an abstract name, which is written as a path that begins with a zero byte and goes
//! with its socket. A socket that was never bound is unnamed.
//!
//! A simulated host has Unix sockets, too. Its names are its own, and none of them is ever a file
//! of the machine: a path is there from a bind until
//! [`Host::unlink`](crate::sim::Host::unlink), or until the host crashes. No descriptors pass
//! through such sockets: that is `Unsupported`.

mod credentials;
mod datagram;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod fd_passing;
mod listener;
pub mod pipe;
mod received_fds;
mod socket;
mod stream;

pub use self::credentials::UCred;
pub use self::datagram::UnixDatagram;
pub use self::listener::UnixListener;
pub use self::received_fds::ReceivedFds;
pub use self::socket::UnixSocket;
pub use self::stream::UnixStream;
pub use crate::os::unix_address::SocketAddr;

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

/// The number of a user, as [`UCred`] has it.
#[allow(non_camel_case_types, reason = "the system's names")]
pub type uid_t = u32;
/// The number of a group.
#[allow(non_camel_case_types, reason = "the system's names")]
pub type gid_t = u32;
/// The number of a process.
#[allow(non_camel_case_types, reason = "the system's names")]
pub type pid_t = i32;

/// The halves were not of the same stream; gives them back.
#[derive(Debug)]
pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

super::halves::reunite_error!(ReuniteError(OwnedReadHalf, OwnedWriteHalf));
