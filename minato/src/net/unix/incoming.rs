//! The stream of connections that a Unix listener accepts.

use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::{UnixListener, UnixStream};
use crate::net::backoff::Backoff;

/// An endless stream of accepted connections, from [`UnixListener::incoming`].
///
/// It survives what passes, as that of TCP does ([`tcp::Incoming`](crate::net::tcp::Incoming)):
/// while descriptors or memory are short it waits and tries again. Only errors of the listener
/// itself come out, and the stream can be polled on after them.
///
/// # Cancel safety
///
/// An accepted connection is given out or not yet accepted, never lost.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Incoming {
    listener: UnixListener,
    backoff: Backoff,
}

impl Incoming {
    pub(super) fn new(listener: UnixListener, place: &'static Location<'static>) -> Self {
        Self { listener, backoff: Backoff::new(place) }
    }

    /// Gives the listener back.
    pub fn into_inner(self) -> UnixListener {
        self.listener
    }

    /// The listener.
    pub fn get_ref(&self) -> &UnixListener {
        &self.listener
    }

    /// Waits for the next connection; the poll form of the stream, without its `Option`.
    ///
    /// # Errors
    ///
    /// Those of the listener itself.
    pub fn poll_next_connection(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<UnixStream>> {
        let Self { listener, backoff } = self;
        backoff.poll(cx, |cx| listener.poll_accept(cx)).map_ok(|(stream, _)| stream)
    }
}

impl Stream for Incoming {
    type Item = io::Result<UnixStream>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_next_connection(cx).map(Some)
    }
}
