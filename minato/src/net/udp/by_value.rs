//! Sending and receiving by value: futures that own the socket, and give it back.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{Received, RecvBatch, Transmit, UdpSocket};
use crate::io::ReadBuf;
use crate::io::owned::Parts;

/// The future of [`UdpSocket::send_dgram`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct SendDgram<T> {
    parts: Parts<(UdpSocket, T)>,
    target: SocketAddr,
}

/// The future of [`UdpSocket::recv_dgram`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct RecvDgram<T> {
    parts: Parts<(UdpSocket, T)>,
}

/// The future of [`UdpSocket::send_dgrams`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct SendDgrams<T> {
    /// The last is how many bytes were sent.
    parts: Parts<(UdpSocket, Transmit<T>, usize)>,
}

/// The future of [`UdpSocket::recv_dgrams`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct RecvDgrams {
    parts: Parts<(UdpSocket, RecvBatch)>,
}

/// Gives `$future`, which has `$parts` and may have a field besides, what all of them have but the
/// poll.
macro_rules! by_value {
    (
        $future:ident $(<$buf:ident>)? $(($field:ident: $type:ty))?,
        $(#[$doc:meta])* $parts:ty
    ) => {
        impl $(<$buf>)? $future $(<$buf>)? {
            pub(super) fn new(parts: $parts $(, $field: $type)?) -> Self {
                Self { parts: Parts::new(stringify!($future), parts) $(, $field)? }
            }

            $(#[$doc])*
            pub fn into_parts(self) -> Option<$parts> {
                self.parts.into_inner()
            }
        }

        impl $(<$buf>)? fmt::Debug for $future $(<$buf>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($future))
                    $(.field(stringify!($field), &self.$field))?
                    .finish_non_exhaustive()
            }
        }
    };
}

by_value! {
    SendDgram<T> (target: SocketAddr),
    /// The socket and the buffer, which was not sent; `None` after success.
    (UdpSocket, T)
}
by_value! {
    RecvDgram<T>,
    /// The socket and the buffer, into which nothing was received; `None` after success.
    (UdpSocket, T)
}
by_value! {
    SendDgrams<T>,
    /// The socket, the transmit, and how many bytes of its contents were sent; `None` after
    /// success.
    (UdpSocket, Transmit<T>, usize)
}
by_value! {
    RecvDgrams,
    /// The socket and the batch, into which nothing was received; `None` after success.
    (UdpSocket, RecvBatch)
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

impl<T: AsMut<[u8]>> Future for RecvDgram<T> {
    type Output = io::Result<(UdpSocket, T, Received)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let received = self.parts.poll_with(|(socket, buf)| {
            socket.poll_recv_dgram_from(cx, &mut ReadBuf::new(buf.as_mut()))
        });
        received.map_ok(|((socket, buf), received)| (socket, buf, received))
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

impl Future for RecvDgrams {
    type Output = io::Result<(UdpSocket, RecvBatch)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let received = self.parts.poll_with(|(socket, batch)| socket.poll_recv_batch(cx, batch));
        received.map_ok(|(parts, _)| parts)
    }
}
