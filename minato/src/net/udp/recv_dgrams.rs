//! Receiving many datagrams by value.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{RecvBatch, UdpSocket};
use crate::io::owned::Parts;

/// The future of [`UdpSocket::recv_dgrams`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct RecvDgrams {
    parts: Parts<(UdpSocket, RecvBatch)>,
}

impl RecvDgrams {
    pub(super) fn new(socket: UdpSocket, batch: RecvBatch) -> Self {
        Self { parts: Parts::new("RecvDgrams", (socket, batch)) }
    }

    /// The socket and the batch, into which nothing was received; `None` after success.
    pub fn into_parts(self) -> Option<(UdpSocket, RecvBatch)> {
        self.parts.into_inner()
    }
}

impl Future for RecvDgrams {
    type Output = io::Result<(UdpSocket, RecvBatch)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (socket, batch) = self.parts.get_mut();
        ready!(socket.poll_recv_batch(cx, batch))?;
        Poll::Ready(Ok(self.parts.take()))
    }
}

impl fmt::Debug for RecvDgrams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvDgrams").finish_non_exhaustive()
    }
}
