//! A Unix connection.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::panic::Location;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BufMut;

use super::{SocketAddr, UCred};
use crate::engine::{Direction, Interest, Readiness};
use crate::io::{AsyncRead, AsyncWrite, Lent, ReadBuf};
use crate::net::api::{socket_api, std_api};
use crate::net::backoff::{Pauses, pause};
use crate::net::halves::{
    self, BorrowedReadHalf, BorrowedWriteHalf, OwnedReadHalf, OwnedWriteHalf, SplitStream,
};
use crate::net::io::Waitable;
use crate::net::socket::{Socket, StreamVerbs};
use crate::net::stream::stream_api;
use crate::net::tcp::connect;
use crate::net::{Direct, SendFile};
use crate::os::{self, Address, Family, Transport};
use crate::reactor::Handle;

/// A connection between two Unix sockets.
///
/// Reading and writing are in [`AsyncReadExt`](crate::io::AsyncReadExt) and
/// [`AsyncWriteExt`](crate::io::AsyncWriteExt), and for futures written by hand in
/// [`AsyncRead`] and [`AsyncWrite`].
///
/// # Examples
///
/// ```
/// use minato::io::{AsyncReadExt, AsyncWriteExt};
/// use minato::net::UnixStream;
///
/// # fn main() -> std::io::Result<()> {
/// # pollster::block_on(async {
/// let (mut one, mut two) = UnixStream::pair()?;
/// one.write_all(b"ping").await?;
/// one.shutdown().await?;
/// let mut all = Vec::new();
/// two.read_to_end(&mut all).await?;
/// assert_eq!(all, b"ping");
/// # Ok(()) })
/// # }
/// ```
pub struct UnixStream {
    pub(super) socket: Socket,
}

stream_api!(UnixStream, SocketAddr);

socket_api!(UnixStream, SocketAddr, unix, peer_addr);
std_api!(UnixStream, std::os::unix::net::UnixStream, UnixStream);

impl UnixStream {
    /// Connects to the listener at `path`. On Linux a path that begins with a zero byte is an
    /// abstract name. While the listener's queue is full, it is tried again every few milliseconds.
    ///
    /// # Errors
    ///
    /// The system's: no such path, nobody listens there, not allowed, too long.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the attempt up.
    #[track_caller]
    pub fn connect<P: AsRef<Path>>(path: P) -> impl Future<Output = io::Result<Self>> {
        let place = Location::caller();
        async move { Self::connect_to(None, &os::unix_address(path.as_ref())?, place).await }
    }

    /// Like [`connect`](Self::connect), bound to the reactor of `handle`.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    #[track_caller]
    pub fn connect_on(
        handle: impl Into<Handle>,
        path: impl AsRef<Path>,
    ) -> impl Future<Output = io::Result<Self>> {
        let place = Location::caller();
        let handle = handle.into();
        async move {
            let address = os::unix_address(path.as_ref())?;
            Self::connect_to(Some(&handle), &address, place).await
        }
    }

    /// Connects to the listener at an address.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect); nobody can be reached at an unnamed address.
    #[track_caller]
    pub fn connect_addr(address: &SocketAddr) -> impl Future<Output = io::Result<Self>> {
        Self::connect_to(None, address, Location::caller())
    }

    async fn connect_to(
        handle: Option<&Handle>,
        address: &SocketAddr,
        place: &'static Location<'static>,
    ) -> io::Result<Self> {
        let socket = Socket::open(handle, Family::Unix, Transport::UnixStream)?.made_at(place);
        Self::connect_socket(socket, &Address::from(address)).await
    }

    /// A full queue of the listener is the one thing that the system gives no event for.
    pub(super) async fn connect_socket(socket: Socket, address: &Address) -> io::Result<Self> {
        let mut pauses = Pauses::default();
        loop {
            match connect::connect(&socket, address).await {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    pause(pauses.next(), socket.place()).await?
                }
                result => return result.map(|()| Self { socket }),
            }
        }
    }

    /// Two streams that are connected to each other.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors.
    #[track_caller]
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, two) = Socket::pair(Transport::UnixStream)?;
        Ok((Self { socket: one }, Self { socket: two }))
    }

    /// Who the peer is: the process that connected, or the one that listened.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn peer_cred(&self) -> io::Result<UCred> {
        let (uid, gid, pid) = self.socket.peer_credentials()?;
        Ok(UCred { uid, gid, pid })
    }
}
