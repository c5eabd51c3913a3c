//! Sending many datagrams by value.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{Transmit, UdpSocket};
use crate::io::owned::Parts;

/// The future of [`UdpSocket::send_dgrams`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct SendDgrams<T> {
    /// The last is how many bytes were sent.
    parts: Parts<(UdpSocket, Transmit<T>, usize)>,
}

impl<T> SendDgrams<T> {
    pub(super) fn new(socket: UdpSocket, transmit: Transmit<T>) -> Self {
        Self { parts: Parts::new("SendDgrams", (socket, transmit, 0)) }
    }

    /// The socket, the transmit, and how many bytes of its contents were sent; `None` after
    /// success.
    pub fn into_parts(self) -> Option<(UdpSocket, Transmit<T>, usize)> {
        self.parts.into_inner()
    }
}

impl<T: AsRef<[u8]>> Future for SendDgrams<T> {
    type Output = io::Result<(UdpSocket, Transmit<T>)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let (socket, transmit, sent) = self.parts.get_mut();
            let rest = transmit.rest(*sent);
            let len = ready!(socket.poll_send_batch(cx, &rest))?;
            *sent += len;
            if len == rest.contents.len() {
                let (socket, transmit, _) = self.parts.take();
                return Poll::Ready(Ok((socket, transmit)));
            }
        }
    }
}

impl<T> fmt::Debug for SendDgrams<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendDgrams").finish_non_exhaustive()
    }
}
