//! A listening TCP socket.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};

use futures::{Async, Poll, try_ready};

use super::{Incoming, TcpStream};
use crate::io::now;
use crate::net::at_once;
use crate::net::waits::Waits;
use crate::reactor::Handle;

/// A TCP socket that listens for connections.
///
/// ```
/// use futures::{Future, Stream};
/// use tokio::io;
/// use tokio::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind(&"127.0.0.1:0".parse().unwrap())?;
/// let client = TcpStream::connect(&listener.local_addr()?).wait()?;
/// let server = listener.incoming().wait().next().unwrap()?;
/// assert_eq!(client.local_addr()?, server.peer_addr()?);
/// # std::io::Result::Ok(())
/// ```
pub struct TcpListener {
    // Before the socket, so that its events of mio 0.6 end while its descriptor is open.
    pub(super) waits: Waits,
    pub(super) inner: minato::net::TcpListener,
    /// Whether it was given a reactor, which the connections that it accepts do not share.
    pub(super) has_handle: bool,
}

impl TcpListener {
    /// Listens on `addr`. Port 0 lets the system choose one; see [`local_addr`](Self::local_addr).
    ///
    /// # Errors
    ///
    /// The system's: the port is in use or privileged, or the address is not one of this host.
    #[track_caller]
    pub fn bind(addr: &SocketAddr) -> io::Result<Self> {
        at_once(minato::net::TcpListener::bind(*addr)).map(Self::from)
    }

    /// Takes a listener of std's over, for the reactor of `handle`; makes it non-blocking.
    ///
    /// # Errors
    ///
    /// When the descriptor is not a TCP socket.
    #[track_caller]
    pub fn from_std(listener: std::net::TcpListener, handle: &Handle) -> io::Result<Self> {
        let inner = match handle.named() {
            Some(named) => minato::net::TcpListener::from_std_on(named, listener)?,
            None => minato::net::TcpListener::from_std(listener)?,
        };
        Ok(Self::on(inner, handle))
    }

    fn on(inner: minato::net::TcpListener, handle: &Handle) -> Self {
        Self { waits: Waits::on(handle), inner, has_handle: handle.named().is_some() }
    }

    /// Accepts a connection, and tells who connected.
    ///
    /// # Errors
    ///
    /// What the system's accept returned. Some errors concern one connection or pass by
    /// themselves; [`incoming`](Self::incoming) deals with those.
    ///
    /// # Panics
    ///
    /// Outside a task, when it would have to wait.
    pub fn poll_accept(&mut self) -> Poll<(TcpStream, SocketAddr), io::Error> {
        let (stream, from) = try_ready!(self.waits.read(|cx| self.inner.poll_accept(cx)));
        Ok(Async::Ready((TcpStream::accepted(stream, self.has_handle)?, from)))
    }

    /// Like [`poll_accept`](Self::poll_accept), with a stream of std's, which can be given to any
    /// reactor.
    ///
    /// # Errors
    ///
    /// As [`poll_accept`](Self::poll_accept).
    ///
    /// # Panics
    ///
    /// As [`poll_accept`](Self::poll_accept).
    pub fn poll_accept_std(&mut self) -> Poll<(std::net::TcpStream, SocketAddr), io::Error> {
        let (stream, from) = try_ready!(self.waits.read(|cx| self.inner.poll_accept(cx)));
        Ok(Async::Ready((stream.into_std()?, from)))
    }

    /// As [`poll_accept`](Self::poll_accept), with an error instead of `NotReady`.
    ///
    /// # Errors
    ///
    /// `WouldBlock`, when no connection is waiting; the task is notified of the next. Else as
    /// [`poll_accept`](Self::poll_accept).
    #[doc(hidden)]
    #[deprecated(since = "0.1.2", note = "use poll_accept instead")]
    pub fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        now(self.poll_accept())
    }

    /// As [`poll_accept_std`](Self::poll_accept_std), with an error instead of `NotReady`.
    ///
    /// # Errors
    ///
    /// `WouldBlock`, when no connection is waiting; the task is notified of the next. Else as
    /// [`poll_accept`](Self::poll_accept).
    #[doc(hidden)]
    #[deprecated(since = "0.1.2", note = "use poll_accept_std instead")]
    pub fn accept_std(&mut self) -> io::Result<(std::net::TcpStream, SocketAddr)> {
        now(self.poll_accept_std())
    }

    /// An endless stream of accepted connections.
    pub fn incoming(self) -> Incoming {
        Incoming::new(self)
    }

    /// The address that the listener is bound to.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// The time to live of the packets of accepted connections.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.ttl()
    }

    /// Sets the time to live of the packets of accepted connections.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_ttl(ttl)
    }
}

impl From<minato::net::TcpListener> for TcpListener {
    fn from(inner: minato::net::TcpListener) -> Self {
        Self::on(inner, &Handle::default())
    }
}

impl From<TcpListener> for minato::net::TcpListener {
    fn from(listener: TcpListener) -> Self {
        listener.inner
    }
}

impl AsRawFd for TcpListener {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
