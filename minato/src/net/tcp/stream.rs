//! A TCP connection.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsFd;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BufMut;

use super::{TcpInfo, TcpKeepalive, connect};
use crate::engine::{Direction, Interest, Readiness};
use crate::io::{AsyncRead, AsyncWrite, Lent, ReadBuf};
use crate::net::api::{socket_api, std_api};
use crate::net::halves::{
    self, BorrowedReadHalf, BorrowedWriteHalf, OwnedReadHalf, OwnedWriteHalf, SplitStream,
};
use crate::net::io::Waitable;
use crate::net::options::{set_keepalive_times, socket_options};
use crate::net::socket::{Socket, StreamVerbs, no_descriptor};
use crate::net::stream::stream_api;
use crate::net::{Direct, SendFile, ToSocketAddrs};
use crate::os::{OptionName, OptionValue};
use crate::reactor::Handle;

/// A TCP connection.
///
/// Reading and writing are in [`AsyncReadExt`](crate::io::AsyncReadExt) and
/// [`AsyncWriteExt`](crate::io::AsyncWriteExt), and for futures written by hand in
/// [`AsyncRead`] and [`AsyncWrite`]. A read or write that is not ready binds the connection to a
/// reactor, once; see [`reactor`](crate::reactor).
///
/// Dropping it closes the connection. If bytes that arrived were not read, the peer may see a
/// reset instead of the end of the stream; that is TCP's rule.
///
/// # Examples
///
/// ```
/// use minato::io::{AsyncReadExt, AsyncWriteExt};
/// use minato::net::{TcpListener, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// # pollster::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let mut client = TcpStream::connect(listener.local_addr()?).await?;
/// let (mut server, from) = listener.accept().await?;
/// assert_eq!(from, client.local_addr()?);
///
/// client.write_all(b"ping").await?;
/// client.shutdown().await?;
/// let mut all = Vec::new();
/// server.read_to_end(&mut all).await?;
/// assert_eq!(all, b"ping");
/// # Ok(()) })
/// # }
/// ```
pub struct TcpStream {
    socket: Socket,
}

stream_api!(TcpStream, SocketAddr);
socket_options!(TcpStream: nodelay, linger, ttl, send_buffer_size, recv_buffer_size);

/// What Linux has and others lack.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod on_linux {
    use super::{TcpStream, socket_options};

    socket_options!(TcpStream: quickack);
}

socket_api!(TcpStream, SocketAddr, ip, peer_addr);
std_api!(TcpStream, std::net::TcpStream, Tcp);

impl TcpStream {
    /// Connects to the first of the addresses that answers.
    ///
    /// # Errors
    ///
    /// The error of the last address that was tried (refused, unreachable, timed out), or that of
    /// the look-up.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the attempt up.
    #[track_caller]
    pub fn connect<A: ToSocketAddrs>(address: A) -> impl Future<Output = io::Result<Self>> {
        connect::connect_any(address, None, Location::caller())
    }

    /// Like [`connect`](Self::connect), bound to the reactor of `handle`.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    #[track_caller]
    pub fn connect_on(
        handle: impl Into<Handle>,
        address: impl ToSocketAddrs,
    ) -> impl Future<Output = io::Result<Self>> {
        connect::connect_any(address, Some(handle.into()), Location::caller())
    }

    /// Reads without taking what is read out of the stream; 0 is the end of the stream.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.peek(buf).await
    }

    /// The poll form of [`peek`](Self::peek); returns how many bytes were put into `buf`.
    ///
    /// # Errors
    ///
    /// As [`peek`](Self::peek).
    pub fn poll_peek(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        self.socket.poll_peek(cx, buf)
    }

    /// What the system knows of the connection: times, windows, and how much was sent, received
    /// and lost. One system call.
    ///
    /// ```
    /// use minato::io::{AsyncReadExt, AsyncWriteExt};
    /// use minato::net::{TcpListener, TcpStream};
    ///
    /// # minato::run(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let mut client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (mut server, _) = listener.accept().await?;
    /// client.write_all(b"hello").await?;
    /// server.read_exact(&mut [0; 5]).await?;
    ///
    /// let info = client.info()?;
    /// assert_eq!((info.bytes_sent, info.bytes_retrans), (5, 0));
    /// assert_eq!(server.info()?.bytes_received, 5);
    /// println!("{:?} there and back, {} segments may be under way", info.rtt, info.snd_cwnd);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// `Unsupported` on systems other than Linux, before Linux 4.19, and on a simulated host.
    pub fn info(&self) -> io::Result<TcpInfo> {
        let Some(socket) = self.socket.os() else { return Err(no_descriptor("TCP_INFO")) };
        Ok(TcpInfo::from_words(&socket.tcp_info()?))
    }

    /// Whether an idle connection is probed.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn keepalive(&self) -> io::Result<bool> {
        self.socket.option(OptionName::KeepAlive)?.try_into()
    }

    /// How long the connection is idle before the first probe, whether it is probed or not.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn keepalive_time(&self) -> io::Result<Option<Duration>> {
        self.socket.option(OptionName::KeepAliveTime)?.try_into()
    }

    /// Has an idle connection probed at the given times, or not probed.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a time below a second; else the system's.
    pub fn set_keepalive(&self, keepalive: Option<&TcpKeepalive>) -> io::Result<()> {
        match keepalive {
            Some(keepalive) => set_keepalive_times(&self.socket, keepalive),
            None => self.socket.set_by_name(OptionName::KeepAlive, OptionValue::Flag(false)),
        }
    }
}
