//! A UDP socket.

use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::panic::Location;
use std::task::{Context, Poll};

use bytes::BufMut;

use super::Received;
use crate::engine::{Direction, Interest, Readiness};
use crate::io::{Lent, ReadBuf};
use crate::net::ToSocketAddrs;
use crate::net::address::{first_ok, to_socket_addrs};
use crate::net::api::{socket_api, std_api};
use crate::net::datagram::datagram_api;
use crate::net::forms::forms;
use crate::net::io::Waitable;
use crate::net::options::socket_options;
use crate::net::socket::{Socket, StreamVerbs};
use crate::os::{Address, Family, Transport};
use crate::reactor::Handle;

/// A UDP socket.
///
/// It sends to any address with [`send_to`](Self::send_to) and receives from any with
/// [`recv_from`](Self::recv_from). After [`connect`](Self::connect) it has one peer:
/// [`send`](Self::send) sends to it, only its datagrams are received, and the news that nobody
/// receives there comes out as an error, once.
///
/// Every method takes `&self`: a socket shared by reference, or in an [`Arc`](std::sync::Arc), can
/// be sent to and received from by several tasks at a time.
///
/// # Examples
///
/// ```
/// use minato::net::UdpSocket;
///
/// # fn main() -> std::io::Result<()> {
/// # pollster::block_on(async {
/// let harbour = UdpSocket::bind("127.0.0.1:0").await?;
/// let ship = UdpSocket::bind("127.0.0.1:0").await?;
///
/// ship.send_to(b"ahoy", harbour.local_addr()?).await?;
/// let mut buf = [0; 1500];
/// let (len, from) = harbour.recv_from(&mut buf).await?;
/// assert_eq!(&buf[..len], b"ahoy");
/// assert_eq!(from, ship.local_addr()?);
/// # Ok(()) })
/// # }
/// ```
pub struct UdpSocket {
    pub(super) socket: Socket,
}

socket_options!(
    UdpSocket: broadcast, ttl, send_buffer_size, recv_buffer_size, multicast_loop_v4,
    multicast_ttl_v4, multicast_loop_v6, multicast_if_v4, multicast_if_v6, tos_v4, tos, tclass_v6,
    reuseaddr, reuseport, only_v6, dont_fragment, device
);
datagram_api!(UdpSocket, SocketAddr, ip);
socket_api!(UdpSocket, SocketAddr, ip, peer_addr);
std_api!(
    UdpSocket,
    std::net::UdpSocket,
    Udp,
    "",
    "One that has received in batches ([`recv_batch`](Self::recv_batch)) should be empty:",
    "datagrams that the system has joined by then are lost, or come as one."
);

forms! {
    UdpSocket, READABLE, Read;
    /// Like [`recv_from`](Self::recv_from), and tells whether the datagram was longer than `buf`.
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Self::recv_from).
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is done, no datagram was taken.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use minato::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.send_to(b"a long story", socket.local_addr()?).await?;
    /// let mut buf = [0; 6];
    /// let received = socket.recv_dgram_from(&mut buf).await?;
    /// assert_eq!(&buf[..received.len], b"a long");
    /// assert!(received.truncated);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn recv_dgram_from, poll_recv_dgram_from, try_recv_dgram_from(
        &self, buf: &mut [u8]
    ) -> Received {
        self.receive_dgram(&mut ReadBuf::new(buf))
    }
    poll (buf: &mut ReadBuf<'_>) -> Received { self.receive_dgram(buf) }
    /// Like [`recv`](Self::recv), but leaves the datagram in the socket.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    fn peek, poll_peek, try_peek(&self, buf: &mut [u8]) -> usize {
        self.socket.receive(&mut ReadBuf::new(buf), true)
    }
    poll (buf: &mut ReadBuf<'_>) -> () { self.socket.receive(buf, true).map(drop) }
    /// Like [`recv_from`](Self::recv_from), but leaves the datagram in the socket.
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Self::recv_from).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    fn peek_from, poll_peek_from, try_peek_from(&self, buf: &mut [u8]) -> (usize, SocketAddr) {
        self.receive_from(&mut ReadBuf::new(buf), true)
    }
    poll (buf: &mut ReadBuf<'_>) -> SocketAddr {
        self.receive_from(buf, true).map(|(_, from)| from)
    }
    /// Waits for a datagram and returns who sent it; leaves it in the socket.
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Self::recv_from).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    fn peek_sender, poll_peek_sender, try_peek_sender(&self) -> SocketAddr {
        self.receive_from(&mut ReadBuf::new(&mut []), true).map(|(_, from)| from)
    }
}

impl UdpSocket {
    /// Binds a socket to the first of the addresses that can be bound. Port 0 lets the system
    /// choose one; see [`local_addr`](Self::local_addr).
    ///
    /// # Errors
    ///
    /// The error of the last address that was tried (port in use, privileged, not an address of
    /// this host), or that of the look-up.
    #[track_caller]
    pub fn bind<A: ToSocketAddrs>(address: A) -> impl Future<Output = io::Result<Self>> {
        Self::bind_any(address, None, Location::caller())
    }

    /// Like [`bind`](Self::bind), bound to the reactor of `handle`.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    #[track_caller]
    pub fn bind_on(
        handle: impl Into<Handle>,
        address: impl ToSocketAddrs,
    ) -> impl Future<Output = io::Result<Self>> {
        Self::bind_any(address, Some(handle.into()), Location::caller())
    }

    async fn bind_any(
        address: impl ToSocketAddrs,
        handle: Option<Handle>,
        place: &'static Location<'static>,
    ) -> io::Result<Self> {
        let bind = |address| {
            let family = Family::from(&address);
            let socket = Socket::open(handle.as_ref(), family, Transport::Udp)?.made_at(place);
            socket.bind(&Address::Ip(address))?;
            Ok(Self { socket })
        };
        first_ok(address, place, |address| ready(bind(address))).await
    }

    /// Opens a socket for IPv4 without an address, to be set up before it is bound by
    /// [`bind_to`](Self::bind_to). The first datagram that it sends binds it to a free port.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors.
    ///
    /// # Examples
    ///
    /// ```
    /// use minato::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let one = UdpSocket::unbound_v4()?;
    /// one.set_reuseport(true)?;
    /// one.bind_to("127.0.0.1:0".parse().unwrap())?;
    /// let another = UdpSocket::unbound_v4()?;
    /// another.set_reuseport(true)?;
    /// another.bind_to(one.local_addr()?)?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn unbound_v4() -> io::Result<Self> {
        Ok(Self { socket: Socket::open(None, Family::V4, Transport::Udp)? })
    }

    /// Like [`unbound_v4`](Self::unbound_v4), for IPv6.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors, or no IPv6.
    #[track_caller]
    pub fn unbound_v6() -> io::Result<Self> {
        Ok(Self { socket: Socket::open(None, Family::V6, Transport::Udp)? })
    }

    /// Binds a socket that has no address yet.
    ///
    /// # Errors
    ///
    /// The system's: the port is in use or privileged, the address is not one of this host or of
    /// another family, or the socket has one already.
    pub fn bind_to(&self, address: SocketAddr) -> io::Result<()> {
        self.socket.bind(&Address::Ip(address))
    }

    /// Gives the socket a peer: the first of the addresses that can be one. No packet is sent.
    /// A second call changes the peer.
    ///
    /// # Errors
    ///
    /// The error of the last address that was tried (of another family, unreachable), or that of
    /// the look-up.
    ///
    /// # Cancel safety
    ///
    /// Only the look-up waits. Dropped before it is done, the peer is as it was.
    #[track_caller]
    pub fn connect<A: ToSocketAddrs>(&self, address: A) -> impl Future<Output = io::Result<()>> {
        let place = Location::caller();
        async move {
            let connect = |address| self.socket.connect(&Address::Ip(address));
            first_ok(address, place, |address| ready(connect(address))).await
        }
    }

    /// Sends `buf` as one datagram to the first address of `target`, waiting for room; returns its
    /// length in bytes. An empty `buf` is sent as an empty datagram.
    ///
    /// # Errors
    ///
    /// The system's: the datagram is too long, the address is of another family or unreachable; or
    /// that of the look-up.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is done, nothing was sent.
    #[track_caller]
    pub fn send_to<A: ToSocketAddrs>(
        &self,
        buf: &[u8],
        target: A,
    ) -> impl Future<Output = io::Result<usize>> {
        let place = Location::caller();
        async move {
            let target = Address::Ip(to_socket_addrs(target, place).await?[0]);
            self.socket.io(Interest::WRITABLE, || self.socket.send_to(buf, &target)).await
        }
    }

    /// The poll form of [`send_to`](Self::send_to). Any number of tasks may wait to send at
    /// a time; as they become more than 8, some are woken early.
    ///
    /// # Errors
    ///
    /// As [`send_to`](Self::send_to).
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        target: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.socket.poll_send_dgram_to(cx, buf, &Address::Ip(target))
    }

    /// Sends `buf` as one datagram to `target`, without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is no room at present; else as [`send_to`](Self::send_to).
    pub fn try_send_to(&self, buf: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.socket.try_send_dgram_to(buf, &Address::Ip(target))
    }

    fn receive_dgram(&self, buf: &mut ReadBuf<'_>) -> io::Result<Received> {
        let (received, from) = self.socket.receive_from(buf, false)?;
        Ok(Received { len: received.len, from: from.ip()?, truncated: received.truncated })
    }
}
