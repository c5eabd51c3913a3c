//! What every listener can do, written once: `listener_api!` gives a type its methods, and
//! [`Incoming`] is the stream of the connections that a listener accepts.

use std::panic::Location;

use super::backoff::Backoff;

/// An endless stream of accepted connections, from `incoming` of a listener
/// ([TCP](super::TcpListener::incoming), [Unix](super::UnixListener::incoming)).
///
/// It survives what passes: a connection that its peer gave up is skipped, and while descriptors
/// or memory are short the stream waits (5 ms at first, up to a second) and tries again, with the
/// connections queued in the system meanwhile. Only errors of the listener itself come out, and the
/// stream can be polled on after them.
///
/// # Cancel safety
///
/// An accepted connection is given out or not yet accepted, never lost.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Incoming<L> {
    pub(super) listener: L,
    pub(super) backoff: Backoff,
}

impl<L> Incoming<L> {
    pub(super) fn new(listener: L, place: &'static Location<'static>) -> Self {
        Self { listener, backoff: Backoff::new(place) }
    }

    /// Gives the listener back.
    pub fn into_inner(self) -> L {
        self.listener
    }

    /// The listener.
    pub fn get_ref(&self) -> &L {
        &self.listener
    }
}

/// Gives `$listener`, which has a field `socket: Socket` and a method `accept_once`, the methods of
/// a listener. Clients are at an `$address`, which `$family` takes out of what a verb returns.
macro_rules! listener_api {
    ($listener:ident, $stream:ident, $address:ty, $family:ident) => {
        impl $listener {
            /// Waits for a connection and accepts it; returns it with the address of the client.
            ///
            /// # Errors
            ///
            /// What the system's accept returned. Some errors concern one connection or pass by
            /// themselves; [`incoming`](Self::incoming) deals with those.
            ///
            /// # Cancel safety
            ///
            /// A connection is given out or not yet accepted, never lost.
            pub async fn accept(&self) -> io::Result<($stream, $address)> {
                let accept = || self.accept_once();
                self.socket.io(Interest::READABLE, accept).await.and_then(Self::accepted)
            }

            /// The poll form of [`accept`](Self::accept). Any number of tasks may wait in it at a
            /// time; as they become more than 8, some are woken early.
            ///
            /// # Errors
            ///
            /// As [`accept`](Self::accept).
            pub fn poll_accept(
                &self,
                cx: &mut Context<'_>,
            ) -> Poll<io::Result<($stream, $address)>> {
                let accept = || self.accept_once().map(Done::Whole);
                self.socket.poll_io(cx, Direction::Read, accept).map(|new| Self::accepted(new?))
            }

            /// Accepts a connection if one is waiting.
            ///
            /// # Errors
            ///
            /// `WouldBlock` if none is; else as [`accept`](Self::accept).
            pub fn try_accept(&self) -> io::Result<($stream, $address)> {
                Self::accepted(self.socket.try_io(Interest::READABLE, || self.accept_once())?)
            }

            /// An endless stream of accepted connections, which survives shortages and connections
            /// that were given up before they were accepted.
            pub fn incoming(self) -> Incoming {
                let place = self.socket.place();
                Incoming::new(self, place)
            }

            fn accepted((socket, from): (Socket, Address)) -> io::Result<($stream, $address)> {
                Ok(($stream::from_socket(socket), from.$family()?))
            }
        }

        impl Incoming {
            /// Waits for the next connection; the poll form of the stream, without its `Option`.
            ///
            /// # Errors
            ///
            /// Those of the listener itself.
            pub fn poll_next_connection(
                &mut self,
                cx: &mut Context<'_>,
            ) -> Poll<io::Result<$stream>> {
                let Self { listener, backoff } = self;
                backoff.poll(cx, |cx| listener.poll_accept(cx)).map_ok(|(stream, _)| stream)
            }
        }

        impl futures_core::Stream for Incoming {
            type Item = io::Result<$stream>;

            fn poll_next(
                mut self: std::pin::Pin<&mut Self>,
                cx: &mut Context<'_>,
            ) -> Poll<Option<Self::Item>> {
                self.poll_next_connection(cx).map(Some)
            }
        }
    };
}

pub(super) use listener_api;
