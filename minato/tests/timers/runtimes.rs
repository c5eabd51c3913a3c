//! Timers that outlive the runtime in which they waited.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use minato::runtime::{Builder, Runtime};
use minato::time::{Instant, Sleep, advance, interval, sleep, sleep_until};

use super::waking::{Counter, poll_once};
use crate::kit::limited;

fn kinds() -> [fn() -> Runtime; 2] {
    [
        || Builder::new_current_thread().build().unwrap(),
        || Builder::new_multi_thread().worker_threads(1).build().unwrap(),
    ]
}

/// A sleep that waits in a runtime which is gone.
fn left_over(runtime: Runtime, deadline: Instant) -> Pin<Box<Sleep>> {
    let mut sleep = Box::pin(sleep_until(deadline));
    let counter = Counter::new();
    runtime.block_on(async {
        assert!(poll_once(sleep.as_mut()).await.is_pending());
        assert!(counter.poll(sleep.as_mut()).is_pending());
    });
    drop(runtime);
    assert_eq!(counter.wakes(), 1, "a runtime that ends wakes its timers");
    sleep
}

#[test]
fn a_sleep_goes_on_in_the_next_runtime() {
    limited(|| {
        for first in kinds() {
            for second in kinds() {
                let deadline = Instant::now() + Duration::from_millis(30);
                second().block_on(left_over(first(), deadline));
                assert!(Instant::now() >= deadline);
            }
        }
    });
}

#[test]
fn a_sleep_goes_on_on_a_plain_thread() {
    limited(|| {
        for first in kinds() {
            let deadline = Instant::now() + Duration::from_millis(30);
            pollster::block_on(left_over(first(), deadline));
            assert!(Instant::now() >= deadline);
        }
    });
}

#[test]
fn a_sleep_made_in_a_runtime_waits_after_it_is_gone() {
    limited(|| {
        for first in kinds() {
            let runtime = first();
            let sleep = {
                let _entered = runtime.enter();
                sleep(Duration::from_millis(10))
            };
            drop(runtime);
            let deadline = sleep.deadline();
            pollster::block_on(sleep);
            assert!(Instant::now() >= deadline);
        }
    });
}

#[test]
fn an_interval_goes_on_from_runtime_to_runtime() {
    limited(|| {
        let mut interval = interval(Duration::from_millis(3));
        let mut last = pollster::block_on(interval.tick());
        for runtime in kinds().into_iter().chain(kinds()) {
            let due = runtime().block_on(interval.tick());
            assert_eq!(due - last, Duration::from_millis(3));
            last = due;
        }
    });
}

#[test]
fn what_is_left_of_virtual_time_stays_virtual() {
    limited(|| {
        let paused = || Builder::new_current_thread().start_paused(true).build().unwrap();
        let first = paused();
        let mut sleep = Box::pin({
            let _entered = first.enter();
            sleep(Duration::from_secs(3600))
        });
        first.block_on(async {
            assert!(poll_once(sleep.as_mut()).await.is_pending());
            advance(Duration::from_secs(600)).await;
        });
        drop(first);
        paused().block_on(async {
            let start = Instant::now();
            sleep.await;
            assert_eq!(start.elapsed(), Duration::from_secs(3000));
        });
    });
}

#[test]
fn a_timer_may_be_dropped_after_its_runtime() {
    for first in kinds() {
        let sleep = left_over(first(), Instant::now() + Duration::from_secs(3600));
        drop(sleep);
    }
}

#[test]
fn a_task_that_moves_between_workers_keeps_its_timer() {
    limited(|| {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let tasks: Vec<_> = (0..50)
            .map(|n| {
                runtime.spawn(async move {
                    let deadline = Instant::now() + Duration::from_millis(10 + n % 5);
                    let mut sleep = Box::pin(sleep_until(deadline));
                    // Polled again and again, by whichever worker is free.
                    std::future::poll_fn(|cx| {
                        let polled = sleep.as_mut().poll(cx);
                        if polled.is_pending() && n % 2 == 0 {
                            cx.waker().wake_by_ref();
                        }
                        polled
                    })
                    .await;
                    assert!(Instant::now() >= deadline);
                })
            })
            .collect();
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
    });
}

#[test]
fn a_runtime_that_ends_while_a_timer_joins_it() {
    limited(|| {
        for round in 0..200 {
            let runtime = kinds()[round % 2]();
            let handle = runtime.handle().clone();
            let waiter = std::thread::spawn(move || {
                let _entered = handle.enter();
                let deadline = Instant::now() + Duration::from_millis(2);
                pollster::block_on(sleep_until(deadline));
                assert!(Instant::now() >= deadline);
            });
            for _ in 0..round * 10 {
                std::hint::spin_loop();
            }
            drop(runtime);
            waiter.join().unwrap();
        }
    });
}
