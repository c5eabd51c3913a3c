//! Sockets: TCP, UDP and Unix.
//!
//! Each has a future API, by value, and a poll API for futures that are written by hand. The poll
//! methods are to be called within a task of futures 0.1; elsewhere they panic when they would have
//! to wait. All of them work on any thread, with a runtime or without; see
//! [`reactor`](crate::reactor).
//!
//! A socket is Minato's own underneath, and can be moved to its API and back with everything in
//! flight, by `From`. See [`bridge`](crate::bridge).
//!
//! What is different from tokio 0.1, each to the better:
//!
//! * `shutdown` of [`AsyncWrite`](crate::io::AsyncWrite) ends the writing side: the peer sees the
//!   end of the stream. It did nothing in tokio 0.1, so that a proxy which passed an end on by
//!   `io::shutdown` hung.
//! * [`incoming`](TcpListener::incoming) waits while the process is short of descriptors, and skips
//!   connections that were given up in the queue, instead of giving errors that end a `for_each`.
//!   `poll_accept` still gives them.
//! * After an error `into_parts` of `send_dgram` gives the socket and the buffer back, as that of
//!   `recv_dgram` did.
//! * A datagram that decodes to nothing does not end [`UdpFramed`] and [`UnixDatagramFramed`].
//!
//! One thing stays as it was: a datagram that is longer than the buffer it is received into is cut
//! off, and the 0.1 signatures have no place to tell.
//! [`UdpSocket::poll_recv_dgram_from`] tells, and so does the socket of Minato.

mod framing;
mod stream_io;
pub mod tcp;
pub mod udp;
pub mod unix;
mod waits;

pub use self::tcp::{TcpListener, TcpStream};
pub use self::udp::{UdpFramed, UdpSocket};
pub use self::unix::{UnixDatagram, UnixDatagramFramed, UnixListener, UnixStream};

#[doc(hidden)]
#[deprecated(note = "use `tokio::net::tcp::ConnectFuture` instead")]
pub type ConnectFuture = tcp::ConnectFuture;

#[doc(hidden)]
#[deprecated(note = "use `tokio::net::tcp::Incoming` instead")]
pub type Incoming = tcp::Incoming;

#[doc(hidden)]
#[deprecated(note = "use `tokio::net::udp::RecvDgram` instead")]
pub type RecvDgram<T> = udp::RecvDgram<T>;

#[doc(hidden)]
#[deprecated(note = "use `tokio::net::udp::SendDgram` instead")]
pub type SendDgram<T> = udp::SendDgram<T>;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// The result of a future that has nothing to wait for.
fn at_once<T>(future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

/// The size of a socket's buffer, or the largest that can be asked for.
fn buffer_size(bytes: usize) -> u32 {
    const LARGEST: u32 = i32::MAX as u32;
    u32::try_from(bytes).unwrap_or(LARGEST).min(LARGEST)
}
