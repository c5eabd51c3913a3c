//! A Unix connection.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::SocketAddr;
use std::path::Path;

use bytes::Buf;
use futures::Poll;

use super::{ConnectFuture, UCred};
use crate::io::{AsyncRead, AsyncWrite, now};
use crate::net::stream_io::{self, stream_io};
use crate::net::waits::Waits;
use crate::reactor::Handle;

/// A Unix connection.
///
/// It is read and written by the traits [`AsyncRead`] and [`AsyncWrite`], which a reference to it
/// has as well, and by the functions in [`io`](crate::io). Dropping it closes the connection.
///
/// ```
/// use futures::Future;
/// use tokio::io;
/// use tokio::net::UnixStream;
///
/// let (one, two) = UnixStream::pair()?;
/// let writing = io::write_all(one, b"ahoy");
/// let ((_, buf), _) = io::read_exact(two, [0; 4]).join(writing).wait()?;
/// assert_eq!(&buf, b"ahoy");
/// # std::io::Result::Ok(())
/// ```
pub struct UnixStream {
    // Before the socket, so that its events of mio 0.6 end while its descriptor is open.
    pub(super) waits: Waits,
    pub(super) inner: minato::net::UnixStream,
}

stream_io!(UnixStream);
stream_io!(&UnixStream);

impl UnixStream {
    /// Connects to the listener at `path`, which is tried at once; the future waits while the
    /// listener's queue is full.
    #[track_caller]
    pub fn connect<P: AsRef<Path>>(path: P) -> ConnectFuture {
        ConnectFuture::begin(path.as_ref().to_path_buf())
    }

    /// Takes a connection of std's over, for the reactor of `handle`; makes it non-blocking.
    ///
    /// # Errors
    ///
    /// When the descriptor is not a Unix stream socket.
    #[track_caller]
    pub fn from_std(stream: std::os::unix::net::UnixStream, handle: &Handle) -> io::Result<Self> {
        let inner = match handle.named() {
            Some(named) => minato::net::UnixStream::from_std_on(named, stream)?,
            None => minato::net::UnixStream::from_std(stream)?,
        };
        Ok(Self::on(inner, handle))
    }

    fn on(inner: minato::net::UnixStream, handle: &Handle) -> Self {
        Self { waits: Waits::on(handle), inner }
    }

    /// A connection that was accepted, which is free to find a reactor even if its listener was
    /// given one.
    pub(super) fn accepted(stream: minato::net::UnixStream, is_bound: bool) -> io::Result<Self> {
        let stream = match is_bound {
            true => minato::net::UnixStream::from_std(stream.into_std()?)?,
            false => stream,
        };
        Ok(Self::from(stream))
    }

    /// Two streams that are connected to each other.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors.
    #[track_caller]
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, two) = minato::net::UnixStream::pair()?;
        Ok((Self::from(one), Self::from(two)))
    }

    /// The local address.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr().map(Into::into)
    }

    /// The peer's address.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr().map(Into::into)
    }

    /// The user and the group of the peer, as they were when it connected or listened.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn peer_cred(&self) -> io::Result<UCred> {
        let peer = self.inner.peer_cred()?;
        Ok(UCred { uid: peer.uid(), gid: peer.gid() })
    }

    /// The error that waits on the socket, which is taken by asking.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error()
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
}

impl From<minato::net::UnixStream> for UnixStream {
    fn from(inner: minato::net::UnixStream) -> Self {
        Self::on(inner, &Handle::default())
    }
}

impl From<UnixStream> for minato::net::UnixStream {
    fn from(stream: UnixStream) -> Self {
        stream.inner
    }
}

impl AsRawFd for UnixStream {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
