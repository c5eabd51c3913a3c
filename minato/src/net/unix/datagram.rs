//! A Unix datagram socket.

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::path::Path;
use std::task::{Context, Poll};

use bytes::BufMut;

use super::SocketAddr;
use crate::engine::{Direction, Interest, Readiness};
use crate::io::{Lent, ReadBuf};
use crate::net::api::{socket_api, std_api};
use crate::net::backoff::{Pauses, pause};
use crate::net::datagram::datagram_api;
use crate::net::io::Waitable;
use crate::net::socket::{Socket, StreamVerbs};
use crate::os::{self, Address, Family, Transport};
use crate::reactor::Handle;
use crate::task::coop::consume_budget;

/// A Unix datagram socket.
///
/// Datagrams are delivered whole, in order, and are never dropped on the way: a sender waits while
/// the receiver's queue is full. A receiver is reached by the path it is bound to; a sender that
/// wants an answer must be bound, too, or come from [`pair`](Self::pair).
///
/// # Examples
///
/// ```
/// use minato::net::UnixDatagram;
///
/// # fn main() -> std::io::Result<()> {
/// # let directory = tempfile::tempdir()?;
/// # pollster::block_on(async {
/// let path = directory.path().join("harbour");
/// let harbour = UnixDatagram::bind(&path)?;
/// let ship = UnixDatagram::unbound()?;
/// ship.send_to(b"ahoy", &path).await?;
/// let mut buf = [0; 64];
/// let (len, from) = harbour.recv_from(&mut buf).await?;
/// assert_eq!(&buf[..len], b"ahoy");
/// assert!(from.is_unnamed());
/// # Ok(()) })
/// # }
/// ```
pub struct UnixDatagram {
    pub(super) socket: Socket,
}

datagram_api!(UnixDatagram, SocketAddr, unix);
socket_api!(UnixDatagram, SocketAddr, unix, peer_addr);
std_api!(UnixDatagram, std::os::unix::net::UnixDatagram, UnixDatagram);

impl UnixDatagram {
    /// Binds a socket to `path`, which must not exist yet and stays behind. On Linux a path that
    /// begins with a zero byte is an abstract name, and for an empty path the system chooses one.
    ///
    /// # Errors
    ///
    /// The system's: the path exists, may not be written or is too long.
    #[track_caller]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Self::bind_addr(&os::unix_address(path.as_ref())?)
    }

    /// Like [`bind`](Self::bind), bound to the reactor of `handle`.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    #[track_caller]
    pub fn bind_on(handle: impl Into<Handle>, path: impl AsRef<Path>) -> io::Result<Self> {
        Self::open(Some(&handle.into()), Some(&os::unix_address(path.as_ref())?))
    }

    /// Binds a socket to an address.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    #[track_caller]
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        Self::open(None, Some(address))
    }

    /// Opens a socket without an address, which nobody can send to.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors.
    #[track_caller]
    pub fn unbound() -> io::Result<Self> {
        Self::open(None, None)
    }

    /// Like [`unbound`](Self::unbound), bound to the reactor of `handle`.
    ///
    /// # Errors
    ///
    /// As [`unbound`](Self::unbound).
    #[track_caller]
    pub fn unbound_on(handle: impl Into<Handle>) -> io::Result<Self> {
        Self::open(Some(&handle.into()), None)
    }

    #[track_caller]
    fn open(handle: Option<&Handle>, address: Option<&SocketAddr>) -> io::Result<Self> {
        let socket = Socket::open(handle, Family::Unix, Transport::UnixDatagram)?;
        if let Some(address) = address {
            socket.bind(&address.into())?;
        }
        Ok(Self { socket })
    }

    /// Two sockets that are connected to each other.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors.
    #[track_caller]
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, two) = Socket::pair(Transport::UnixDatagram)?;
        Ok((Self { socket: one }, Self { socket: two }))
    }

    /// Gives the socket a peer: [`send`](Self::send) sends to it, and only its datagrams are
    /// received.
    ///
    /// # Errors
    ///
    /// The system's: no such path, nobody bound there, not allowed.
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.connect_addr(&os::unix_address(path.as_ref())?)
    }

    /// Like [`connect`](Self::connect), with an address.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub fn connect_addr(&self, address: &SocketAddr) -> io::Result<()> {
        self.socket.connect(&address.into())
    }

    /// Ends receiving, sending or both; the same as [`shutdown_half`](Self::shutdown_half).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown_half(how)
    }

    /// Ends receiving, sending or both. After the reading side was ended, what is still queued can
    /// be received; then come empty datagrams.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn shutdown_half(&self, how: Shutdown) -> io::Result<()> {
        self.socket.shutdown(how)
    }

    /// Sends `buf` as one datagram to the socket at `target`, waiting while its queue is full;
    /// returns the length in bytes.
    ///
    /// # Errors
    ///
    /// The system's: no such path, nobody bound there, not allowed, the datagram is too long.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is done, nothing was sent.
    pub async fn send_to<P: AsRef<Path>>(&self, buf: &[u8], target: P) -> io::Result<usize> {
        self.send_to_addr(buf, &os::unix_address(target.as_ref())?).await
    }

    /// Like [`send_to`](Self::send_to), with an address.
    ///
    /// # Errors
    ///
    /// As [`send_to`](Self::send_to).
    ///
    /// # Cancel safety
    ///
    /// As [`send_to`](Self::send_to).
    pub async fn send_to_addr(&self, buf: &[u8], target: &SocketAddr) -> io::Result<usize> {
        let target = Address::from(target);
        self.send_in_time(|| self.socket.try_send_dgram_to(buf, &target)).await
    }

    /// Calls `send`, which does not wait, until the target has room.
    pub(super) async fn send_in_time(
        &self,
        mut send: impl FnMut() -> io::Result<usize>,
    ) -> io::Result<usize> {
        consume_budget().await;
        let mut pauses = None::<Pauses>;
        loop {
            match send() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
            // Without a connection the system tells only of room in our own buffer, and says that
            // there is some whenever it has refused a datagram for want of room at the target. So
            // from the second attempt on we sleep in between; otherwise this would spin.
            match &mut pauses {
                None => pauses = Some(Pauses::default()),
                Some(pauses) => pause(pauses.next(), self.socket.place()).await?,
            }
            self.socket.ready(Interest::WRITABLE).await?;
        }
    }

    /// The poll form of [`send_to`](Self::send_to). Any number of tasks may wait to send at
    /// a time; as they become more than 8, some are woken early.
    ///
    /// While the queue of a `target` that this socket is not connected to is full, the task is
    /// woken again and again, since the system does not tell of room there.
    ///
    /// # Errors
    ///
    /// As [`send_to`](Self::send_to).
    pub fn poll_send_to<P: AsRef<Path>>(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        target: P,
    ) -> Poll<io::Result<usize>> {
        let target = os::unix_address(target.as_ref())?;
        self.socket.poll_send_dgram_to(cx, buf, &(&target).into())
    }

    /// Sends `buf` as one datagram to the socket at `target`, without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is no room at present; else as [`send_to`](Self::send_to).
    pub fn try_send_to<P: AsRef<Path>>(&self, buf: &[u8], target: P) -> io::Result<usize> {
        let target = os::unix_address(target.as_ref())?;
        self.socket.try_send_dgram_to(buf, &(&target).into())
    }
}
