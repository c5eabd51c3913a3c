//! Ticks at a steady rate.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::Instant;
use super::timer::Timer;
use crate::task::budget;

/// How late a tick may be before it counts as missed.
const TOLERANCE: Duration = Duration::from_millis(5);

/// Makes an interval whose first tick is due now, and the others every `period` from now on.
///
/// A period too long to be represented, such as [`Duration::MAX`], never passes. Nothing runs
/// between ticks: an interval is a deadline that moves on with each [`tick`](Interval::tick). Its
/// [`MissedTickBehavior`] decides what happens after a tick that was taken too late.
///
/// # Panics
///
/// If `period` is zero. A wait for a tick panics where a [`sleep`](super::sleep) does.
///
/// ```
/// use std::time::Duration;
/// use minato::runtime::Builder;
/// use minato::time::interval;
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = Builder::new_current_thread().start_paused(true).build()?;
/// runtime.block_on(async {
///     let mut interval = interval(Duration::from_secs(60));
///     let first = interval.tick().await; // at once
///     let second = interval.tick().await;
///     assert_eq!(second - first, Duration::from_secs(60));
/// });
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    Interval::new(Timer::after(Duration::ZERO), period)
}

/// Makes an interval whose first tick is due at `start`, and the others every `period` from then
/// on; see [`interval`].
///
/// # Panics
///
/// If `period` is zero.
///
/// ```
/// use std::time::Duration;
/// use minato::time::{Instant, interval_at};
///
/// pollster::block_on(async {
///     let start = Instant::now() + Duration::from_millis(2);
///     let mut interval = interval_at(start, Duration::from_millis(3));
///     assert_eq!(interval.tick().await, start);
///     assert_eq!(interval.tick().await, start + Duration::from_millis(3));
/// });
/// ```
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    Interval::new(Timer::at(start), period)
}

/// What an [`Interval`] does after a tick that was taken more than 5 ms after it was due.
///
/// With a period of 50 ms, and a tick that was due at 100 ms and taken at 230 ms, the next ticks
/// are due at
///
/// | behavior | | | |
/// |---|---|---|---|
/// | `Burst` | 150 | 200 | 250 |
/// | `Delay` | 280 | 330 | 380 |
/// | `Skip`  | 250 | 300 | 350 |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// Ticks without a wait until it has caught up: the number of ticks stays right.
    #[default]
    Burst,
    /// Ticks a period after the late tick was taken, and every period from then on: the distance
    /// is never shorter than a period.
    Delay,
    /// Leaves out the missed ticks: ticks stay at multiples of the period from the start.
    Skip,
}

impl MissedTickBehavior {
    /// The tick after one that was due at `due` and is taken at `now`, too late.
    fn next_tick(self, due: Instant, now: Instant, period: Duration) -> Instant {
        match self {
            Self::Burst => due.saturating_add(period),
            Self::Delay => now.saturating_add(period),
            Self::Skip => now.saturating_add(period - remainder(now - due, period)),
        }
    }
}

/// What is left of `duration` after as many periods as it holds.
fn remainder(duration: Duration, period: Duration) -> Duration {
    const NANOS: u128 = 1_000_000_000;
    let left = duration.as_nanos() % period.as_nanos();
    Duration::new((left / NANOS) as u64, (left % NANOS) as u32)
}

/// Ticks at a steady rate; made by [`interval`] and [`interval_at`].
pub struct Interval {
    /// Its deadline is the next tick.
    timer: Timer,
    period: Duration,
    missed_tick_behavior: MissedTickBehavior,
}

impl Interval {
    #[track_caller]
    fn new(timer: Timer, period: Duration) -> Self {
        assert!(!period.is_zero(), "the period of an interval must not be zero");
        Self { timer, period, missed_tick_behavior: MissedTickBehavior::default() }
    }

    /// Waits for the next tick; returns the instant at which it was due.
    ///
    /// # Cancel safety
    ///
    /// A dropped future uses up no tick: the next call waits for the same one.
    ///
    /// # Panics
    ///
    /// A wait panics where a [`sleep`](super::sleep) does.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Polls for the next tick; ready with the instant at which it was due.
    ///
    /// When it is pending, the task of the last call is woken for the tick.
    ///
    /// # Panics
    ///
    /// As [`tick`](Self::tick).
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(budget::poll_counted(cx, |cx| self.timer.poll(cx)));
        let due = self.timer.deadline();
        let now = self.timer.now();
        let next = if now - due > TOLERANCE {
            self.missed_tick_behavior.next_tick(due, now, self.period)
        } else {
            due.saturating_add(self.period)
        };
        self.timer.reset(next);
        Poll::Ready(due)
    }

    /// Makes the next tick due one period from now.
    ///
    /// ```
    /// use std::time::Duration;
    /// use minato::runtime::Builder;
    /// use minato::time::{Instant, advance, interval};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::new_current_thread().start_paused(true).build()?;
    /// runtime.block_on(async {
    ///     let mut interval = interval(Duration::from_secs(60));
    ///     interval.tick().await;
    ///     advance(Duration::from_secs(50)).await;
    ///     interval.reset();
    ///     let reset_at = Instant::now();
    ///     assert_eq!(interval.tick().await - reset_at, Duration::from_secs(60));
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// Makes the next tick due now, and the others every period from now on. A task that waits for
    /// a tick is woken.
    pub fn reset_immediately(&mut self) {
        self.timer.reset(self.timer.now());
    }

    /// Makes the next tick due after `after`, and the others every period from then on.
    pub fn reset_after(&mut self, after: Duration) {
        self.timer.reset(self.timer.now().saturating_add(after));
    }

    /// Makes the next tick due at `deadline`, and the others every period from then on.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.timer.reset(deadline);
    }

    /// What happens after a tick that was taken too late.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed_tick_behavior
    }

    /// Sets what happens after a tick that was taken too late.
    ///
    /// ```
    /// use std::time::Duration;
    /// use minato::runtime::Builder;
    /// use minato::time::{Instant, MissedTickBehavior, advance, interval};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::new_current_thread().start_paused(true).build()?;
    /// runtime.block_on(async {
    ///     let start = Instant::now();
    ///     let mut interval = interval(Duration::from_secs(10));
    ///     interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ///     interval.tick().await;
    ///     advance(Duration::from_secs(35)).await; // three ticks are due
    ///     assert_eq!(interval.tick().await, start + Duration::from_secs(10));
    ///     assert_eq!(interval.tick().await, start + Duration::from_secs(40));
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed_tick_behavior = behavior;
    }

    /// The time from one tick to the next.
    pub fn period(&self) -> Duration {
        self.period
    }
}

crate::debug::opaque!(
    Interval, |it|
    next_tick: it.timer.deadline(),
    period: it.period,
    missed_tick_behavior: it.missed_tick_behavior
);
