//! A TCP socket that is set up before it listens or connects.

use std::io;
use std::net::SocketAddr;
use std::panic::Location;

use super::{TcpKeepalive, TcpListener, TcpStream, connect};
use crate::net::api::socket_api;
use crate::net::by_number::raw_api;
use crate::net::options::{set_keepalive_times, socket_options};
use crate::net::socket::Socket;
use crate::os::{Address, Family, Transport};
use crate::reactor::Handle;

/// A TCP socket that is neither listening nor connected yet.
///
/// ```
/// # pollster::block_on(async {
/// use minato::net::TcpSocket;
///
/// let socket = TcpSocket::new_v4()?;
/// socket.set_reuseport(true)?;
/// socket.bind("127.0.0.1:0".parse().unwrap())?;
/// let listener = socket.listen(128)?;
///
/// let socket = TcpSocket::new_v4()?;
/// socket.set_nodelay(true)?;
/// let stream = socket.connect(listener.local_addr()?).await?;
/// assert!(stream.nodelay()?);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub struct TcpSocket {
    socket: Socket,
}

socket_options!(
    TcpSocket: reuseaddr, reuseport, keepalive, nodelay, linger, send_buffer_size,
    recv_buffer_size, only_v6, tos_v4, tos, tclass_v6, device
);

socket_api!(TcpSocket, SocketAddr, ip);
raw_api!(TcpSocket);

impl TcpSocket {
    /// Opens a socket for IPv4.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors.
    #[track_caller]
    pub fn new_v4() -> io::Result<Self> {
        Self::open(Family::V4, None)
    }

    /// Opens a socket for IPv6.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors, or no IPv6.
    #[track_caller]
    pub fn new_v6() -> io::Result<Self> {
        Self::open(Family::V6, None)
    }

    /// Like [`new_v4`](Self::new_v4), bound to the reactor of `handle`.
    ///
    /// # Errors
    ///
    /// As [`new_v4`](Self::new_v4).
    #[track_caller]
    pub fn new_v4_on(handle: impl Into<Handle>) -> io::Result<Self> {
        Self::open(Family::V4, Some(&handle.into()))
    }

    /// Like [`new_v6`](Self::new_v6), bound to the reactor of `handle`.
    ///
    /// # Errors
    ///
    /// As [`new_v6`](Self::new_v6).
    #[track_caller]
    pub fn new_v6_on(handle: impl Into<Handle>) -> io::Result<Self> {
        Self::open(Family::V6, Some(&handle.into()))
    }

    #[track_caller]
    pub(super) fn open(family: Family, handle: Option<&Handle>) -> io::Result<Self> {
        Ok(Self { socket: Socket::open(handle, family, Transport::Tcp)? })
    }

    /// The same socket, as one that was made at `place`: for what makes it only when polled.
    pub(super) fn made_at(self, place: &'static Location<'static>) -> Self {
        Self { socket: self.socket.made_at(place) }
    }

    /// Takes over a socket of std's that is neither listening nor connected, and makes it
    /// non-blocking. Nothing is checked: what is wrong with it shows when it is used.
    #[track_caller]
    pub fn from_std_stream(stream: std::net::TcpStream) -> Self {
        Self { socket: Socket::take_over(stream.into()) }
    }

    /// Like [`from_std_stream`](Self::from_std_stream), checked and bound to the reactor of
    /// `handle`.
    ///
    /// # Errors
    ///
    /// When the descriptor is not a TCP socket; for a simulated reactor also when it is connected.
    #[track_caller]
    pub fn from_std_stream_on(
        handle: impl Into<Handle>,
        stream: std::net::TcpStream,
    ) -> io::Result<Self> {
        let handle = handle.into();
        Ok(Self { socket: Socket::from_descriptor(stream.into(), Transport::Tcp, Some(&handle))? })
    }

    /// Binds the socket to an address.
    ///
    /// # Errors
    ///
    /// The system's: the port is in use or privileged, or the address is not one of this host.
    pub fn bind(&self, address: SocketAddr) -> io::Result<()> {
        self.socket.bind(&Address::Ip(address))
    }

    /// Listens for connections; the system queues up to `backlog` of them.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        self.socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        Ok(TcpListener::from_socket(self.socket))
    }

    /// Connects to an address.
    ///
    /// # Errors
    ///
    /// The system's: refused, unreachable, timed out.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the socket.
    pub async fn connect(self, address: SocketAddr) -> io::Result<TcpStream> {
        connect::connect(&self.socket, &Address::Ip(address)).await?;
        Ok(TcpStream::from_socket(self.socket))
    }

    /// Begins to connect to an address, now and not when the returned future is first polled; that
    /// waits until the connection stands.
    ///
    /// The system goes on with the attempt by itself, so several can be begun before one waits for
    /// any. No reactor is told of the socket before the future is polled.
    ///
    /// # Errors
    ///
    /// The system's, as far as it tells at once: no route, an address of the wrong family. The
    /// future's: refused, unreachable, timed out.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the socket.
    pub fn begin_connect(
        self,
        address: SocketAddr,
    ) -> io::Result<impl Future<Output = io::Result<TcpStream>> + Send + Sync + use<>> {
        let begun = connect::begin(&self.socket, &Address::Ip(address))?;
        Ok(async move {
            if begun == connect::Begun::InProgress {
                connect::finish(&self.socket).await?;
            }
            Ok(TcpStream::from_socket(self.socket))
        })
    }

    /// Has idle connections probed at the given times.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a time below a second; else the system's.
    pub fn set_tcp_keepalive(&self, keepalive: &TcpKeepalive) -> io::Result<()> {
        set_keepalive_times(&self.socket, keepalive)
    }
}
