//! The stream of connections that a listener accepts.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;

use super::{TcpListener, TcpStream};
use crate::time::{Sleep, sleep};

/// The first pause after the process ran out of descriptors or memory; it doubles from time to
/// time.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

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
    pause: Option<Pin<Box<Sleep>>>,
    next_pause: Duration,
}

impl Incoming {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self { listener, pause: None, next_pause: FIRST_PAUSE }
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
    pub fn poll_next_connection(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            match ready!(self.listener.poll_accept(cx)) {
                Ok((stream, _)) => {
                    self.next_pause = FIRST_PAUSE;
                    return Poll::Ready(Ok(stream));
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) if is_shortage(&error) => {
                    self.pause = Some(Box::pin(sleep(self.next_pause)));
                    self.next_pause = (self.next_pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl Stream for Incoming {
    type Item = io::Result<TcpStream>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_next_connection(cx).map(Some)
    }
}

/// Errors that concern the one connection that was to be accepted, and not the next.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::ECONNABORTED
                | libc::ECONNRESET
                | libc::EPROTO
                | libc::ENETDOWN
                | libc::EHOSTDOWN
                | libc::EHOSTUNREACH
                | libc::ENETUNREACH
                | libc::ENOPROTOOPT
                | libc::EOPNOTSUPP
        )
    )
}

/// Errors that pass when something is given back.
fn is_shortage(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM))
}
