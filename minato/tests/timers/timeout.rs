//! Futures with a deadline.

use std::future::{Future, pending, poll_fn, ready};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use minato::runtime::Builder;
use minato::time::error::Elapsed;
use minato::time::{Instant, advance, sleep, timeout, timeout_at};

use super::waking::{Counter, poll_once};
use crate::kit::limited;

fn paused<F: Future>(future: F) -> F::Output {
    Builder::new_current_thread().start_paused(true).build().unwrap().block_on(future)
}

#[test]
fn a_ready_future_comes_first() {
    let counter = Counter::new();
    let mut late = pin!(timeout_at(Instant::now() - Duration::from_secs(1), ready(7)));
    assert_eq!(counter.poll(late.as_mut()), Poll::Ready(Ok(7)));
    let mut zero = pin!(timeout(Duration::ZERO, pending::<()>()));
    assert!(matches!(counter.poll(zero.as_mut()), Poll::Ready(Err(Elapsed { .. }))));
}

#[test]
fn the_time_is_exact() {
    paused(async {
        let start = Instant::now();
        assert!(timeout(Duration::from_secs(5), pending::<()>()).await.is_err());
        assert_eq!(start.elapsed(), Duration::from_secs(5));

        let in_time = timeout(Duration::from_secs(5), sleep(Duration::from_secs(4))).await;
        assert_eq!(in_time, Ok(()));
        assert_eq!(start.elapsed(), Duration::from_secs(9));

        // Both at once: the future is asked first.
        let at_once = timeout(Duration::from_secs(3), sleep(Duration::from_secs(3))).await;
        assert_eq!(at_once, Ok(()));
    });
}

#[test]
fn the_time_counts_from_the_call() {
    paused(async {
        let timed = timeout(Duration::from_secs(5), pending::<()>());
        advance(Duration::from_secs(4)).await;
        let before = Instant::now();
        assert!(timed.await.is_err());
        assert_eq!(before.elapsed(), Duration::from_secs(1));
    });
}

#[test]
fn nested_the_shorter_one_counts() {
    paused(async {
        let start = Instant::now();
        let inner = timeout(Duration::from_secs(2), pending::<()>());
        assert!(matches!(timeout(Duration::from_secs(5), inner).await, Ok(Err(_))));
        assert_eq!(start.elapsed(), Duration::from_secs(2));

        let inner = timeout(Duration::from_secs(5), pending::<()>());
        assert!(timeout(Duration::from_secs(2), inner).await.is_err());
        assert_eq!(start.elapsed(), Duration::from_secs(4));
    });
}

#[test]
fn the_future_outlives_its_time() {
    paused(async {
        let mut polls = 0;
        let future = poll_fn(move |_| {
            polls += 1;
            if polls == 3 { Poll::Ready(polls) } else { Poll::Pending }
        });
        let mut timed = pin!(timeout(Duration::from_secs(1), future));
        assert!(timed.as_mut().await.is_err());
        // Its second poll found the time up; a third one is allowed.
        assert_eq!(poll_once(timed).await, Poll::Ready(Ok(3)));
    });
}

#[test]
fn parts_can_be_reached() {
    let mut timed = timeout(Duration::from_secs(1), ready(5));
    *timed.get_mut() = ready(6);
    assert_eq!(format!("{:?}", timed.get_ref()), format!("{:?}", ready(6)));
    assert_eq!(pollster::block_on(timed.into_inner()), 6);
}

#[test]
fn takes_what_can_become_a_future() {
    struct Six;
    impl IntoFuture for Six {
        type Output = i32;
        type IntoFuture = std::future::Ready<i32>;
        fn into_future(self) -> Self::IntoFuture {
            ready(6)
        }
    }
    assert_eq!(pollster::block_on(timeout(Duration::MAX, Six)), Ok(6));
    assert_eq!(pollster::block_on(timeout_at(Instant::now(), Six)), Ok(6));
}

#[test]
fn the_error_becomes_an_io_error() {
    limited(|| {
        let result: io::Result<()> = pollster::block_on(async {
            timeout(Duration::from_millis(2), pending::<()>()).await?;
            Ok(())
        });
        let error = result.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "deadline has elapsed");
        assert!(error.get_ref().unwrap().is::<Elapsed>());
    });
}

#[test]
fn a_future_that_uses_up_its_budget_is_timed_out_too() {
    limited(|| {
        let runtime = Builder::new_current_thread().build().unwrap();
        let busy = async {
            loop {
                sleep(Duration::ZERO).await;
            }
        };
        runtime.block_on(async {
            assert!(timeout(Duration::from_millis(5), busy).await.is_err());
        });
    });
}

#[test]
fn timeouts_use_up_the_budget() {
    limited(|| {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let other = minato::spawn(async {});
            while !other.is_finished() {
                _ = timeout(Duration::ZERO, pending::<()>()).await;
            }
        });
    });
}

#[test]
fn dropping_it_drops_the_future_at_once() {
    struct Count(Arc<AtomicUsize>);
    impl Drop for Count {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let count = Count(drops.clone());
    let future = async move {
        let _count = count;
        pending::<()>().await;
    };
    paused(async {
        let mut timed = Box::pin(timeout(Duration::from_secs(1), future));
        assert!(timed.as_mut().await.is_err());
        assert_eq!(drops.load(Ordering::SeqCst), 0);
        drop(timed);
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    });
}
