//! Connecting.

use std::fmt;
use std::future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll as StdPoll, Waker};

use futures::{Async, Future, Poll};

use super::UnixStream;
use crate::bridge::{FromStd, from_std};

type Connecting = dyn std::future::Future<Output = io::Result<minato::net::UnixStream>> + Send;

/// A connection that is being made, from [`UnixStream::connect`].
#[must_use = "futures do nothing unless polled"]
pub struct ConnectFuture {
    attempt: Option<FromStd<Pin<Box<Connecting>>>>,
}

impl ConnectFuture {
    /// Connects at once if the listener's queue has room, as it has nearly always.
    #[track_caller]
    pub(super) fn begin(path: PathBuf) -> Self {
        let mut attempt: Pin<Box<Connecting>> = Box::pin(minato::net::UnixStream::connect(path));
        let begun = attempt.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let StdPoll::Ready(result) = begun {
            attempt = Box::pin(future::ready(result));
        }
        Self { attempt: Some(from_std(attempt)) }
    }
}

impl Future for ConnectFuture {
    type Item = UnixStream;
    type Error = io::Error;

    fn poll(&mut self) -> Poll<UnixStream, io::Error> {
        let Some(attempt) = &mut self.attempt else { panic!("can't poll Unix stream twice") };
        match attempt.poll() {
            Ok(Async::NotReady) => Ok(Async::NotReady),
            done => {
                self.attempt = None;
                done.map(|ready| ready.map(UnixStream::from))
            }
        }
    }
}

impl fmt::Debug for ConnectFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectFuture").finish_non_exhaustive()
    }
}
