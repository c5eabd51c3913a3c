//! The stream of connections that a listener accepts.

use std::io;

use futures::{Async, Poll, Stream, try_ready};

use super::{TcpListener, TcpStream};
use crate::net::waits::Waits;

/// An endless stream of accepted connections, from [`TcpListener::incoming`].
///
/// It survives what passes: a connection that its peer gave up is skipped, and while descriptors or
/// memory are short the stream waits and tries again, with the connections queued in the system
/// meanwhile. Only errors of the listener itself come out, and the stream can be polled on after
/// them.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Incoming {
    inner: minato::net::tcp::Incoming,
    waits: Waits,
    /// Whether the listener was given a reactor, which its connections do not share.
    has_handle: bool,
}

impl Incoming {
    pub(super) fn new(listener: TcpListener) -> Self {
        let TcpListener { inner, waits, has_handle } = listener;
        Self { inner: inner.incoming(), waits, has_handle }
    }
}

impl Stream for Incoming {
    type Item = TcpStream;
    type Error = io::Error;

    fn poll(&mut self) -> Poll<Option<TcpStream>, io::Error> {
        let Self { inner, waits, has_handle } = self;
        let accepted = try_ready!(waits.read(|cx| inner.poll_next_connection(cx)));
        Ok(Async::Ready(Some(TcpStream::accepted(accepted, *has_handle)?)))
    }
}
