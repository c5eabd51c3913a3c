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
use crate::io::ReadBuf;
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
    fn receive<B: BufMut>(&self, buf: &mut B, peek: bool) -> io::Result<usize> {
        receive_into(buf, |free| {
            let received = self.recv_datagram(free, peek);
            self.report_queued();
            let len = self.or_end(received, || Ok(0))?;
            Ok((len, len))
        })
    }

    /// The same, with the sender.
    fn receive_from<B: BufMut>(&self, buf: &mut B, peek: bool) -> io::Result<(Received, Address)> {
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

    /// Receives a datagram, or only looks at it if `peek`.
    pub(super) fn recv_dgram<B: BufMut>(
        &self,
        buf: &mut B,
        peek: bool,
    ) -> impl Future<Output = io::Result<usize>> {
        self.io(Interest::READABLE, move || self.receive(buf, peek))
    }

    pub(super) fn poll_recv_dgram(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
        peek: bool,
    ) -> Poll<io::Result<()>> {
        self.poll_io(cx, Direction::Read, || self.receive(buf, peek).map(Done::Whole)).map_ok(drop)
    }

    pub(super) fn try_recv_dgram<B: BufMut>(&self, buf: &mut B, peek: bool) -> io::Result<usize> {
        self.try_io(Interest::READABLE, || self.receive(buf, peek))
    }

    /// Receives a datagram and its sender, or only looks at it if `peek`; as `describe` has it.
    pub(super) fn recv_dgram_from<B: BufMut, T>(
        &self,
        buf: &mut B,
        peek: bool,
        describe: impl Fn((Received, Address)) -> io::Result<T>,
    ) -> impl Future<Output = io::Result<T>> {
        self.io(Interest::READABLE, move || self.receive_from(buf, peek).and_then(&describe))
    }

    pub(super) fn poll_recv_dgram_from<T>(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
        peek: bool,
        describe: impl Fn((Received, Address)) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        self.poll_io(cx, Direction::Read, || {
            self.receive_from(buf, peek).and_then(&describe).map(Done::Whole)
        })
    }

    pub(super) fn try_recv_dgram_from<B: BufMut, T>(
        &self,
        buf: &mut B,
        peek: bool,
        describe: impl Fn((Received, Address)) -> io::Result<T>,
    ) -> io::Result<T> {
        self.try_io(Interest::READABLE, || self.receive_from(buf, peek).and_then(describe))
    }
}

/// Gives `$socket`, which has a field `socket: Socket`, the methods of a datagram socket. Senders
/// are `$address`, which `$family` takes out of what a verb returns.
macro_rules! datagram_api {
    ($socket:ident, $address:ty, $family:ident) => {
        impl $socket {
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
            pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
                self.socket.io(Interest::WRITABLE, || self.socket.send(buf)).await
            }

            /// The poll form of [`send`](Self::send).
            ///
            /// # Errors
            ///
            /// As [`send`](Self::send).
            pub fn poll_send(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
                self.socket.poll_write(cx, buf)
            }

            /// Sends `buf` as one datagram to the connected peer, without waiting.
            ///
            /// # Errors
            ///
            /// `WouldBlock` if there is no room at present; else as [`send`](Self::send).
            pub fn try_send(&self, buf: &[u8]) -> io::Result<usize> {
                self.socket.try_io(Interest::WRITABLE, || self.socket.send(buf))
            }

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
            pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
                self.socket.recv_dgram(&mut ReadBuf::new(buf), false).await
            }

            /// The poll form of [`recv`](Self::recv); the datagram is put behind what `buf` holds.
            ///
            /// # Errors
            ///
            /// As [`recv`](Self::recv).
            pub fn poll_recv(
                &self,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                self.socket.poll_recv_dgram(cx, buf, false)
            }

            /// Receives one datagram if there is one.
            ///
            /// # Errors
            ///
            /// `WouldBlock` if there is none at present; else as [`recv`](Self::recv).
            pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
                self.socket.try_recv_dgram(&mut ReadBuf::new(buf), false)
            }

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
                self.socket.recv_dgram(buf, false).await
            }

            /// Like [`try_recv`](Self::try_recv), into the free room of a buffer that grows.
            ///
            /// # Errors
            ///
            /// As [`try_recv`](Self::try_recv).
            pub fn try_recv_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
                self.socket.try_recv_dgram(buf, false)
            }

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
            pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, $address)> {
                self.recv_buf_from(&mut ReadBuf::new(buf)).await
            }

            /// The poll form of [`recv_from`](Self::recv_from); the datagram is put behind what
            /// `buf` holds. Any number of tasks may wait to receive at a time; as they become more
            /// than 8, some are woken early.
            ///
            /// # Errors
            ///
            /// As [`recv_from`](Self::recv_from).
            pub fn poll_recv_from(
                &self,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<$address>> {
                self.socket.poll_recv_dgram_from(cx, buf, false, |(_, from)| from.$family())
            }

            /// Receives one datagram and its sender if there is one.
            ///
            /// # Errors
            ///
            /// `WouldBlock` if there is none at present; else as [`recv_from`](Self::recv_from).
            pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, $address)> {
                self.try_recv_buf_from(&mut ReadBuf::new(buf))
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
                self.socket.recv_dgram_from(buf, false, Self::len_and_sender).await
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
                self.socket.try_recv_dgram_from(buf, false, Self::len_and_sender)
            }

            /// What a verb received, as users get it.
            fn len_and_sender(
                (received, from): ($crate::os::Received, $crate::os::Address),
            ) -> io::Result<(usize, $address)> {
                Ok((received.len, from.$family()?))
            }
        }

        $crate::net::api::readiness_api!($socket, poll_recv_ready, poll_send_ready);
    };
}

pub(super) use datagram_api;
