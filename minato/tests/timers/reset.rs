//! Moving the deadline of a sleep.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use minato::runtime::Builder;
use minato::time::{Instant, Interval, interval, sleep, sleep_until};

use super::waking::{Counter, poll_once};
use crate::kit::limited;

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(5);

#[test]
fn earlier_before_the_first_poll() {
    limited(|| {
        let mut sleep = pin!(sleep(LONG));
        let deadline = Instant::now() + SHORT;
        sleep.as_mut().reset(deadline);
        assert_eq!(sleep.deadline(), deadline);
        pollster::block_on(sleep);
        assert!(Instant::now() >= deadline);
    });
}

#[test]
fn earlier_while_waiting_wakes_the_task_without_another_poll() {
    limited(|| {
        let counter = Counter::new();
        let mut sleep = pin!(sleep(LONG));
        assert!(counter.poll(sleep.as_mut()).is_pending());
        let deadline = Instant::now() + SHORT;
        sleep.as_mut().reset(deadline);
        counter.wait();
        assert!(Instant::now() >= deadline);
        assert_eq!(counter.poll(sleep), Poll::Ready(()));
    });
}

#[test]
fn later_while_waiting() {
    limited(|| {
        pollster::block_on(async {
            let mut sleep = pin!(sleep(Duration::from_millis(20)));
            assert!(poll_once(sleep.as_mut()).await.is_pending());
            let deadline = Instant::now() + Duration::from_millis(60);
            sleep.as_mut().reset(deadline);
            sleep.as_mut().await;
            assert!(Instant::now() >= deadline);
            assert!(sleep.is_elapsed());
        });
    });
}

#[test]
fn after_it_has_ended() {
    limited(|| {
        pollster::block_on(async {
            let mut sleep = pin!(sleep(SHORT));
            sleep.as_mut().await;
            for _ in 0..3 {
                let deadline = Instant::now() + SHORT;
                sleep.as_mut().reset(deadline);
                assert!(!sleep.is_elapsed() || Instant::now() >= deadline);
                sleep.as_mut().await;
                assert!(Instant::now() >= deadline);
            }
        });
    });
}

#[test]
fn after_it_has_fired_and_before_anybody_looked() {
    limited(|| {
        let counter = Counter::new();
        let mut sleep = pin!(sleep(SHORT));
        assert!(counter.poll(sleep.as_mut()).is_pending());
        counter.wait();
        sleep.as_mut().reset(Instant::now() + LONG);
        assert!(counter.poll(sleep.as_mut()).is_pending());
        sleep.as_mut().reset(Instant::now());
        pollster::block_on(sleep);
    });
}

#[test]
fn exact_under_a_stopped_clock() {
    let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let start = Instant::now();
        let mut sleep = pin!(sleep(Duration::from_secs(10)));
        assert!(poll_once(sleep.as_mut()).await.is_pending());
        for (from_start, now) in [(20, 20), (7, 20), (21, 21), (4000, 4000), (3999, 4000)] {
            sleep.as_mut().reset(start + Duration::from_secs(from_start));
            sleep.as_mut().await;
            assert_eq!(start.elapsed(), Duration::from_secs(now));
        }
        // Forth and back again while it waits, past what one level of the wheel covers.
        sleep.as_mut().reset(start + Duration::from_secs(100_000));
        assert!(poll_once(sleep.as_mut()).await.is_pending());
        for seconds in [90_000_000, 4001, 70_000, 5000] {
            sleep.as_mut().reset(start + Duration::from_secs(seconds));
        }
        sleep.as_mut().await;
        assert_eq!(start.elapsed(), Duration::from_secs(5000));
    });
}

#[test]
fn a_sleep_moved_to_the_past_is_ready() {
    let counter = Counter::new();
    let start = Instant::now();
    let mut sleep = pin!(sleep_until(start + LONG));
    assert!(counter.poll(sleep.as_mut()).is_pending());
    sleep.as_mut().reset(start);
    counter.wait();
    assert_eq!(counter.poll(sleep), Poll::Ready(()));
}

#[test]
fn a_sleep_moved_to_the_past_needs_no_turn_to_be_ready() {
    for paused in [false, true] {
        Builder::new_current_thread().start_paused(paused).build().unwrap().block_on(async {
            let counter = Counter::new();
            let start = Instant::now();
            let mut sleep = pin!(sleep(LONG));
            assert!(counter.poll(sleep.as_mut()).is_pending());
            sleep.as_mut().reset(start);
            assert_eq!(counter.wakes(), 1, "the task is woken by the reset itself");
            assert_eq!(counter.poll(sleep.as_mut()), Poll::Ready(()));
            assert_eq!(counter.wakes(), 1);
        });
    }
}

#[test]
fn an_interval_reset_to_now_or_the_past_ticks_without_a_turn() {
    Builder::new_current_thread().start_paused(true).build().unwrap().block_on(async {
        let counter = Counter::new();
        let waker = Waker::from(counter.clone());
        let mut cx = Context::from_waker(&waker);
        let start = Instant::now();
        let mut interval = interval(LONG);
        let resets: [fn(&mut Interval, Instant); 3] = [
            |interval, _| interval.reset_immediately(),
            |interval, _| interval.reset_after(Duration::ZERO),
            |interval, start| interval.reset_at(start),
        ];
        assert_eq!(interval.poll_tick(&mut cx), Poll::Ready(start));
        for (round, reset) in resets.into_iter().enumerate() {
            assert!(interval.poll_tick(&mut cx).is_pending());
            reset(&mut interval, start);
            assert_eq!(counter.wakes(), round + 1);
            assert_eq!(interval.poll_tick(&mut cx), Poll::Ready(start));
        }
    });
}

#[test]
fn a_waker_that_panics_in_a_reset_reaches_nobody() {
    struct PanicOnWake;
    impl Wake for PanicOnWake {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics, as planned");
        }
    }
    Builder::new_current_thread().build().unwrap().block_on(async {
        let start = Instant::now();
        let mut sleep = pin!(sleep(LONG));
        let waker = Waker::from(Arc::new(PanicOnWake));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        sleep.as_mut().reset(start);
        sleep.await;
    });
}
