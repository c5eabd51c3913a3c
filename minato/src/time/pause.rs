//! Stopping the clock of a runtime and moving it by hand, for tests.

use std::time::Duration;

use super::clock::{Clock, PausableClock};
use crate::runtime::context;
use crate::runtime::inner::RuntimeInner;
use crate::sync::Arc;
use crate::task::yield_now;

/// Stops the clock of the current-thread runtime that this is called in.
///
/// From then on [`Instant::now`](super::Instant::now) stays the same there. When no task can run
/// and no blocking job is running, the clock jumps to the next deadline of a timer: what waits for
/// time alone takes no time. [`advance`] moves the clock by hand, and [`resume`] starts it again.
/// Sockets and other threads go by real time as before.
///
/// [`Builder::start_paused`](crate::runtime::Builder::start_paused) stops it from the start.
///
/// # Panics
///
/// Outside a current-thread runtime, in a simulated one, and if the clock is stopped already. The
/// message says which.
///
/// ```
/// use std::time::Duration;
/// use minato::runtime::Builder;
/// use minato::time::{self, Instant};
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = Builder::new_current_thread().build()?;
/// runtime.block_on(async {
///     time::pause();
///     let start = Instant::now();
///     time::sleep_until(start + Duration::from_secs(24 * 60 * 60)).await; // at once
///     assert!(start.elapsed() >= Duration::from_secs(24 * 60 * 60));
///     time::resume();
/// });
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn pause() {
    let (_, clock) = current("pause");
    assert!(clock.pause(), "minato::time::pause: the clock is stopped already");
}

/// Starts a stopped clock again, from the point at which it was stopped or to which it was moved.
///
/// # Panics
///
/// Outside a current-thread runtime, in a simulated one, and if the clock is running. The message
/// says which.
///
/// ```
/// use std::time::Duration;
/// use minato::runtime::Builder;
/// use minato::time::{self, Instant};
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = Builder::new_current_thread().start_paused(true).build()?;
/// runtime.block_on(async {
///     let start = Instant::now();
///     time::resume();
///     time::sleep(Duration::from_millis(2)).await; // real time from here on
///     assert!(start.elapsed() >= Duration::from_millis(2));
/// });
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn resume() {
    let (_, clock) = current("resume");
    assert!(clock.resume(), "minato::time::resume: {NOT_PAUSED}");
}

/// Moves a stopped clock by `duration`. Tasks that wait for a deadline up to there run before it
/// returns.
///
/// The clock moves in one step: all timers that are due then, a timer of exactly `duration` too,
/// fire in the order of their deadlines, and the tasks that they wake see the new time. A task that
/// sleeps again starts from that time.
///
/// # Cancel safety
///
/// The clock moves and the timers fire at the first poll. A future that is dropped after it has
/// done so.
///
/// # Panics
///
/// Outside a current-thread runtime, in a simulated one, and if the clock is running. The message
/// says which.
///
/// ```
/// use std::time::Duration;
/// use minato::runtime::Builder;
/// use minato::time;
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = Builder::new_current_thread().start_paused(true).build()?;
/// runtime.block_on(async {
///     let sleeper = minato::spawn(time::sleep(Duration::from_secs(10)));
///     minato::task::yield_now().await; // the sleeper begins to wait
///     time::advance(Duration::from_secs(9)).await;
///     assert!(!sleeper.is_finished());
///     time::advance(Duration::from_secs(1)).await;
///     assert!(sleeper.is_finished());
/// });
/// # Ok(())
/// # }
/// ```
pub async fn advance(duration: Duration) {
    let (runtime, clock) = current("advance");
    assert!(clock.advance(duration), "minato::time::advance: {NOT_PAUSED}");
    for reactor in &runtime.reactors {
        reactor.fire_timers();
    }
    drop((runtime, clock));
    yield_now().await;
}

const NOT_PAUSED: &str = "the clock has not been stopped; call minato::time::pause first";

/// The runtime that this thread is in, and its clock, which `function` needs to be a pausable one.
#[track_caller]
fn current(function: &str) -> (Arc<RuntimeInner>, Arc<PausableClock>) {
    let Some(runtime) = context::runtime() else {
        panic!(
            "minato::time::{function}: this is outside every runtime, where time is the system's; \
             use it within a current-thread runtime"
        );
    };
    let clock = match &runtime.clock {
        Clock::Pausable(clock) => clock.clone(),
        Clock::System => panic!(
            "minato::time::{function}: the clock of a multi-thread runtime cannot be stopped; \
             use it within a current-thread runtime"
        ),
        Clock::Simulated(_) => panic!(
            "minato::time::{function}: a simulated world has a clock of its own, \
             which moves whenever no task can run"
        ),
    };
    (runtime, clock)
}
