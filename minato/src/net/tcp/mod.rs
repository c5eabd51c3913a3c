//! TCP: listeners, connections, and sockets that become either.

mod backlog;
pub(super) mod connect;
mod info;
mod keepalive;
mod listen;
mod listener;
mod socket;
mod stream;

pub use self::info::TcpInfo;
pub use self::keepalive::TcpKeepalive;
pub use self::listen::Listen;
pub use self::listener::TcpListener;
pub use self::socket::TcpSocket;
pub use self::stream::TcpStream;

/// The stream of the connections that a [`TcpListener`] accepts.
pub type Incoming = super::Incoming<TcpListener>;
/// The borrowed reading half of a [`TcpStream`].
pub type ReadHalf<'a> = super::BorrowedReadHalf<'a, TcpStream>;
/// The borrowed writing half of a [`TcpStream`].
pub type WriteHalf<'a> = super::BorrowedWriteHalf<'a, TcpStream>;
/// The owned reading half of a [`TcpStream`].
pub type OwnedReadHalf = super::OwnedReadHalf<TcpStream>;
/// The owned writing half of a [`TcpStream`].
pub type OwnedWriteHalf = super::OwnedWriteHalf<TcpStream>;

/// The halves were not of the same stream; gives them back.
#[derive(Debug)]
pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

super::halves::reunite_error!(ReuniteError(OwnedReadHalf, OwnedWriteHalf));
