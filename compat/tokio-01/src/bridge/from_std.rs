//! Futures and streams of std, as those of futures 0.1.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use futures_core::Stream;

use super::current::Poller;
use super::poll01;

/// Turns a future or a stream of std, whose items are `Result`s, into one of futures 0.1.
///
/// ```
/// use futures::Future;
/// use tokio::bridge::from_std;
///
/// let greeting = async { Ok::<_, ()>("ahoy") };
/// assert_eq!(from_std(greeting).wait(), Ok("ahoy"));
/// ```
pub fn from_std<T>(new: T) -> FromStd<T> {
    FromStd { inner: Box::pin(new), poller: Poller::new() }
}

/// A future or stream of std as one of futures 0.1; see [`from_std`].
#[must_use = "futures and streams do nothing unless polled"]
pub struct FromStd<T> {
    inner: Pin<Box<T>>,
    poller: Poller,
}

impl<T> FromStd<T> {
    /// Gives back what was given to [`from_std`], in the place where it was pinned.
    pub fn into_inner(self) -> Pin<Box<T>> {
        self.inner
    }
}

impl<F, T, E> futures::Future for FromStd<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Item = T;
    type Error = E;

    fn poll(&mut self) -> futures::Poll<T, E> {
        let inner = self.inner.as_mut();
        poll01(self.poller.poll(|cx| inner.poll(cx)))
    }
}

impl<S, T, E> futures::Stream for FromStd<S>
where
    S: Stream<Item = Result<T, E>>,
{
    type Item = T;
    type Error = E;

    fn poll(&mut self) -> futures::Poll<Option<T>, E> {
        let inner = self.inner.as_mut();
        poll01(self.poller.poll(|cx| inner.poll_next(cx)).map(Option::transpose))
    }
}

impl<T> fmt::Debug for FromStd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromStd").finish_non_exhaustive()
    }
}
