//! Giving a future up at a deadline.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::Instant;
use super::error::Elapsed;
use super::timer::Timer;
use crate::task::budget;

/// Polls `future` until it is done, for at most `duration` from this call on.
///
/// Each poll asks the future first: one that is ready when the time is up still gives its output,
/// also with a duration of zero. The future is dropped along with the [`Timeout`], not when the
/// time is up. A future that never returns from its poll cannot be timed out. The operations of
/// this library return now and then even if they are always ready.
///
/// # Errors
///
/// [`Elapsed`] when the time is up. The timeout can be polled again then.
///
/// # Cancel safety
///
/// That of the future.
///
/// # Panics
///
/// As [`sleep`](super::sleep).
///
/// ```
/// use std::future::pending;
/// use std::time::Duration;
/// use minato::time::timeout;
///
/// pollster::block_on(async {
///     assert_eq!(timeout(Duration::ZERO, async { 5 }).await, Ok(5));
///     assert!(timeout(Duration::from_millis(2), pending::<()>()).await.is_err());
/// });
/// ```
#[track_caller]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout { value: future.into_future(), timer: Timer::after(duration) }
}

/// Polls `future` until it is done, or until `deadline`; see [`timeout`].
///
/// # Errors
///
/// As [`timeout`].
///
/// # Cancel safety
///
/// That of the future.
///
/// # Panics
///
/// As [`sleep`](super::sleep).
///
/// ```
/// use std::future::pending;
/// use std::time::Duration;
/// use minato::time::{Instant, timeout_at};
///
/// pollster::block_on(async {
///     let deadline = Instant::now() + Duration::from_millis(2);
///     assert!(timeout_at(deadline, pending::<()>()).await.is_err());
///     assert!(Instant::now() >= deadline);
/// });
/// ```
#[track_caller]
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout { value: future.into_future(), timer: Timer::at(deadline) }
}

pin_project! {
    /// A future with a deadline; made by [`timeout`] and [`timeout_at`].
    #[project(!Unpin)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Timeout<T> {
        #[pin]
        value: T,
        timer: Timer,
    }
}

impl<T> Timeout<T> {
    /// The future that is timed.
    pub fn get_ref(&self) -> &T {
        &self.value
    }

    /// The future that is timed.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// Gives the future back, untimed.
    ///
    /// A timeout that was polled is pinned, and its future with it. To keep a future beyond its
    /// time, give `&mut future` to [`timeout`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use minato::time::timeout;
    ///
    /// let untimed = timeout(Duration::from_secs(5), async { 6 * 7 }).into_inner();
    /// assert_eq!(pollster::block_on(untimed), 42);
    /// ```
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T: Future> Future for Timeout<T> {
    type Output = Result<T::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // The budget is asked before the future runs: a future that uses it up in every poll must
        // not keep its deadline from being checked.
        let leave = budget::poll_leave(cx);
        if let Poll::Ready(output) = this.value.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        ready!(leave);
        ready!(this.timer.poll(cx));
        budget::spend();
        Poll::Ready(Err(Elapsed::new()))
    }
}

impl<T: fmt::Debug> fmt::Debug for Timeout<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("value", &self.value)
            .field("deadline", &self.timer.deadline())
            .finish()
    }
}
