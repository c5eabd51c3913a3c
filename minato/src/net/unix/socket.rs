//! A Unix socket that is set up before it listens, connects or exchanges datagrams.

use std::io;
use std::panic::Location;
use std::path::Path;

use super::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use crate::net::api::socket_api;
use crate::net::by_number::raw_api;
use crate::net::socket::Socket;
use crate::os::{self, Address, Family, Transport};

/// A Unix socket that is neither listening nor connected yet.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # let directory = tempfile::tempdir()?;
/// # pollster::block_on(async {
/// use minato::net::UnixSocket;
///
/// let (harbour, ship) = (directory.path().join("harbour"), directory.path().join("ship"));
/// let socket = UnixSocket::new_stream()?;
/// socket.bind(&harbour)?;
/// let listener = socket.listen(128)?;
///
/// let socket = UnixSocket::new_stream()?;
/// socket.bind(&ship)?;
/// let _stream = socket.connect(&harbour).await?;
/// let (_accepted, from) = listener.accept().await?;
/// assert_eq!(from.as_pathname(), Some(&*ship));
/// # Ok(()) })
/// # }
/// ```
pub struct UnixSocket {
    socket: Socket,
}

socket_api!(UnixSocket, SocketAddr, unix);
raw_api!(UnixSocket);

impl UnixSocket {
    /// Opens a socket for datagrams.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors.
    #[track_caller]
    pub fn new_datagram() -> io::Result<Self> {
        Ok(Self { socket: Socket::open(None, Family::Unix, Transport::UnixDatagram)? })
    }

    /// Opens a socket for a stream.
    ///
    /// # Errors
    ///
    /// As [`new_datagram`](Self::new_datagram).
    #[track_caller]
    pub fn new_stream() -> io::Result<Self> {
        Ok(Self { socket: Socket::open(None, Family::Unix, Transport::UnixStream)? })
    }

    /// Binds the socket to `path`, which must not exist yet and stays behind. On Linux a path that
    /// begins with a zero byte is an abstract name, and for an empty path the system chooses one.
    ///
    /// # Errors
    ///
    /// The system's: the path exists, may not be written or is too long.
    pub fn bind(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.socket.bind(&(&os::unix_address(path.as_ref())?).into())
    }

    /// Listens for connections; the system queues up to `backlog` of them.
    ///
    /// # Errors
    ///
    /// When the socket is for datagrams; else the system's.
    pub fn listen(self, backlog: u32) -> io::Result<UnixListener> {
        self.refuse(Transport::UnixDatagram, "listen cannot be called on a datagram socket")?;
        self.socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        Ok(UnixListener::from_socket(self.socket))
    }

    /// Connects to the listener at `path`. While its queue is full, it is tried again every few
    /// milliseconds.
    ///
    /// # Errors
    ///
    /// When the socket is for datagrams; else the system's: no such path, nobody listens there.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the socket.
    #[track_caller]
    pub fn connect(self, path: impl AsRef<Path>) -> impl Future<Output = io::Result<UnixStream>> {
        let place = Location::caller();
        async move {
            self.refuse(Transport::UnixDatagram, "connect cannot be called on a datagram socket")?;
            let address = Address::from(&os::unix_address(path.as_ref())?);
            UnixStream::connect_socket(self.socket.made_at(place), &address).await
        }
    }

    /// The socket as one that exchanges datagrams.
    ///
    /// # Errors
    ///
    /// When the socket is for a stream.
    pub fn datagram(self) -> io::Result<UnixDatagram> {
        self.refuse(Transport::UnixStream, "datagram cannot be called on a stream socket")?;
        Ok(UnixDatagram::from_socket(self.socket))
    }

    /// An error that says `why` if this is a socket of the `wrong` kind.
    fn refuse(&self, wrong: Transport, why: &str) -> io::Result<()> {
        if self.socket.transport == wrong { Err(io::Error::other(why)) } else { Ok(()) }
    }
}
