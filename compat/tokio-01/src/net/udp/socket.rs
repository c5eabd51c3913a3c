//! A UDP socket.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};

use futures::Poll;
use minato::io::ReadBuf;
use minato::net::udp::Received;

use super::{RecvDgram, SendDgram};
use crate::io::now;
use crate::net::at_once;
use crate::net::waits::Waits;
use crate::reactor::Handle;

/// A UDP socket.
///
/// ```
/// use futures::Future;
/// use tokio::net::UdpSocket;
///
/// let loopback = "127.0.0.1:0".parse().unwrap();
/// let (harbour, ship) = (UdpSocket::bind(&loopback)?, UdpSocket::bind(&loopback)?);
///
/// let (ship, _) = ship.send_dgram(b"ahoy", &harbour.local_addr()?).wait()?;
/// let (_harbour, buf, len, from) = harbour.recv_dgram([0; 64]).wait()?;
/// assert_eq!((&buf[..len], from), (&b"ahoy"[..], ship.local_addr()?));
/// # std::io::Result::Ok(())
/// ```
pub struct UdpSocket {
    // Before the socket, so that its events of mio 0.6 end while its descriptor is open.
    pub(super) waits: Waits,
    pub(super) inner: minato::net::UdpSocket,
}

impl UdpSocket {
    /// Binds a socket to `addr`. Port 0 lets the system choose one; see
    /// [`local_addr`](Self::local_addr).
    ///
    /// # Errors
    ///
    /// The system's: the port is in use or privileged, or the address is not one of this host.
    #[track_caller]
    pub fn bind(addr: &SocketAddr) -> io::Result<Self> {
        at_once(minato::net::UdpSocket::bind(*addr)).map(Self::from)
    }

    /// Takes a socket of std's over, for the reactor of `handle`; makes it non-blocking.
    ///
    /// # Errors
    ///
    /// When the descriptor is not a UDP socket.
    #[track_caller]
    pub fn from_std(socket: std::net::UdpSocket, handle: &Handle) -> io::Result<Self> {
        let inner = match handle.named() {
            Some(named) => minato::net::UdpSocket::from_std_on(named, socket)?,
            None => minato::net::UdpSocket::from_std(socket)?,
        };
        Ok(Self::on(inner, handle))
    }

    fn on(inner: minato::net::UdpSocket, handle: &Handle) -> Self {
        Self { waits: Waits::on(handle), inner }
    }

    /// The address that the socket is bound to.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Gives the socket a peer: [`poll_send`](Self::poll_send) sends to it, and only its datagrams
    /// are received.
    ///
    /// # Errors
    ///
    /// The system's: an address of another family, no route.
    pub fn connect(&self, addr: &SocketAddr) -> io::Result<()> {
        at_once(self.inner.connect(*addr))
    }

    /// Sends `buf` as one datagram to the peer; returns its length in bytes.
    ///
    /// # Errors
    ///
    /// The system's: the socket is not connected, the datagram is too long, nobody receives there.
    ///
    /// # Panics
    ///
    /// Outside a task, when it would have to wait.
    pub fn poll_send(&mut self, buf: &[u8]) -> Poll<usize, io::Error> {
        self.waits.write(|cx| self.inner.poll_send(cx, buf))
    }

    /// Receives one datagram from the peer; returns how many bytes of it are in `buf`. What does
    /// not fit is lost.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Panics
    ///
    /// Outside a task, when it would have to wait.
    pub fn poll_recv(&mut self, buf: &mut [u8]) -> Poll<usize, io::Error> {
        let mut buf = ReadBuf::new(buf);
        let polled = self.waits.read(|cx| self.inner.poll_recv(cx, &mut buf))?;
        Ok(polled.map(|()| buf.filled().len()))
    }

    /// Sends `buf` as one datagram to `target`; returns its length in bytes.
    ///
    /// # Errors
    ///
    /// The system's: an address of another family, the datagram is too long, no route.
    ///
    /// # Panics
    ///
    /// Outside a task, when it would have to wait.
    pub fn poll_send_to(&mut self, buf: &[u8], target: &SocketAddr) -> Poll<usize, io::Error> {
        self.waits.write(|cx| self.inner.poll_send_to(cx, buf, *target))
    }

    /// Receives one datagram; returns how many bytes of it are in `buf`, and who sent it. What does
    /// not fit is lost; [`poll_recv_dgram_from`](Self::poll_recv_dgram_from) tells whether.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Panics
    ///
    /// Outside a task, when it would have to wait.
    pub fn poll_recv_from(&mut self, buf: &mut [u8]) -> Poll<(usize, SocketAddr), io::Error> {
        let received = self.poll_recv_dgram_from(buf)?;
        Ok(received.map(|received| (received.len, received.from)))
    }

    /// Receives one datagram; returns what is known of it, with whether it was longer than `buf`.
    ///
    /// Tokio 0.1 has no such method: there, nobody is told.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Panics
    ///
    /// Outside a task, when it would have to wait.
    pub fn poll_recv_dgram_from(&mut self, buf: &mut [u8]) -> Poll<Received, io::Error> {
        self.waits.read(|cx| self.inner.poll_recv_dgram_from(cx, &mut ReadBuf::new(buf)))
    }

    /// Sends `buf` as one datagram to `addr`, by value: gives the socket and the buffer back.
    ///
    /// # Errors
    ///
    /// The future's: the system's, and `Other` if the datagram was sent only in part.
    /// [`SendDgram::into_parts`] then has the socket and the buffer.
    pub fn send_dgram<T: AsRef<[u8]>>(self, buf: T, addr: &SocketAddr) -> SendDgram<T> {
        SendDgram::new(self, buf, *addr)
    }

    /// Receives one datagram into `buf`, by value: gives the socket and the buffer back, with how
    /// many bytes of the datagram are in the buffer and who sent it. What does not fit is lost.
    ///
    /// # Errors
    ///
    /// The future's: the system's. [`RecvDgram::into_parts`] then has the socket and the buffer.
    pub fn recv_dgram<T: AsMut<[u8]>>(self, buf: T) -> RecvDgram<T> {
        RecvDgram::new(self, buf)
    }

    /// As [`poll_send`](Self::poll_send), with an error `WouldBlock` instead of `NotReady`.
    ///
    /// # Errors
    ///
    /// As [`poll_send`](Self::poll_send).
    #[doc(hidden)]
    #[deprecated(since = "0.1.2", note = "use poll_send instead")]
    pub fn send(&mut self, buf: &[u8]) -> io::Result<usize> {
        now(self.poll_send(buf))
    }

    /// As [`poll_recv`](Self::poll_recv), with an error `WouldBlock` instead of `NotReady`.
    ///
    /// # Errors
    ///
    /// As [`poll_recv`](Self::poll_recv).
    #[doc(hidden)]
    #[deprecated(since = "0.1.2", note = "use poll_recv instead")]
    pub fn recv(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        now(self.poll_recv(buf))
    }

    /// As [`poll_send_to`](Self::poll_send_to), with an error `WouldBlock` instead of `NotReady`.
    ///
    /// # Errors
    ///
    /// As [`poll_send_to`](Self::poll_send_to).
    #[doc(hidden)]
    #[deprecated(since = "0.1.2", note = "use poll_send_to instead")]
    pub fn send_to(&mut self, buf: &[u8], target: &SocketAddr) -> io::Result<usize> {
        now(self.poll_send_to(buf, target))
    }

    /// As [`poll_recv_from`](Self::poll_recv_from), with an error `WouldBlock` instead of
    /// `NotReady`.
    ///
    /// # Errors
    ///
    /// As [`poll_recv_from`](Self::poll_recv_from).
    #[doc(hidden)]
    #[deprecated(since = "0.1.2", note = "use poll_recv_from instead")]
    pub fn recv_from(&mut self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        now(self.poll_recv_from(buf))
    }
}

impl From<minato::net::UdpSocket> for UdpSocket {
    fn from(inner: minato::net::UdpSocket) -> Self {
        Self::on(inner, &Handle::default())
    }
}

impl From<UdpSocket> for minato::net::UdpSocket {
    fn from(socket: UdpSocket) -> Self {
        socket.inner
    }
}

impl AsRawFd for UdpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
