//! Methods for futures.

use std::time::{Duration, Instant};

use futures::Future;

#[allow(deprecated)]
use crate::timer::Deadline;
use crate::timer::Timeout;

/// Methods for every future.
///
/// ```
/// use std::time::Duration;
/// use tokio::prelude::*;
///
/// let quick = future::ok::<_, ()>(5).timeout(Duration::from_secs(30));
/// assert_eq!(quick.wait().unwrap(), 5);
/// ```
pub trait FutureExt: Future {
    /// Gives the future that much time from now on; see [`Timeout`].
    fn timeout(self, timeout: Duration) -> Timeout<Self>
    where
        Self: Sized,
    {
        Timeout::new(self, timeout)
    }

    /// Gives the future until `deadline`.
    #[deprecated(since = "0.1.8", note = "use `timeout` instead")]
    #[allow(deprecated)]
    #[doc(hidden)]
    fn deadline(self, deadline: Instant) -> Deadline<Self>
    where
        Self: Sized,
    {
        Deadline::new(self, deadline)
    }
}

impl<T: Future + ?Sized> FutureExt for T {}
