//! Receiving one datagram by value.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{Received, UdpSocket};
use crate::io::ReadBuf;
use crate::io::owned::Parts;

/// The future of [`UdpSocket::recv_dgram`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct RecvDgram<T> {
    parts: Parts<(UdpSocket, T)>,
}

impl<T> RecvDgram<T> {
    pub(super) fn new(socket: UdpSocket, buf: T) -> Self {
        Self { parts: Parts::new("RecvDgram", (socket, buf)) }
    }

    /// The socket and the buffer, into which nothing was received; `None` after success.
    pub fn into_parts(self) -> Option<(UdpSocket, T)> {
        self.parts.into_inner()
    }
}

impl<T: AsMut<[u8]>> Future for RecvDgram<T> {
    type Output = io::Result<(UdpSocket, T, Received)>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let parts = &mut self.get_mut().parts;
        let (socket, buf) = parts.get_mut();
        let mut buf = ReadBuf::new(buf.as_mut());
        let received = ready!(socket.poll_recv_dgram_from(cx, &mut buf))?;
        let (socket, buf) = parts.take();
        Poll::Ready(Ok((socket, buf, received)))
    }
}

impl<T> fmt::Debug for RecvDgram<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvDgram").finish_non_exhaustive()
    }
}
