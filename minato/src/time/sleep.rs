//! Waiting until a point in time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::Instant;
use super::timer::Timer;
use crate::task::budget;

/// Waits until `duration` has passed. The wait may be up to a millisecond longer, never shorter.
///
/// Works on any thread and under any executor. The clock is that of the runtime in which `sleep` is
/// called: if it is stopped or simulated, virtual time has to pass. The duration counts from the
/// call, not from the first poll.
///
/// A duration too long to be represented, such as [`Duration::MAX`], never passes. In a runtime
/// whose clock can be [stopped](super::pause) it counts as 30 years, so that a stopped clock comes
/// to every end.
///
/// # Cancel safety
///
/// Dropping the future cancels the wait and has no other effect.
///
/// # Panics
///
/// A poll that has to wait panics outside every runtime if the background thread cannot be started
/// or is [forbidden](crate::runtime::forbid_implicit): the sleep would never end. The message names
/// the place where the sleep was made.
///
/// ```
/// use std::time::Duration;
/// use minato::time::{Instant, sleep};
///
/// pollster::block_on(async {
///     let start = Instant::now();
///     sleep(Duration::from_millis(5)).await;
///     assert!(start.elapsed() >= Duration::from_millis(5));
/// });
/// ```
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    const LONGEST: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    let mut timer = Timer::after(duration);
    if duration > LONGEST && timer.now().checked_add(duration).is_none() && timer.may_jump() {
        timer.reset(timer.now() + LONGEST);
    }
    Sleep::new(timer)
}

/// Waits until `deadline`. The wait may end up to a millisecond later, never earlier; see
/// [`sleep`].
///
/// A deadline in the past is ready at the first poll.
///
/// # Cancel safety
///
/// As [`sleep`].
///
/// # Panics
///
/// As [`sleep`].
///
/// ```
/// use std::time::Duration;
/// use minato::time::{Instant, sleep_until};
///
/// pollster::block_on(async {
///     let deadline = Instant::now() + Duration::from_millis(5);
///     sleep_until(deadline).await;
///     assert!(Instant::now() >= deadline);
/// });
/// ```
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::new(Timer::at(deadline))
}

pin_project! {
    /// The future of [`sleep`] and [`sleep_until`]: ready from a deadline on.
    ///
    /// It allocates nothing. The first poll that has to wait puts it into a timer wheel.
    // What callers pin today must stay pinned, whatever a sleep holds tomorrow.
    #[project(!Unpin)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Sleep {
        timer: Timer,
        // Whether it was polled or moved.
        has_begun: bool,
    }
}

impl Sleep {
    fn new(timer: Timer) -> Self {
        Self { timer, has_begun: false }
    }

    /// The point at which the sleep ends.
    pub fn deadline(&self) -> Instant {
        self.timer.deadline()
    }

    /// Whether the deadline has passed, by the clock of this sleep.
    ///
    /// A sleep begins with its first poll or [`reset`](Self::reset), and is not elapsed before.
    pub fn is_elapsed(&self) -> bool {
        self.has_begun && self.timer.now() >= self.timer.deadline()
    }

    /// Changes the deadline, before or after the sleep has ended.
    ///
    /// A task that waits for the sleep need not poll it again: it is woken at the new deadline, and
    /// at once if that has passed.
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::time::Duration;
    /// use minato::time::{Instant, sleep};
    ///
    /// pollster::block_on(async {
    ///     let mut sleep = pin!(sleep(Duration::from_secs(3600)));
    ///     sleep.as_mut().reset(Instant::now() + Duration::from_millis(2));
    ///     sleep.await;
    /// });
    /// ```
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        let this = self.project();
        *this.has_begun = true;
        this.timer.reset(deadline);
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        *this.has_begun = true;
        budget::poll_counted(cx, |cx| this.timer.poll(cx))
    }
}

crate::debug::opaque!(Sleep, |it| deadline: it.deadline());
