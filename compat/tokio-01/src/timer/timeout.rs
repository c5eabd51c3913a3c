//! Giving up what takes too long.

use std::error;
use std::fmt;
use std::time::{Duration, Instant};

use futures::{Async, Future, Poll, Stream};

use super::{Delay, after};

/// A future or a stream that is given up when it takes too long.
///
/// A future has the given time from the making of the `Timeout` on. A stream has it for each item;
/// when one takes too long, that is an error, and the next poll goes on waiting for it with a fresh
/// time. The future or stream is always polled first, so what is ready is never given up.
///
/// ```
/// use std::time::Duration;
/// use futures::{Future, future};
/// use tokio::timer::Timeout;
///
/// let never = future::empty::<(), ()>();
/// let error = Timeout::new(never, Duration::from_millis(2)).wait().unwrap_err();
/// assert!(error.is_elapsed());
/// ```
#[must_use = "futures and streams do nothing unless polled"]
#[derive(Debug)]
pub struct Timeout<T> {
    value: T,
    delay: Delay,
    /// How much time an item of a stream has.
    timeout: Option<Duration>,
}

impl<T> Timeout<T> {
    /// Gives `value` that much time.
    pub fn new(value: T, timeout: Duration) -> Self {
        Self { value, delay: Delay::new(after(timeout)), timeout: Some(timeout) }
    }

    /// The future or stream.
    pub fn get_ref(&self) -> &T {
        &self.value
    }

    /// The future or stream.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// Gives the future or stream back.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Looks at the clock, after the value was polled and is not ready.
    fn poll_delay<U, E>(&mut self) -> Poll<U, Error<E>> {
        match self.delay.poll() {
            Ok(Async::NotReady) => Ok(Async::NotReady),
            Ok(Async::Ready(())) => Err(Error::elapsed()),
            Err(error) => Err(Error::timer(error)),
        }
    }

    /// Begins the time of the next item.
    fn begin(&mut self) {
        if let Some(timeout) = self.timeout {
            self.delay.reset(after(timeout));
        }
    }
}

impl<T: Future> Timeout<T> {
    /// Gives `future` until `deadline`.
    pub fn new_at(future: T, deadline: Instant) -> Self {
        Self { value: future, delay: Delay::new(deadline), timeout: None }
    }
}

impl<T: Future> Future for Timeout<T> {
    type Item = T::Item;
    type Error = Error<T::Error>;

    fn poll(&mut self) -> Poll<T::Item, Self::Error> {
        match self.value.poll().map_err(Error::inner)? {
            Async::NotReady => self.poll_delay(),
            ready => Ok(ready),
        }
    }
}

impl<T: Stream> Stream for Timeout<T> {
    type Item = T::Item;
    type Error = Error<T::Error>;

    fn poll(&mut self) -> Poll<Option<T::Item>, Self::Error> {
        match self.value.poll().map_err(Error::inner)? {
            Async::NotReady => {
                let polled = self.poll_delay();
                if polled.is_err() {
                    self.begin();
                }
                polled
            }
            Async::Ready(item) => {
                if item.is_some() {
                    self.begin();
                }
                Ok(Async::Ready(item))
            }
        }
    }
}

/// Why a [`Timeout`] failed.
#[derive(Debug)]
pub struct Error<T>(Kind<T>);

#[derive(Debug)]
enum Kind<T> {
    Inner(T),
    Elapsed,
    Timer(super::Error),
}

impl<T> Error<T> {
    /// The error of a future or stream that failed itself.
    pub fn inner(err: T) -> Self {
        Self(Kind::Inner(err))
    }

    /// Whether the future or stream failed itself.
    pub fn is_inner(&self) -> bool {
        matches!(self.0, Kind::Inner(_))
    }

    /// The error of the future or stream, if that is what it is.
    pub fn into_inner(self) -> Option<T> {
        match self.0 {
            Kind::Inner(error) => Some(error),
            _ => None,
        }
    }

    /// The error of what took too long.
    pub fn elapsed() -> Self {
        Self(Kind::Elapsed)
    }

    /// Whether it took too long.
    pub fn is_elapsed(&self) -> bool {
        matches!(self.0, Kind::Elapsed)
    }

    /// The error of a timer.
    pub fn timer(err: super::Error) -> Self {
        Self(Kind::Timer(err))
    }

    /// Whether it is the error of a timer.
    pub fn is_timer(&self) -> bool {
        matches!(self.0, Kind::Timer(_))
    }

    /// The error of the timer, if that is what it is.
    pub fn into_timer(self) -> Option<super::Error> {
        match self.0 {
            Kind::Timer(error) => Some(error),
            _ => None,
        }
    }
}

impl<T: fmt::Display> fmt::Display for Error<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Inner(error) => error.fmt(f),
            Kind::Elapsed => f.write_str("deadline has elapsed"),
            Kind::Timer(error) => error.fmt(f),
        }
    }
}

impl<T: error::Error> error::Error for Error<T> {}
