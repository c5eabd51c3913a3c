//! A listening Unix socket, and the stream of the connections that it accepts.

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::SocketAddr;
use std::path::Path;

use futures::{Async, Poll, Stream, try_ready};

use super::UnixStream;
use crate::net::waits::Waits;
use crate::reactor::Handle;

/// A Unix socket that listens for connections.
///
/// ```
/// use futures::{Future, Stream};
/// use tokio::net::{UnixListener, UnixStream};
///
/// # let directory = tempfile::tempdir()?;
/// let path = directory.path().join("harbour");
/// let listener = UnixListener::bind(&path)?;
/// let client = UnixStream::connect(&path).wait()?;
/// let server = listener.incoming().wait().next().unwrap()?;
/// assert_eq!(client.peer_cred()?, server.peer_cred()?);
/// # std::io::Result::Ok(())
/// ```
pub struct UnixListener {
    // Before the socket, so that its events of mio 0.6 end while its descriptor is open.
    pub(super) waits: Waits,
    pub(super) inner: minato::net::UnixListener,
    /// Whether it was given a reactor, which the connections that it accepts do not share.
    has_handle: bool,
}

impl UnixListener {
    /// Listens at `path`, which must not exist yet and stays behind.
    ///
    /// # Errors
    ///
    /// The system's: the path exists, may not be written or is too long.
    #[track_caller]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        minato::net::UnixListener::bind(path).map(Self::from)
    }

    /// Takes a listener of std's over, for the reactor of `handle`; makes it non-blocking.
    ///
    /// # Errors
    ///
    /// When the descriptor is not a Unix stream socket.
    #[track_caller]
    pub fn from_std(
        listener: std::os::unix::net::UnixListener,
        handle: &Handle,
    ) -> io::Result<Self> {
        let inner = match handle.named() {
            Some(named) => minato::net::UnixListener::from_std_on(named, listener)?,
            None => minato::net::UnixListener::from_std(listener)?,
        };
        Ok(Self::on(inner, handle))
    }

    fn on(inner: minato::net::UnixListener, handle: &Handle) -> Self {
        Self { waits: Waits::on(handle), inner, has_handle: handle.named().is_some() }
    }

    /// The address that the listener is bound to.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr().map(Into::into)
    }

    /// The error that waits on the socket, which is taken by asking.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error()
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
    pub fn poll_accept(&self) -> Poll<(UnixStream, SocketAddr), io::Error> {
        let (stream, from) = try_ready!(self.waits.read(|cx| self.inner.poll_accept(cx)));
        Ok(Async::Ready((UnixStream::accepted(stream, self.has_handle)?, from.into())))
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
    pub fn poll_accept_std(&self) -> Poll<(std::os::unix::net::UnixStream, SocketAddr), io::Error> {
        let (stream, from) = try_ready!(self.waits.read(|cx| self.inner.poll_accept(cx)));
        Ok(Async::Ready((stream.into_std()?, from.into())))
    }

    /// An endless stream of accepted connections.
    pub fn incoming(self) -> Incoming {
        let Self { inner, waits, has_handle } = self;
        Incoming { inner: inner.incoming(), waits, has_handle }
    }
}

impl From<minato::net::UnixListener> for UnixListener {
    fn from(inner: minato::net::UnixListener) -> Self {
        Self::on(inner, &Handle::default())
    }
}

impl From<UnixListener> for minato::net::UnixListener {
    fn from(listener: UnixListener) -> Self {
        listener.inner
    }
}

impl AsRawFd for UnixListener {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}

impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// An endless stream of accepted connections, from [`UnixListener::incoming`].
///
/// It survives what passes, as that of TCP does ([`tcp::Incoming`](crate::net::tcp::Incoming)).
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Incoming {
    inner: minato::net::unix::Incoming,
    waits: Waits,
    has_handle: bool,
}

impl Stream for Incoming {
    type Item = UnixStream;
    type Error = io::Error;

    fn poll(&mut self) -> Poll<Option<UnixStream>, io::Error> {
        let Self { inner, waits, has_handle } = self;
        let accepted = try_ready!(waits.read(|cx| inner.poll_next_connection(cx)));
        Ok(Async::Ready(Some(UnixStream::accepted(accepted, *has_handle)?)))
    }
}
