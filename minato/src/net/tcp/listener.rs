//! A listening TCP socket.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use super::backlog::Backlog;
use super::{Incoming, Listen, TcpStream};
use crate::engine::{Direction, Interest};
use crate::net::ToSocketAddrs;
use crate::net::api::{socket_api, std_api};
use crate::net::io::{Done, Waitable};
use crate::net::listener::listener_api;
use crate::net::options::socket_options;
use crate::net::socket::Socket;
use crate::os::Address;
use crate::reactor::Handle;

/// A TCP socket that listens for connections.
///
/// # Examples
///
/// ```
/// use minato::io::{AsyncReadExt, AsyncWriteExt};
/// use minato::net::{TcpListener, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// pollster::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let mut client = TcpStream::connect(listener.local_addr()?).await?;
///     let (mut server, _) = listener.accept().await?;
///     client.write_all(b"hello").await?;
///     let mut buf = [0; 5];
///     server.read_exact(&mut buf).await?;
///     assert_eq!(&buf, b"hello");
///     Ok(())
/// })
/// # }
/// ```
pub struct TcpListener {
    socket: Socket,
    backlog: Backlog,
}

listener_api!(TcpListener, TcpStream, SocketAddr, ip);
socket_api!(TcpListener, SocketAddr, ip);
std_api!(TcpListener, std::net::TcpListener, Tcp);

impl TcpListener {
    /// Listens on the first of the addresses that can be bound, with `SO_REUSEADDR` set and a
    /// backlog of 1024. Port 0 lets the system choose one; see [`local_addr`](Self::local_addr).
    ///
    /// # Errors
    ///
    /// The error of the last address that was tried (port in use, privileged, not an address of
    /// this host), or that of the look-up.
    #[track_caller]
    pub fn bind<A: ToSocketAddrs>(address: A) -> impl Future<Output = io::Result<Self>> {
        Listen::new().bind(address)
    }

    /// Like [`bind`](Self::bind), with the listener and the connections that it accepts bound to
    /// the reactor of `handle`.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    #[track_caller]
    pub fn bind_on(
        handle: impl Into<Handle>,
        address: impl ToSocketAddrs,
    ) -> impl Future<Output = io::Result<Self>> {
        Listen::new().with_handle(handle).bind(address)
    }

    pub(super) fn from_socket(socket: Socket) -> Self {
        Self { socket, backlog: Backlog::default() }
    }

    /// One accept. Unless more are known to wait, the reactor is asked for what else is in the
    /// queue, which is far cheaper than an accept that finds nothing.
    fn accept_once(&self) -> io::Result<(Socket, Address)> {
        let snapshot = self.socket.registration().snapshot();
        let accepted = self.socket.accept().inspect_err(|_| self.backlog.is_empty())?;
        if snapshot.is_some() && !self.backlog.is_more(|| self.socket.os()?.waiting_connections()) {
            self.socket.rearm(snapshot);
        }
        Ok(accepted)
    }
}

socket_options!(TcpListener: ttl);
