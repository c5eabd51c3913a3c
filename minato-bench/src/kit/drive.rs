//! The bodies of the workloads that drive themselves, with the peer's calls as arguments.
//!
//! Bodies that poll many timers give way after every [`BATCH`] of them: tokio and minato limit what
//! one poll of a task may do, and past the limit a timer is not registered at all.

use std::future::{Future, Pending, pending, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::peer::Stopwatch;

/// Timers polled between two yields; below the 128 operations that tokio and minato allow.
const BATCH: u64 = 100;

/// Timers that wait in the workload `timer-reset`.
const WAITING: usize = 1000;

/// Later than any run lasts.
const FAR: Duration = Duration::from_secs(30);

/// The time over which the timers of `timer-expire` are spread, after its first millisecond.
const SPREAD: Duration = Duration::from_millis(49);

/// A future that is never ready, to put a timeout on.
pub fn forever() -> Pending<()> {
    pending()
}

/// Goes to the end of the queue, on a runtime that has no such call: wakes itself and waits.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Polls a future once, with the waker of the calling task.
pub async fn poll_once<F: Future>(mut future: Pin<&mut F>) {
    poll_fn(|cx: &mut Context<'_>| {
        let _ = future.as_mut().poll(cx);
        Poll::Ready(())
    })
    .await;
}

/// Spawns a task and joins it, `count` times; adds up what they return.
pub async fn spawn_and_join<J, T>(count: u64, spawn: impl Fn(u64) -> J, number: fn(T) -> u64) -> u64
where
    J: Future<Output = T>,
{
    let mut sum = 0_u64;
    for turn in 0..count {
        sum = sum.wrapping_add(number(spawn(turn).await));
    }
    sum
}

/// Gives way `count` times.
pub async fn yield_often<Y: Future>(count: u64, yield_now: impl Fn() -> Y) {
    for _ in 0..count {
        yield_now().await;
    }
}

/// Makes a timeout that is far off, polls it once and drops it, `count` times.
pub async fn insert_and_cancel<T: Future, Y: Future>(
    count: u64,
    timeout: impl Fn(Duration) -> T,
    yield_now: impl Fn() -> Y,
) {
    for turn in 1..=count {
        poll_once(std::pin::pin!(timeout(FAR))).await;
        if turn % BATCH == 0 {
            yield_now().await;
        }
    }
}

/// Polls `count` timers that end between 1 and 50 ms from now, then awaits each.
pub async fn expire<S: Future, Y: Future>(
    count: u64,
    sleep_until: impl Fn(Instant) -> S,
    yield_now: impl Fn() -> Y,
) {
    let first = Instant::now() + Duration::from_millis(1);
    let step = SPREAD.as_nanos() as u64 / count.max(1);
    let mut sleeps = Vec::new();
    for turn in 0..count {
        let deadline = first + Duration::from_nanos(turn * step);
        let mut sleep = Box::pin(sleep_until(deadline));
        poll_once(sleep.as_mut()).await;
        sleeps.push(sleep);
        if turn % BATCH == 0 {
            yield_now().await;
        }
    }
    for sleep in sleeps {
        sleep.await;
    }
}

/// Polls 1,000 timers that are far off, then sets one after the other to a later time, `count`
/// times in all. The watch starts when they wait.
pub async fn reset_in_turn<S: Future, Y: Future>(
    count: u64,
    sleep_until: impl Fn(Instant) -> S,
    reset: impl Fn(Pin<&mut S>, Instant),
    yield_now: impl Fn() -> Y,
) -> Stopwatch {
    let far = Instant::now() + FAR;
    let mut sleeps = Vec::new();
    for turn in 0..WAITING {
        let mut sleep = Box::pin(sleep_until(far + Duration::from_micros(turn as u64)));
        poll_once(sleep.as_mut()).await;
        sleeps.push(sleep);
        if (turn as u64).is_multiple_of(BATCH) {
            yield_now().await;
        }
    }
    let watch = Stopwatch::start();
    for turn in 0..count {
        let later = far + Duration::from_micros(WAITING as u64 + turn);
        reset(sleeps[turn as usize % WAITING].as_mut(), later);
    }
    watch
}
