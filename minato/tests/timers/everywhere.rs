//! A sleep works under every executor, and ends at its deadline or later.

use std::future::Future;
use std::time::Duration;

use minato::runtime::{Builder, LocalRuntime};
use minato::time::{Instant, sleep, sleep_until};

use crate::kit::limited;

const SHORT: Duration = Duration::from_millis(5);

/// Sleeps in all ways; each ends at its deadline at the earliest.
async fn sleeps() {
    let start = Instant::now();
    sleep(SHORT).await;
    assert!(start.elapsed() >= SHORT);

    let deadline = Instant::now() + SHORT;
    sleep_until(deadline).await;
    assert!(Instant::now() >= deadline);

    let both = futures::future::join(sleep(SHORT), sleep(SHORT * 2));
    let start = Instant::now();
    both.await;
    assert!(start.elapsed() >= SHORT);
}

fn check(
    block_on: impl FnOnce(std::pin::Pin<Box<dyn Future<Output = ()> + Send>>) + Send + 'static,
) {
    limited(move || block_on(Box::pin(sleeps())));
}

#[test]
fn a_plain_thread() {
    check(pollster::block_on);
}

#[test]
fn the_futures_executor() {
    check(futures::executor::block_on);
}

#[test]
fn smol() {
    check(|sleeps| smol::block_on(smol::spawn(sleeps)));
}

#[test]
fn tokio_current_thread() {
    check(|sleeps| tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(sleeps));
}

#[test]
fn tokio_multi_thread() {
    check(|sleeps| {
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        runtime.block_on(runtime.spawn(sleeps)).unwrap();
    });
}

#[test]
fn our_current_thread() {
    check(|sleeps| Builder::new_current_thread().build().unwrap().block_on(sleeps));
}

#[test]
fn a_task_of_our_current_thread() {
    check(|sleeps| {
        let runtime = Builder::new_current_thread().build().unwrap();
        let handle = runtime.spawn(sleeps);
        runtime.block_on(handle).unwrap();
    });
}

#[test]
fn a_local_runtime() {
    check(|sleeps| {
        let runtime = LocalRuntime::new().unwrap();
        let handle = runtime.spawn_local(sleeps);
        runtime.block_on(handle).unwrap();
    });
}

#[test]
fn our_multi_thread() {
    for workers in [1, 2] {
        check(move |sleeps| {
            let runtime = Builder::new_multi_thread().worker_threads(workers).build().unwrap();
            runtime.block_on(sleeps);
        });
        check(move |sleeps| {
            let runtime = Builder::new_multi_thread().worker_threads(workers).build().unwrap();
            let handle = runtime.spawn(sleeps);
            runtime.block_on(handle).unwrap();
        });
    }
}

#[test]
fn the_default_runtime() {
    check(|sleeps| pollster::block_on(minato::spawn(sleeps)).unwrap());
}

#[test]
fn another_executor_within_a_task() {
    // The task blocks its worker in a loop that is not ours: nobody turns the worker's reactor.
    for workers in [1, 2] {
        check(move |sleeps| {
            let runtime = Builder::new_multi_thread().worker_threads(workers).build().unwrap();
            let handle = runtime.spawn(async move { pollster::block_on(sleeps) });
            runtime.block_on(handle).unwrap();
        });
    }
    check(|sleeps| {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async move { pollster::block_on(sleeps) });
    });
}

#[test]
fn one_runtime_within_another() {
    check(|sleeps| {
        let outer = Builder::new_current_thread().build().unwrap();
        let inner = Builder::new_current_thread().build().unwrap();
        outer.block_on(async { inner.block_on(sleeps) });
    });
    check(|sleeps| {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { runtime.block_on(sleeps) });
    });
}

#[test]
fn a_sleep_that_is_due_is_ready_at_once() {
    use std::task::Poll;
    let counter = super::waking::Counter::new();
    let mut due = std::pin::pin!(sleep(Duration::ZERO));
    assert!(!due.is_elapsed(), "it has not begun");
    assert_eq!(counter.poll(due.as_mut()), Poll::Ready(()));
    assert!(due.is_elapsed());
    // Once more is no mistake.
    assert_eq!(counter.poll(due), Poll::Ready(()));
    let mut past = std::pin::pin!(sleep_until(Instant::now() - Duration::from_secs(1)));
    assert_eq!(counter.poll(past.as_mut()), Poll::Ready(()));
    assert_eq!(counter.wakes(), 0);
}

#[test]
fn a_sleep_without_end_can_be_polled_and_dropped() {
    let counter = super::waking::Counter::new();
    let mut endless = std::pin::pin!(sleep(Duration::MAX));
    assert!(!endless.is_elapsed());
    assert!(endless.deadline() > Instant::now() + Duration::from_secs(3600));
    assert!(counter.poll(endless.as_mut()).is_pending());
    assert!(counter.poll(endless.as_mut()).is_pending());
}
