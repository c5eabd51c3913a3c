//! What every datagram socket can do, written once: the operations as methods of [`Socket`], and
//! `datagram_api!`, which gives a type its methods.
//!
//! A datagram is sent and received whole. So a buffer without room does not mean that there is
//! nothing to do, a result of 0 bytes is an empty datagram, and a short result says nothing about
//! the next one: readiness is only ever cleared by an operation that would block.

use std::io;
use std::task::{Context, Poll};

use bytes::BufMut;

use super::io::{Done, Waitable};
use super::socket::{Socket, receive_into};
use crate::engine::{Direction, Interest};
use crate::os::{Address, Received};

impl Socket {
    pub(super) fn poll_send_dgram_to(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        target: &Address,
    ) -> Poll<io::Result<usize>> {
        self.poll_io(cx, Direction::Write, || self.send_to(buf, target).map(Done::Whole))
    }

    pub(super) fn try_send_dgram_to(&self, buf: &[u8], target: &Address) -> io::Result<usize> {
        self.try_io(Interest::WRITABLE, || self.send_to(buf, target))
    }

    /// Receives a datagram into the free room of `buf`, or only looks at it if `peek`.
    pub(super) fn receive<B: BufMut>(&self, buf: &mut B, peek: bool) -> io::Result<usize> {
        receive_into(buf, |free| {
            let received = self.recv_datagram(free, peek);
            self.report_queued();
            let len = self.or_end(received, || Ok(0))?;
            Ok((len, len))
        })
    }

    /// The same, with the sender.
    pub(super) fn receive_from<B: BufMut>(
        &self,
        buf: &mut B,
        peek: bool,
    ) -> io::Result<(Received, Address)> {
        receive_into(buf, |free| {
            let received = self.recv_from(free, peek);
            self.report_queued();
            let end = || Ok((Received { len: 0, truncated: false }, Address::unnamed()?));
            let (received, from) = self.or_end(received, end)?;
            // That in the buffer, not that of the datagram.
            Ok((received.len, (received, from)))
        })
    }

    /// A Unix datagram socket whose reading side was shut down would block for ever (a blocking
    /// one of Linux returns 0): nothing can come any more, and that is the result.
    pub(super) fn or_end<T>(
        &self,
        result: io::Result<T>,
        end: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let snapshot = self.registration().snapshot();
                match snapshot.is_some_and(|snapshot| snapshot.readiness().is_read_closed()) {
                    true => end(),
                    false => Err(error),
                }
            }
            result => result,
        }
    }
}

/// Gives `$socket`, which has a field `socket: Socket`, the methods of a datagram socket. Senders
/// are `$address`, which `$family` takes out of what a verb returns.
macro_rules! datagram_api {
    ($socket:ident, $address:ty, $family:ident) => {
        $crate::net::forms::forms! {
            $socket, WRITABLE, Write;
            /// Sends `buf` as one datagram to the connected peer, waiting for room; returns its
            /// length in bytes. An empty `buf` is sent as an empty datagram.
            ///
            /// # Errors
            ///
            /// The system's: the socket is not connected, the datagram is too long, nobody
            /// receives at the peer's address (the answer to an earlier datagram).
            ///
            /// # Cancel safety
            ///
            /// Dropped before it is done, nothing was sent.
            fn send, poll_send, try_send(&self, buf: &[u8]) -> usize { self.socket.send(buf) }
        }

        $crate::net::forms::forms! {
            $socket, READABLE, Read;
            /// Receives one datagram and returns how many bytes of it are in `buf`. What does not
            /// fit is lost. 0 is an empty datagram, or one that met an empty `buf`.
            ///
            /// # Errors
            ///
            /// The system's; on a connected socket also that nobody receives what was sent.
            ///
            /// # Cancel safety
            ///
            /// Dropped before it is done, no datagram was taken.
            fn recv, poll_recv, try_recv(&self, buf: &mut [u8]) -> usize {
                self.socket.receive(&mut ReadBuf::new(buf), false)
            }
            poll (buf: &mut ReadBuf<'_>) -> () { self.socket.receive(buf, false).map(drop) }
            /// Receives one datagram; returns how many bytes of it are in `buf`, and who sent it.
            /// What does not fit is lost.
            ///
            /// # Errors
            ///
            /// The system's; on a connected socket also that nobody receives what was sent.
            ///
            /// # Cancel safety
            ///
            /// Dropped before it is done, no datagram was taken.
            fn recv_from, poll_recv_from, try_recv_from(
                &self, buf: &mut [u8]
            ) -> (usize, $address) {
                self.receive_from(&mut ReadBuf::new(buf), false)
            }
            poll (buf: &mut ReadBuf<'_>) -> $address {
                self.receive_from(buf, false).map(|(_, from)| from)
            }
            /// Receives one datagram, into memory that this thread lends for it. While it waits it
            /// has no buffer; see [`Lent`]. What does not fit into [`Lent::CAPACITY`] is lost.
            ///
            /// # Errors
            ///
            /// As [`recv`](Self::recv).
            ///
            /// # Cancel safety
            ///
            /// Dropped before it is done, no datagram was taken.
            fn recv_lent, poll_recv_lent, try_recv_lent(&self) -> Lent {
                Lent::receive(|bytes| self.socket.receive(&mut ReadBuf::new(bytes), false))
            }
            /// Like [`recv_lent`](Self::recv_lent), with who sent it.
            ///
            /// # Errors
            ///
            /// As [`recv_from`](Self::recv_from).
            ///
            /// # Cancel safety
            ///
            /// Dropped before it is done, no datagram was taken.
            fn recv_from_lent, poll_recv_from_lent, try_recv_from_lent(
                &self
            ) -> (Lent, $address) {
                Lent::receive_with(|bytes| self.receive_from(&mut ReadBuf::new(bytes), false))
            }
        }

        impl $socket {
            /// Like [`recv`](Self::recv), into the free room of a buffer that grows. No room is
            /// made for it: what does not fit is lost.
            ///
            /// # Errors
            ///
            /// As [`recv`](Self::recv).
            ///
            /// # Cancel safety
            ///
            /// Dropped before it is done, no datagram was taken.
            pub async fn recv_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
                self.socket.io(Interest::READABLE, || self.socket.receive(buf, false)).await
            }

            /// Like [`try_recv`](Self::try_recv), into the free room of a buffer that grows.
            ///
            /// # Errors
            ///
            /// As [`try_recv`](Self::try_recv).
            pub fn try_recv_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
                self.socket.try_io(Interest::READABLE, || self.socket.receive(buf, false))
            }

            /// Like [`recv_from`](Self::recv_from), into the free room of a buffer that grows. No
            /// room is made for it: what does not fit is lost.
            ///
            /// # Errors
            ///
            /// As [`recv_from`](Self::recv_from).
            ///
            /// # Cancel safety
            ///
            /// Dropped before it is done, no datagram was taken.
            pub async fn recv_buf_from<B: BufMut>(
                &self,
                buf: &mut B,
            ) -> io::Result<(usize, $address)> {
                self.socket.io(Interest::READABLE, || self.receive_from(buf, false)).await
            }

            /// Like [`try_recv_from`](Self::try_recv_from), into the free room of a buffer that
            /// grows.
            ///
            /// # Errors
            ///
            /// As [`try_recv_from`](Self::try_recv_from).
            pub fn try_recv_buf_from<B: BufMut>(
                &self,
                buf: &mut B,
            ) -> io::Result<(usize, $address)> {
                self.socket.try_io(Interest::READABLE, || self.receive_from(buf, false))
            }

            /// Receives a datagram and its sender, or only looks at it if `peek`.
            fn receive_from<B: BufMut>(
                &self,
                buf: &mut B,
                peek: bool,
            ) -> io::Result<(usize, $address)> {
                let (received, from) = self.socket.receive_from(buf, peek)?;
                Ok((received.len, from.$family()?))
            }
        }

        $crate::net::api::readiness_api!($socket, poll_recv_ready, poll_send_ready);
    };
}

pub(super) use datagram_api;
