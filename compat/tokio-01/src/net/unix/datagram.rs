//! A Unix datagram socket.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::SocketAddr;
use std::path::Path;

use futures::Poll;
use minato::io::ReadBuf;

use super::{RecvDgram, SendDgram};
use crate::net::waits::Waits;
use crate::reactor::Handle;

/// A Unix datagram socket.
///
/// ```
/// use futures::Future;
/// use tokio::net::UnixDatagram;
///
/// # let directory = tempfile::tempdir()?;
/// let (here, there) = (directory.path().join("ship"), directory.path().join("harbour"));
/// let (ship, harbour) = (UnixDatagram::bind(&here)?, UnixDatagram::bind(&there)?);
///
/// ship.send_dgram(b"ahoy", &there).wait()?;
/// let (_harbour, buf, len, from) = harbour.recv_dgram([0; 64]).wait()?;
/// assert_eq!((&buf[..len], from.as_str()), (&b"ahoy"[..], here.to_str().unwrap()));
/// # std::io::Result::Ok(())
/// ```
pub struct UnixDatagram {
    // Before the socket, so that its events of mio 0.6 end while its descriptor is open.
    pub(super) waits: Waits,
    pub(super) inner: minato::net::UnixDatagram,
}

impl UnixDatagram {
    /// Binds a socket to `path`, which must not exist yet and stays behind.
    ///
    /// # Errors
    ///
    /// The system's: the path exists, may not be written or is too long.
    #[track_caller]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        minato::net::UnixDatagram::bind(path).map(Self::from)
    }

    /// Two sockets that are connected to each other.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors.
    #[track_caller]
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, two) = minato::net::UnixDatagram::pair()?;
        Ok((Self::from(one), Self::from(two)))
    }

    /// Takes a socket of std's over, for the reactor of `handle`; makes it non-blocking.
    ///
    /// # Errors
    ///
    /// When the descriptor is not a Unix datagram socket.
    #[track_caller]
    pub fn from_std(
        datagram: std::os::unix::net::UnixDatagram,
        handle: &Handle,
    ) -> io::Result<Self> {
        let inner = match handle.named() {
            Some(named) => minato::net::UnixDatagram::from_std_on(named, datagram)?,
            None => minato::net::UnixDatagram::from_std(datagram)?,
        };
        Ok(Self::on(inner, handle))
    }

    fn on(inner: minato::net::UnixDatagram, handle: &Handle) -> Self {
        Self { waits: Waits::on(handle), inner }
    }

    /// Opens a socket without an address, which nobody can send to.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors.
    #[track_caller]
    pub fn unbound() -> io::Result<Self> {
        minato::net::UnixDatagram::unbound().map(Self::from)
    }

    /// Gives the socket a peer: [`poll_send`](Self::poll_send) sends to it, and only its datagrams
    /// are received.
    ///
    /// # Errors
    ///
    /// The system's: no such path, nobody bound there, not allowed.
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.inner.connect(path)
    }

    /// The address that the socket is bound to.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr().map(Into::into)
    }

    /// The address of the peer.
    ///
    /// # Errors
    ///
    /// `NotConnected` if there is none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr().map(Into::into)
    }

    /// Receives one datagram; returns how many bytes of it are in `buf`, and who sent it. What does
    /// not fit is lost.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Panics
    ///
    /// Outside a task, when it would have to wait.
    pub fn poll_recv_from(&self, buf: &mut [u8]) -> Poll<(usize, SocketAddr), io::Error> {
        let mut buf = ReadBuf::new(buf);
        let polled = self.waits.read(|cx| self.inner.poll_recv_from(cx, &mut buf))?;
        Ok(polled.map(|from| (buf.filled().len(), from.into())))
    }

    /// Receives one datagram; returns how many bytes of it are in `buf`. What does not fit is lost.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Panics
    ///
    /// Outside a task, when it would have to wait.
    pub fn poll_recv(&self, buf: &mut [u8]) -> Poll<usize, io::Error> {
        let mut buf = ReadBuf::new(buf);
        let polled = self.waits.read(|cx| self.inner.poll_recv(cx, &mut buf))?;
        Ok(polled.map(|()| buf.filled().len()))
    }

    /// Receives one datagram into `buf`, by value: gives the socket and the buffer back, with how
    /// many bytes of the datagram are in the buffer and the path of who sent it. The path is empty
    /// if the sender has none, or one that is not UTF-8. What does not fit is lost.
    ///
    /// # Errors
    ///
    /// The future's: the system's. [`RecvDgram::into_parts`] then has the socket and the buffer.
    pub fn recv_dgram<T: AsMut<[u8]>>(self, buf: T) -> RecvDgram<T> {
        RecvDgram::new(self, buf)
    }

    /// Sends `buf` as one datagram to the socket at `path`; returns its length in bytes.
    ///
    /// # Errors
    ///
    /// The system's: no such path, nobody bound there, not allowed, the datagram is too long.
    ///
    /// # Panics
    ///
    /// Outside a task, when it would have to wait.
    pub fn poll_send_to<P: AsRef<Path>>(&self, buf: &[u8], path: P) -> Poll<usize, io::Error> {
        self.waits.write(|cx| self.inner.poll_send_to(cx, buf, path))
    }

    /// Sends `buf` as one datagram to the peer; returns its length in bytes.
    ///
    /// # Errors
    ///
    /// The system's: the socket is not connected, the datagram is too long.
    ///
    /// # Panics
    ///
    /// Outside a task, when it would have to wait.
    pub fn poll_send(&self, buf: &[u8]) -> Poll<usize, io::Error> {
        self.waits.write(|cx| self.inner.poll_send(cx, buf))
    }

    /// Sends `buf` as one datagram to the socket at `path`, by value: gives the socket and the
    /// buffer back.
    ///
    /// # Errors
    ///
    /// The future's: the system's, and `Other` if the datagram was sent only in part.
    /// [`SendDgram::into_parts`] then has everything.
    pub fn send_dgram<T, P>(self, buf: T, path: P) -> SendDgram<T, P>
    where
        T: AsRef<[u8]>,
        P: AsRef<Path>,
    {
        SendDgram::new(self, buf, path)
    }

    /// The error that waits on the socket, which is taken by asking.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error()
    }

    /// Ends receiving, sending or both.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown_half(how)
    }
}

impl From<minato::net::UnixDatagram> for UnixDatagram {
    fn from(inner: minato::net::UnixDatagram) -> Self {
        Self::on(inner, &Handle::default())
    }
}

impl From<UnixDatagram> for minato::net::UnixDatagram {
    fn from(socket: UnixDatagram) -> Self {
        socket.inner
    }
}

impl AsRawFd for UnixDatagram {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
