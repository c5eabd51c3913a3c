//! The name that [`Timeout`] had at first.
#![allow(deprecated)]

use std::error::Error;
use std::fmt;
use std::time::Instant;

use futures::{Future, Poll};

use super::{Timeout, timeout};

/// A future that is given up at a point in time.
#[deprecated(since = "0.1.8", note = "use Timeout instead")]
#[doc(hidden)]
#[must_use = "futures do nothing unless polled"]
#[derive(Debug)]
pub struct Deadline<T> {
    timeout: Timeout<T>,
}

impl<T: Future> Deadline<T> {
    /// Gives `future` until `deadline`.
    pub fn new(future: T, deadline: Instant) -> Self {
        Self { timeout: Timeout::new_at(future, deadline) }
    }
}

impl<T> Deadline<T> {
    /// The future.
    pub fn get_ref(&self) -> &T {
        self.timeout.get_ref()
    }

    /// The future.
    pub fn get_mut(&mut self) -> &mut T {
        self.timeout.get_mut()
    }

    /// Gives the future back.
    pub fn into_inner(self) -> T {
        self.timeout.into_inner()
    }
}

impl<T: Future> Future for Deadline<T> {
    type Item = T::Item;
    type Error = DeadlineError<T::Error>;

    fn poll(&mut self) -> Poll<T::Item, Self::Error> {
        self.timeout.poll().map_err(DeadlineError)
    }
}

/// Why a [`Deadline`] failed.
#[deprecated(since = "0.1.8", note = "use Timeout instead")]
#[doc(hidden)]
#[derive(Debug)]
pub struct DeadlineError<T>(timeout::Error<T>);

impl<T> DeadlineError<T> {
    /// The error of a future that failed itself.
    pub fn inner(err: T) -> Self {
        Self(timeout::Error::inner(err))
    }

    /// Whether the future failed itself.
    pub fn is_inner(&self) -> bool {
        self.0.is_inner()
    }

    /// The error of the future, if that is what it is.
    pub fn into_inner(self) -> Option<T> {
        self.0.into_inner()
    }

    /// The error of what took too long.
    pub fn elapsed() -> Self {
        Self(timeout::Error::elapsed())
    }

    /// Whether it took too long.
    pub fn is_elapsed(&self) -> bool {
        self.0.is_elapsed()
    }

    /// The error of a timer.
    pub fn timer(err: super::Error) -> Self {
        Self(timeout::Error::timer(err))
    }

    /// Whether it is the error of a timer.
    pub fn is_timer(&self) -> bool {
        self.0.is_timer()
    }

    /// The error of the timer, if that is what it is.
    pub fn into_timer(self) -> Option<super::Error> {
        self.0.into_timer()
    }
}

impl<T: fmt::Display> fmt::Display for DeadlineError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Error> Error for DeadlineError<T> {}
