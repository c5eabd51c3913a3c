//! Sending one datagram by value.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::UdpSocket;
use crate::io::owned::Parts;

/// The future of [`UdpSocket::send_dgram`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct SendDgram<T> {
    parts: Parts<(UdpSocket, T)>,
    target: SocketAddr,
}

impl<T> SendDgram<T> {
    pub(super) fn new(socket: UdpSocket, buf: T, target: SocketAddr) -> Self {
        Self { parts: Parts::new("SendDgram", (socket, buf)), target }
    }

    /// The socket and the buffer, which was not sent; `None` after success.
    pub fn into_parts(self) -> Option<(UdpSocket, T)> {
        self.parts.into_inner()
    }
}

impl<T: AsRef<[u8]>> Future for SendDgram<T> {
    type Output = io::Result<(UdpSocket, T)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let target = self.target;
        let (socket, buf) = self.parts.get_mut();
        let buf = buf.as_ref();
        let sent = ready!(socket.poll_send_to(cx, buf, target))?;
        if sent < buf.len() {
            let text = format!("only {sent} of the {} bytes of a datagram were sent", buf.len());
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::WriteZero, text)));
        }
        Poll::Ready(Ok(self.parts.take()))
    }
}

impl<T> fmt::Debug for SendDgram<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendDgram").field("target", &self.target).finish_non_exhaustive()
    }
}
