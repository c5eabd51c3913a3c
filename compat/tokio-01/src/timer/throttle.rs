//! Slowing a stream down.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use futures::{Async, Future, Poll, Stream, try_ready};

use super::{Delay, Error, after};

/// A stream that pauses after each of its items; made by
/// [`StreamExt::throttle`](crate::util::StreamExt::throttle).
#[must_use = "streams do nothing unless polled"]
#[derive(Debug)]
pub struct Throttle<T> {
    stream: T,
    duration: Duration,
    /// The pause after an item.
    pause: Option<Delay>,
}

impl<T> Throttle<T> {
    /// Pauses for `duration` after each item of `stream`.
    pub fn new(stream: T, duration: Duration) -> Self {
        Self { stream, duration, pause: None }
    }

    /// The stream.
    pub fn get_ref(&self) -> &T {
        &self.stream
    }

    /// The stream.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.stream
    }

    /// Gives the stream back.
    pub fn into_inner(self) -> T {
        self.stream
    }
}

impl<T: Stream> Stream for Throttle<T> {
    type Item = T::Item;
    type Error = ThrottleError<T::Error>;

    fn poll(&mut self) -> Poll<Option<T::Item>, Self::Error> {
        if let Some(pause) = &mut self.pause {
            try_ready!(pause.poll().map_err(ThrottleError::from_timer_err));
        }
        self.pause = None;
        let item = try_ready!(self.stream.poll().map_err(ThrottleError::from_stream_err));
        if item.is_some() {
            self.pause = Some(Delay::new(after(self.duration)));
        }
        Ok(Async::Ready(item))
    }
}

/// Why a [`Throttle`] failed.
#[derive(Debug)]
pub struct ThrottleError<T>(Kind<T>);

#[derive(Debug)]
enum Kind<T> {
    Stream(T),
    Timer(Error),
}

impl<T> ThrottleError<T> {
    /// The error of a stream that failed itself.
    pub fn from_stream_err(err: T) -> Self {
        Self(Kind::Stream(err))
    }

    /// The error of a timer.
    pub fn from_timer_err(err: Error) -> Self {
        Self(Kind::Timer(err))
    }

    /// The error of the stream, if that is what it is.
    pub fn get_stream_error(&self) -> Option<&T> {
        match &self.0 {
            Kind::Stream(error) => Some(error),
            Kind::Timer(_) => None,
        }
    }

    /// The error of the timer, if that is what it is.
    pub fn get_timer_error(&self) -> Option<&Error> {
        match &self.0 {
            Kind::Timer(error) => Some(error),
            Kind::Stream(_) => None,
        }
    }

    /// The error of the stream, if that is what it is.
    pub fn into_stream_error(self) -> Option<T> {
        match self.0 {
            Kind::Stream(error) => Some(error),
            Kind::Timer(_) => None,
        }
    }

    /// The error of the timer, if that is what it is.
    pub fn into_timer_error(self) -> Option<Error> {
        match self.0 {
            Kind::Timer(error) => Some(error),
            Kind::Stream(_) => None,
        }
    }

    /// Whether the stream failed itself.
    pub fn is_stream_error(&self) -> bool {
        self.get_stream_error().is_some()
    }

    /// Whether it is the error of a timer.
    pub fn is_timer_error(&self) -> bool {
        self.get_timer_error().is_some()
    }
}

impl<T: fmt::Display> fmt::Display for ThrottleError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Stream(error) => write!(f, "stream error: {error}"),
            Kind::Timer(error) => write!(f, "timer error: {error}"),
        }
    }
}

impl<T: StdError + 'static> StdError for ThrottleError<T> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0 {
            Kind::Stream(error) => Some(error),
            Kind::Timer(error) => Some(error),
        }
    }
}
