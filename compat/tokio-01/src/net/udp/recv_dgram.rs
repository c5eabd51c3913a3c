//! Receiving one datagram by value.

use std::io;
use std::net::SocketAddr;

use futures::{Async, Future, Poll, try_ready};

use super::UdpSocket;

/// A datagram that is being received, from [`UdpSocket::recv_dgram`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct RecvDgram<T> {
    parts: Option<Parts<T>>,
}

/// What an operation on a socket was given, from [`RecvDgram::into_parts`] and
/// [`SendDgram::into_parts`](super::SendDgram::into_parts).
#[derive(Debug)]
#[non_exhaustive]
pub struct Parts<T> {
    /// The socket.
    pub socket: UdpSocket,
    /// The buffer.
    pub buffer: T,
}

impl<T> RecvDgram<T> {
    pub(super) fn new(socket: UdpSocket, buffer: T) -> Self {
        Self { parts: Some(Parts { socket, buffer }) }
    }

    /// Gives up, or gets over an error: the socket and the buffer, into which nothing was received.
    ///
    /// # Panics
    ///
    /// When a datagram was received.
    pub fn into_parts(self) -> Parts<T> {
        self.parts.expect("into_parts called after completion")
    }
}

impl<T: AsMut<[u8]>> Future for RecvDgram<T> {
    type Item = (UdpSocket, T, usize, SocketAddr);
    type Error = io::Error;

    fn poll(&mut self) -> Poll<Self::Item, io::Error> {
        let Some(parts) = &mut self.parts else { panic!("RecvDgram polled after completion") };
        let (len, from) = try_ready!(parts.socket.poll_recv_from(parts.buffer.as_mut()));
        let Some(Parts { socket, buffer }) = self.parts.take() else { unreachable!("seen above") };
        Ok(Async::Ready((socket, buffer, len, from)))
    }
}
