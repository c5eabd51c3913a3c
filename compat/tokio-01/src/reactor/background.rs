//! Reactors on threads of their own.

use futures::{Future, Poll};
use minato::reactor::BackgroundShutdown;

use super::Handle;
use crate::bridge::{FromStd, from_std};

/// A reactor that runs on a thread of its own, from [`Reactor::background`](super::Reactor).
///
/// Dropping it ends the reactor and waits for its thread.
#[derive(Debug)]
pub struct Background {
    inner: minato::reactor::Background,
    handle: Handle,
}

impl Background {
    pub(super) fn new(inner: minato::reactor::Background, handle: Handle) -> Self {
        Self { inner, handle }
    }

    /// The handle of the reactor.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ends the reactor as soon as no socket and no timer is registered. The returned future is
    /// ready when its thread is done.
    pub fn shutdown_on_idle(self) -> Shutdown {
        Shutdown::new(self.inner.shutdown_on_idle())
    }

    /// Ends the reactor: all its waiters are notified, and fail. The returned future is ready
    /// when its thread is done.
    pub fn shutdown_now(self) -> Shutdown {
        Shutdown::new(self.inner.shutdown_now())
    }

    /// Lets the reactor run until the process ends.
    pub fn forget(self) {
        self.inner.forget();
    }
}

/// Ready when a [`Background`] has ended.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Shutdown {
    inner: FromStd<Ended>,
}

impl Shutdown {
    fn new(inner: BackgroundShutdown) -> Self {
        Self { inner: from_std(Ended(inner)) }
    }
}

impl Future for Shutdown {
    type Item = ();
    type Error = ();

    fn poll(&mut self) -> Poll<(), ()> {
        self.inner.poll()
    }
}

/// The end of a reactor, as a result.
#[derive(Debug)]
struct Ended(BackgroundShutdown);

impl std::future::Future for Ended {
    type Output = Result<(), ()>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        std::pin::Pin::new(&mut self.0).poll(cx).map(Ok)
    }
}
