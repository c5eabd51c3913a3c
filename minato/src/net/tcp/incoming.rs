//! The stream of connections that a listener accepts.

use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::{TcpListener, TcpStream};
use crate::net::backoff::Backoff;

/// An endless stream of accepted connections, from [`TcpListener::incoming`].
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
pub struct Incoming {
    listener: TcpListener,
    backoff: Backoff,
}

impl Incoming {
    pub(super) fn new(listener: TcpListener, place: &'static Location<'static>) -> Self {
        Self { listener, backoff: Backoff::new(place) }
    }

    /// Gives the listener back.
    pub fn into_inner(self) -> TcpListener {
        self.listener
    }

    /// The listener.
    pub fn get_ref(&self) -> &TcpListener {
        &self.listener
    }

    /// Waits for the next connection; the poll form of the stream, without its `Option`.
    ///
    /// # Errors
    ///
    /// Those of the listener itself.
    pub fn poll_next_connection(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        let Self { listener, backoff } = self;
        backoff.poll(cx, |cx| listener.poll_accept(cx)).map_ok(|(stream, _)| stream)
    }
}

impl Stream for Incoming {
    type Item = io::Result<TcpStream>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_next_connection(cx).map(Some)
    }
}
