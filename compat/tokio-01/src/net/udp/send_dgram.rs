//! Sending one datagram by value.

use std::io;
use std::net::SocketAddr;

use futures::{Async, Future, Poll, try_ready};

use super::{Parts, UdpSocket};

/// A datagram that is being sent, from [`UdpSocket::send_dgram`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct SendDgram<T> {
    parts: Option<Parts<T>>,
    to: SocketAddr,
}

impl<T> SendDgram<T> {
    pub(super) fn new(socket: UdpSocket, buffer: T, to: SocketAddr) -> Self {
        Self { parts: Some(Parts { socket, buffer }), to }
    }

    /// Gives up, or gets over an error: the socket and the buffer. Tokio 0.1 dropped them.
    ///
    /// # Panics
    ///
    /// When the datagram was sent.
    pub fn into_parts(self) -> Parts<T> {
        self.parts.expect("into_parts called after completion")
    }
}

impl<T: AsRef<[u8]>> Future for SendDgram<T> {
    type Item = (UdpSocket, T);
    type Error = io::Error;

    fn poll(&mut self) -> Poll<(UdpSocket, T), io::Error> {
        let Some(parts) = &mut self.parts else { panic!("SendDgram polled after completion") };
        let datagram = parts.buffer.as_ref();
        let sent = try_ready!(parts.socket.poll_send_to(datagram, &self.to));
        if sent != datagram.len() {
            return Err(io::Error::other("failed to send entire message in datagram"));
        }
        let Some(Parts { socket, buffer }) = self.parts.take() else { unreachable!("seen above") };
        Ok(Async::Ready((socket, buffer)))
    }
}
