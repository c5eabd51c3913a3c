//! Datagrams by value.

use std::io;
use std::path::Path;

use futures::{Async, Future, Poll, try_ready};

use super::UnixDatagram;
use crate::io::Parts;

/// A datagram that is being received, from [`UnixDatagram::recv_dgram`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct RecvDgram<T> {
    parts: Parts<(UnixDatagram, T)>,
}

impl<T> RecvDgram<T> {
    pub(super) fn new(socket: UnixDatagram, buf: T) -> Self {
        Self { parts: Parts::new("RecvDgram", (socket, buf)) }
    }

    /// The socket and the buffer, into which nothing was received; `None` after success.
    pub fn into_parts(self) -> Option<(UnixDatagram, T)> {
        self.parts.into_inner()
    }
}

impl<T: AsMut<[u8]>> Future for RecvDgram<T> {
    type Item = (UnixDatagram, T, usize, String);
    type Error = io::Error;

    fn poll(&mut self) -> Poll<Self::Item, io::Error> {
        let (socket, buf) = self.parts.get_mut();
        let (len, from) = try_ready!(socket.poll_recv_from(buf.as_mut()));
        let path = from.as_pathname().and_then(Path::to_str).unwrap_or_default().to_owned();
        let (socket, buf) = self.parts.take();
        Ok(Async::Ready((socket, buf, len, path)))
    }
}

/// A datagram that is being sent, from [`UnixDatagram::send_dgram`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct SendDgram<T, P> {
    parts: Parts<(UnixDatagram, T, P)>,
}

impl<T, P> SendDgram<T, P> {
    pub(super) fn new(socket: UnixDatagram, buf: T, path: P) -> Self {
        Self { parts: Parts::new("SendDgram", (socket, buf, path)) }
    }

    /// The socket, the buffer and the path; `None` after success.
    pub fn into_parts(self) -> Option<(UnixDatagram, T, P)> {
        self.parts.into_inner()
    }
}

impl<T: AsRef<[u8]>, P: AsRef<Path>> Future for SendDgram<T, P> {
    type Item = (UnixDatagram, T);
    type Error = io::Error;

    fn poll(&mut self) -> Poll<(UnixDatagram, T), io::Error> {
        let (socket, buf, path) = self.parts.get_mut();
        let datagram = buf.as_ref();
        let sent = try_ready!(socket.poll_send_to(datagram, path));
        if sent < datagram.len() {
            return Err(io::Error::other("failed to send entire message in datagram"));
        }
        let (socket, buf, _) = self.parts.take();
        Ok(Async::Ready((socket, buf)))
    }
}
