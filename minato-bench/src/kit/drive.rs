//! The bodies of the workloads that drive themselves, with the peer's calls as arguments.
//!
//! Bodies that poll many timers give way after every [`BATCH`] of them: tokio and minato limit what
//! one poll of a task may do, and past the limit a timer is not registered at all.

use std::future::{Future, Pending, pending, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::peer::{Spent, Stopwatch};

/// Timers polled between two yields; below the 128 operations that tokio and minato allow.
const BATCH: u64 = 100;

/// Timers that wait in the workload `timer-reset`.
const WAITING: usize = 1000;

/// Later than any run lasts.
const FAR: Duration = Duration::from_secs(30);

/// The shortest timer of `timer-expire`.
const SHORTEST: Duration = Duration::from_millis(1);

/// How much longer than that the longest is, at most.
const SPREAD: Duration = Duration::from_millis(49);

/// Between the ends of two timers of `timer-expire`, unless there are so many that this exceeds
/// [`SPREAD`].
const STEP: Duration = Duration::from_nanos(490);

/// A future that is never ready, to put a timeout on.
pub fn forever() -> Pending<()> {
    pending()
}

/// Goes to the end of the queue, on a runtime without a call for that: wakes itself and waits.
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

/// Polls a future once, with the waker of the calling task; returns whether it is done.
async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> bool {
    poll_fn(|cx: &mut Context<'_>| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
}

/// What awaiting a task gives that returns a number: the number, or also that the task failed.
pub trait Joined {
    /// The number, or 0 if the task failed.
    fn number(self) -> u64;
}

impl Joined for u64 {
    fn number(self) -> u64 {
        self
    }
}

impl<E> Joined for Result<u64, E> {
    fn number(self) -> u64 {
        self.unwrap_or_default()
    }
}

/// Spawns a task and joins it, `count` times; adds up what they return.
pub async fn spawn_and_join<J>(count: u64, spawn: impl Fn(u64) -> J) -> u64
where
    J: Future<Output: Joined>,
{
    let mut sum = 0_u64;
    for turn in 0..count {
        sum = sum.wrapping_add(spawn(turn).await.number());
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

/// Polls `count` timers once, then awaits each in the order in which they end. The first lasts
/// 1 ms, the last at most 50.
///
/// Its duration is mostly the timers' own time; its cost shows in CPU time.
pub async fn expire<S: Future, Y: Future>(
    count: u64,
    sleep: impl Fn(Duration) -> S,
    yield_now: impl Fn() -> Y,
) {
    let step = SPREAD.as_nanos() as u64 / count.max(1);
    let step = step.min(STEP.as_nanos() as u64);
    let mut sleeps = Vec::new();
    for turn in 0..count {
        let duration = SHORTEST + Duration::from_nanos(turn * step);
        let mut sleep = Box::pin(sleep(duration));
        // On a busy machine it may be due already, and a future that is done is not polled again.
        if !poll_once(sleep.as_mut()).await {
            sleeps.push(sleep);
        }
        if turn % BATCH == 0 {
            yield_now().await;
        }
    }
    for sleep in sleeps {
        sleep.await;
    }
}

/// Polls 1,000 timers that are far off, then sets one after the other to a later time, `count`
/// times in all. Only this is measured.
pub async fn reset_in_turn<S: Future, Y: Future>(
    count: u64,
    sleep_until: impl Fn(Instant) -> S,
    reset: impl Fn(Pin<&mut S>, Instant),
    yield_now: impl Fn() -> Y,
) -> Spent {
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
    watch.stop()
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use smol::Timer;

    use super::*;

    #[test]
    fn every_task_is_joined() {
        let spawn = |turn| async move { turn };
        assert_eq!(smol::block_on(spawn_and_join(5, spawn)), 1 + 2 + 3 + 4);
        let spawn = |turn| async move { if turn == 2 { Err(()) } else { Ok(turn) } };
        assert_eq!(smol::block_on(spawn_and_join(5, spawn)), 1 + 3 + 4);
    }

    #[test]
    fn a_yield_takes_one_more_poll() {
        let polls = Cell::new(0);
        smol::block_on(async {
            let mut yields = std::pin::pin!(yield_often(7, yield_now));
            poll_fn(|cx| {
                polls.set(polls.get() + 1);
                yields.as_mut().poll(cx)
            })
            .await;
        });
        assert_eq!(polls.get(), 8);
    }

    #[test]
    fn every_timeout_is_polled_once_and_dropped() {
        struct Timeout<'a>(&'a Cell<u64>, &'a Cell<u64>);
        impl Future for Timeout<'_> {
            type Output = ();
            fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
                self.0.set(self.0.get() + 1);
                Poll::Pending
            }
        }
        impl Drop for Timeout<'_> {
            fn drop(&mut self) {
                self.1.set(self.1.get() + 1);
            }
        }
        let (polled, dropped, yields) = (Cell::new(0), Cell::new(0), Cell::new(0));
        let make = |after: Duration| {
            assert!(after >= Duration::from_secs(10));
            Timeout(&polled, &dropped)
        };
        let give_way = || {
            yields.set(yields.get() + 1);
            yield_now()
        };
        smol::block_on(insert_and_cancel(250, make, give_way));
        assert_eq!((polled.get(), dropped.get(), yields.get()), (250, 250, 2));
    }

    #[test]
    fn timers_are_awaited_in_the_order_of_their_ends() {
        let made = RefCell::new(Vec::new());
        let done = &Cell::new(0);
        let make = |duration| {
            made.borrow_mut().push(duration);
            async move {
                Timer::after(duration).await;
                done.set(done.get() + 1);
            }
        };
        smol::block_on(expire(300, make, yield_now));
        let made = made.into_inner();
        assert_eq!((made.len(), done.get()), (300, 300));
        assert!(made.is_sorted() && made[0] == SHORTEST && made[299] == SHORTEST + 299 * STEP);
    }

    #[test]
    fn many_timers_end_in_their_time_too() {
        let last = Cell::new(Duration::ZERO);
        let make = |duration| {
            last.set(duration);
            async {}
        };
        smol::block_on(expire(1_000_000, make, yield_now));
        assert!(last.get() > SHORTEST + SPREAD * 9 / 10 && last.get() < SHORTEST + SPREAD);
    }

    #[test]
    fn a_timer_that_is_due_at_once_is_not_polled_again() {
        let polls = Cell::new(0);
        let make = |_| {
            let mut done = false;
            let polls = &polls;
            poll_fn(move |_| {
                assert!(!done, "polled after it was done");
                done = true;
                polls.set(polls.get() + 1);
                Poll::Ready(())
            })
        };
        smol::block_on(expire(10, make, yield_now));
        assert_eq!(polls.get(), 10);
    }

    #[test]
    fn every_timer_in_turn_is_set_to_a_later_time() {
        let now = Instant::now();
        let resets = RefCell::new(Vec::new());
        let reset = |timer: Pin<&mut Timer>, later| {
            resets.borrow_mut().push(later);
            timer.get_mut().set_at(later);
        };
        let _spent = smol::block_on(reset_in_turn(1500, Timer::at, reset, yield_now));
        let resets = resets.into_inner();
        assert_eq!(resets.len(), 1500);
        assert!(resets.is_sorted() && resets[0] > now + Duration::from_secs(10));
    }
}
