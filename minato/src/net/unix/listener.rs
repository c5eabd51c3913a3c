//! A listening Unix socket.

use std::io;
use std::path::Path;
use std::task::{Context, Poll};

use super::{Incoming, SocketAddr, UnixStream};
use crate::engine::{Direction, Interest};
use crate::net::api::{socket_api, std_api};
use crate::net::io::{Done, Waitable};
use crate::net::listener::listener_api;
use crate::net::socket::Socket;
use crate::os::{self, Address, Family, Transport};
use crate::reactor::Handle;

/// How many connections the system queues for a listener.
const BACKLOG: i32 = 1024;

/// A Unix socket that listens for connections.
///
/// Dropping it closes the socket and leaves its path; remove that before another listener can be
/// bound there.
///
/// # Examples
///
/// ```
/// use minato::io::{AsyncReadExt, AsyncWriteExt};
/// use minato::net::{UnixListener, UnixStream};
///
/// # fn main() -> std::io::Result<()> {
/// # let directory = tempfile::tempdir()?;
/// # pollster::block_on(async {
/// let path = directory.path().join("harbour");
/// let listener = UnixListener::bind(&path)?;
/// let mut client = UnixStream::connect(&path).await?;
/// let (mut server, _) = listener.accept().await?;
/// client.write_all(b"ahoy").await?;
/// let mut buf = [0; 4];
/// server.read_exact(&mut buf).await?;
/// assert_eq!(&buf, b"ahoy");
/// # Ok(()) })
/// # }
/// ```
pub struct UnixListener {
    socket: Socket,
}

listener_api!(UnixListener, UnixStream, SocketAddr, unix);
socket_api!(UnixListener, SocketAddr, unix);
std_api!(UnixListener, std::os::unix::net::UnixListener, UnixStream);

impl UnixListener {
    pub(super) fn from_socket(socket: Socket) -> Self {
        Self { socket }
    }

    /// Listens at `path`, which must not exist yet; with a backlog of 1024. On Linux a path that
    /// begins with a zero byte is an abstract name, and for an empty path the system chooses one.
    ///
    /// # Errors
    ///
    /// The system's: the path exists, may not be written or is too long.
    #[track_caller]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Self::bind_addr(&os::unix_address(path.as_ref())?)
    }

    /// Like [`bind`](Self::bind), with the listener and the connections that it accepts bound to
    /// the reactor of `handle`.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    #[track_caller]
    pub fn bind_on(handle: impl Into<Handle>, path: impl AsRef<Path>) -> io::Result<Self> {
        Self::listen(Some(&handle.into()), &os::unix_address(path.as_ref())?)
    }

    /// Listens at an address.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    #[track_caller]
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        Self::listen(None, address)
    }

    #[track_caller]
    fn listen(handle: Option<&Handle>, address: &SocketAddr) -> io::Result<Self> {
        let socket = Socket::open(handle, Family::Unix, Transport::UnixStream)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(Self { socket })
    }

    /// One accept; what else is in the queue is asked of the reactor.
    fn accept_once(&self) -> io::Result<(Socket, Address)> {
        let snapshot = self.socket.registration().snapshot();
        let accepted = self.socket.accept()?;
        self.socket.rearm(snapshot);
        Ok(accepted)
    }
}
