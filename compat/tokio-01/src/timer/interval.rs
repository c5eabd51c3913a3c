//! Ticks.

use std::time::{Duration, Instant};

use futures::{Async, Future, Poll, Stream, try_ready};

use super::{Delay, Error, after, later};

/// A stream that ticks at a steady pace, and says when each tick was due.
///
/// Ticks that are polled late are not left out, and come without a pause in between.
///
/// ```
/// use std::time::{Duration, Instant};
/// use futures::Stream;
/// use tokio::timer::Interval;
///
/// let (start, pace) = (Instant::now(), Duration::from_millis(2));
/// let ticks: Vec<_> = Interval::new(start, pace).take(3).wait().map(Result::unwrap).collect();
/// assert_eq!(ticks, [start, start + pace, start + 2 * pace]);
/// ```
#[derive(Debug)]
pub struct Interval {
    delay: Delay,
    duration: Duration,
}

impl Interval {
    /// Ticks at `at`, and then every `duration`.
    ///
    /// # Panics
    ///
    /// If `duration` is zero.
    pub fn new(at: Instant, duration: Duration) -> Self {
        assert!(duration > Duration::ZERO, "the `duration` of an interval must be non-zero");
        Self { delay: Delay::new(at), duration }
    }

    /// Ticks every `duration`, the first time after one.
    ///
    /// # Panics
    ///
    /// If `duration` is zero.
    pub fn new_interval(duration: Duration) -> Self {
        Self::new(after(duration), duration)
    }
}

impl Stream for Interval {
    type Item = Instant;
    type Error = Error;

    fn poll(&mut self) -> Poll<Option<Instant>, Error> {
        try_ready!(self.delay.poll());
        let due = self.delay.deadline();
        self.delay.reset(later(due, self.duration));
        Ok(Async::Ready(Some(due)))
    }
}
