//! Many timers at once.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use minato::runtime::Builder;
use minato::time::{Instant, sleep, sleep_until};

use crate::kit::limited;

/// The numbers below `count`, in an order that looks like none.
fn shuffled(count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(move |n| n * 7919 % count)
}

#[test]
fn a_thousand_fire_in_order() {
    limited(|| {
        let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        runtime.block_on(async {
            let start = Instant::now();
            let tasks: Vec<_> = shuffled(1000)
                .map(|n| {
                    let order = order.clone();
                    minato::spawn(async move {
                        sleep_until(start + Duration::from_millis(n * n)).await;
                        assert_eq!(start.elapsed(), Duration::from_millis(n * n));
                        order.lock().unwrap().push(n);
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        assert_eq!(*order.lock().unwrap(), (0..1000).collect::<Vec<_>>());
    });
}

#[test]
fn a_thousand_in_one_task() {
    limited(|| {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let start = Instant::now();
            let sleeps = shuffled(1000).map(|n| async move {
                let deadline = start + Duration::from_millis(n % 30);
                sleep_until(deadline).await;
                assert!(Instant::now() >= deadline);
            });
            assert_eq!(futures::future::join_all(sleeps).await.len(), 1000);
        });
    });
}

#[test]
fn tasks_of_many_threads() {
    limited(|| {
        let runtime = Builder::new_multi_thread().worker_threads(3).build().unwrap();
        let tasks: Vec<_> = shuffled(1000)
            .map(|n| {
                runtime.spawn(async move {
                    for round in 0..5 {
                        let deadline = Instant::now() + Duration::from_millis((n + round) % 7);
                        sleep_until(deadline).await;
                        assert!(Instant::now() >= deadline);
                    }
                })
            })
            .collect();
        runtime.block_on(async {
            for task in tasks {
                task.await.unwrap();
            }
        });
    });
}

#[test]
fn plain_threads_share_one_wheel() {
    limited(|| {
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                thread::spawn(move || {
                    for n in 0..100 {
                        let deadline = Instant::now() + Duration::from_millis((n + thread) % 4);
                        pollster::block_on(sleep_until(deadline));
                        assert!(Instant::now() >= deadline);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_ready_timer_lets_others_run() {
    limited(|| {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let other = minato::spawn(async {});
            // Without a budget this task would never come to an end.
            while !other.is_finished() {
                sleep(Duration::ZERO).await;
            }
        });
    });
}
