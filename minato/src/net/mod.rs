//! What users call: TCP, UDP and Unix sockets, and any other descriptor.
//!
//! Each type has a future API (`async fn` methods that borrow the socket), a poll API (`poll_*`
//! methods for futures written by hand) and a try API (`try_*` methods that never wait). All of
//! them work on any thread and under any executor; see [`reactor`](crate::reactor) for how.
//!
//! | type | is |
//! |---|---|
//! | [`TcpListener`], [`TcpStream`] | a listening TCP socket, and a connection |
//! | [`TcpSocket`] | a TCP socket that is set up before it listens or connects |
//! | [`tcp::Listen`] | listens with options, also with several sockets on one port |
//! | [`UdpSocket`] | a UDP socket |
//! | [`UnixListener`], [`UnixStream`] | a listening Unix socket, and a connection |
//! | [`UnixDatagram`] | a Unix datagram socket |
//! | [`UnixSocket`] | a Unix socket that is set up before it listens, connects or sends |
//! | [`unix::pipe`] | pipes, with a path and without |
//! | [`inherited_descriptors`] | sockets that systemd passes to the process |
//! | [`AsyncFd`] | any other descriptor that the system can wait for |

mod address;
mod api;
pub mod async_fd;
mod backoff;
mod by_number;
mod datagram;
mod forms;
mod halves;
mod io;
mod listener;
mod options;
mod registration;
mod resolve;
mod send_file;
mod socket;
pub(crate) mod splice;
mod stream;
pub mod tcp;
pub mod udp;
pub mod unix;

pub use self::address::ToSocketAddrs;
pub use self::async_fd::AsyncFd;
pub use self::halves::{
    BorrowedReadHalf, BorrowedWriteHalf, OwnedReadHalf, OwnedWriteHalf, ReuniteError, SplitStream,
};
pub use self::listener::Incoming;
pub use self::resolve::lookup_host;
pub use self::send_file::SendFile;
#[doc(hidden)]
pub use self::splice::{Direct, spliced_bytes};
pub use self::tcp::{TcpListener, TcpSocket, TcpStream};
pub use self::udp::UdpSocket;
pub use self::unix::{UnixDatagram, UnixListener, UnixSocket, UnixStream};
pub use crate::os::inherited_descriptors;
