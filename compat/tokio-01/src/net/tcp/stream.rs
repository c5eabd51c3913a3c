//! A TCP connection.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use bytes::Buf;
use futures::Poll;
use minato::io::ReadBuf;
use minato::net::tcp::TcpKeepalive;

use super::ConnectFuture;
use crate::io::{AsyncRead, AsyncWrite, now};
use crate::net::buffer_size;
use crate::net::stream_io::{self, stream_io};
use crate::net::waits::Waits;
use crate::reactor::Handle;

/// A TCP connection.
///
/// It is read and written by the traits [`AsyncRead`] and [`AsyncWrite`], which a reference to it
/// has as well, and by the functions in [`io`](crate::io). Dropping it closes the connection.
///
/// ```
/// use futures::Future;
/// use tokio::io;
/// use tokio::net::TcpStream;
///
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let ask = TcpStream::connect(&listener.local_addr()?)
///     .and_then(|socket| io::write_all(socket, b"anybody there?"))
///     .and_then(|(socket, _)| io::shutdown(socket));
/// let socket = ask.wait()?;
///
/// let (peer, _) = listener.accept()?;
/// assert_eq!(std::io::read_to_string(peer)?, "anybody there?");
/// # std::io::Result::Ok(())
/// ```
pub struct TcpStream {
    // Before the socket, so that its events of mio 0.6 end while its descriptor is open.
    pub(super) waits: Waits,
    pub(super) inner: minato::net::TcpStream,
}

stream_io!(TcpStream);
stream_io!(&TcpStream);

impl TcpStream {
    /// Begins to connect to `addr`, at once; the future waits until the connection stands, and
    /// tells also what went wrong at once.
    #[track_caller]
    pub fn connect(addr: &SocketAddr) -> ConnectFuture {
        ConnectFuture::begin(addr)
    }

    /// Like [`connect`](Self::connect), with a socket that was set up before, for the reactor of
    /// `handle`.
    #[track_caller]
    pub fn connect_std(
        stream: std::net::TcpStream,
        addr: &SocketAddr,
        handle: &Handle,
    ) -> ConnectFuture {
        ConnectFuture::begin_with(stream, addr, handle)
    }

    /// Takes a connection of std's over, for the reactor of `handle`; makes it non-blocking.
    ///
    /// # Errors
    ///
    /// When the descriptor is not a TCP socket.
    #[track_caller]
    pub fn from_std(stream: std::net::TcpStream, handle: &Handle) -> io::Result<Self> {
        let inner = match handle.named() {
            Some(named) => minato::net::TcpStream::from_std_on(named, stream)?,
            None => minato::net::TcpStream::from_std(stream)?,
        };
        Ok(Self::on(inner, handle))
    }

    pub(super) fn on(inner: minato::net::TcpStream, handle: &Handle) -> Self {
        Self { waits: Waits::on(handle), inner }
    }

    /// A connection that was accepted, which is free to find a reactor even if its listener was
    /// given one.
    pub(super) fn accepted(stream: minato::net::TcpStream, is_bound: bool) -> io::Result<Self> {
        let stream = match is_bound {
            true => minato::net::TcpStream::from_std(stream.into_std()?)?,
            false => stream,
        };
        Ok(Self::from(stream))
    }

    /// Reads into `buf` without taking what is read out of the stream; returns how many bytes that
    /// are. 0 is the end.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Panics
    ///
    /// Outside a task, when it would have to wait.
    pub fn poll_peek(&mut self, buf: &mut [u8]) -> Poll<usize, io::Error> {
        self.waits.read(|cx| self.inner.poll_peek(cx, &mut ReadBuf::new(buf)))
    }

    /// As [`poll_peek`](Self::poll_peek), with an error instead of `NotReady`.
    ///
    /// # Errors
    ///
    /// `WouldBlock`, when there is nothing; else the system's.
    #[doc(hidden)]
    #[deprecated(since = "0.1.2", note = "use poll_peek instead")]
    pub fn peek(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        now(self.poll_peek(buf))
    }

    /// Ends the reading side, the writing side or both. The peer sees the end of the stream after
    /// what was written.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown_half(how)
    }

    /// The local address.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// The peer's address.
    ///
    /// # Errors
    ///
    /// `NotConnected` after the connection was reset.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// Whether small segments are sent at once.
    ///
    /// # Errors
    ///
    /// The system's, as for every option here.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.inner.nodelay()
    }

    /// Sets whether small segments are sent at once (`TCP_NODELAY`); off by default.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.inner.set_nodelay(nodelay)
    }

    /// The size of the receive buffer in bytes.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn recv_buffer_size(&self) -> io::Result<usize> {
        self.inner.recv_buffer_size().map(|size| size as usize)
    }

    /// Sets the size of the receive buffer in bytes; Linux doubles it.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_recv_buffer_size(&self, size: usize) -> io::Result<()> {
        self.inner.set_recv_buffer_size(buffer_size(size))
    }

    /// The size of the send buffer in bytes.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn send_buffer_size(&self) -> io::Result<usize> {
        self.inner.send_buffer_size().map(|size| size as usize)
    }

    /// Sets the size of the send buffer in bytes; Linux doubles it.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_send_buffer_size(&self, size: usize) -> io::Result<()> {
        self.inner.set_send_buffer_size(buffer_size(size))
    }

    /// How long the connection is idle before it is probed; `None` if it is not probed.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn keepalive(&self) -> io::Result<Option<Duration>> {
        if self.inner.keepalive()? { self.inner.keepalive_time() } else { Ok(None) }
    }

    /// Sets how long the connection is idle before it is probed, in whole seconds; with `None` it
    /// is not probed.
    ///
    /// # Errors
    ///
    /// The system's; a time of zero is invalid.
    pub fn set_keepalive(&self, keepalive: Option<Duration>) -> io::Result<()> {
        let keepalive = keepalive.map(|time| TcpKeepalive::new().with_time(time));
        self.inner.set_keepalive(keepalive.as_ref())
    }

    /// The time to live of outgoing packets.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.ttl()
    }

    /// Sets the time to live of outgoing packets.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_ttl(ttl)
    }

    /// How a close deals with bytes that were not sent.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        self.inner.linger()
    }

    /// With a zero duration a close resets the connection. Any other makes the *close block* on
    /// most systems, and is best left alone.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        self.inner.set_linger(linger)
    }

    /// Fails always: in tokio 0.1, too, it stopped working before it was deprecated.
    ///
    /// # Errors
    ///
    /// Always.
    #[doc(hidden)]
    #[deprecated(since = "0.1.14", note = "use `split()` instead")]
    pub fn try_clone(&self) -> io::Result<Self> {
        Err(io::Error::other("a TcpStream cannot be cloned; `split` it instead"))
    }
}

impl From<minato::net::TcpStream> for TcpStream {
    fn from(inner: minato::net::TcpStream) -> Self {
        Self::on(inner, &Handle::default())
    }
}

impl From<TcpStream> for minato::net::TcpStream {
    fn from(stream: TcpStream) -> Self {
        stream.inner
    }
}

impl AsRawFd for TcpStream {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
