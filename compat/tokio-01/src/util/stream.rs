//! Methods for streams.

use std::time::Duration;

use futures::Stream;

use super::Enumerate;
use crate::timer::Timeout;
use crate::timer::throttle::Throttle;

/// Methods for every stream.
///
/// ```
/// use futures::{Stream, stream};
/// use tokio::util::StreamExt;
///
/// let numbered = stream::iter_ok::<_, ()>(["ahoy", "there"]).enumerate();
/// assert_eq!(numbered.wait().last(), Some(Ok((1, "there"))));
/// ```
pub trait StreamExt: Stream {
    /// Pauses for `duration` after each item.
    fn throttle(self, duration: Duration) -> Throttle<Self>
    where
        Self: Sized,
    {
        Throttle::new(self, duration)
    }

    /// Numbers the items, from 0 on.
    ///
    /// # Panics
    ///
    /// Polling it does if there are more items than a `usize` can count.
    fn enumerate(self) -> Enumerate<Self>
    where
        Self: Sized,
    {
        Enumerate::new(self)
    }

    /// Gives each item that much time; see [`Timeout`].
    fn timeout(self, timeout: Duration) -> Timeout<Self>
    where
        Self: Sized,
    {
        Timeout::new(self, timeout)
    }
}

impl<T: Stream + ?Sized> StreamExt for T {}
