//! Futures that are polled again and again within one poll of a task: no thread turns the reactor
//! meanwhile.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use minato::runtime::{Builder, LocalRuntime};
use minato::time::{interval, sleep, timeout};

use crate::kit::limited;

const SHORT: Duration = Duration::from_millis(5);

/// Polls until it is ready, within one poll.
async fn eagerly<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    poll_fn(|cx| {
        loop {
            if let Poll::Ready(output) = poll(cx) {
                return Poll::Ready(output);
            }
        }
    })
    .await
}

async fn timers() {
    let mut sleep = pin!(sleep(SHORT));
    eagerly(|cx| sleep.as_mut().poll(cx)).await;
    let mut timed = pin!(timeout(SHORT, pending::<()>()));
    eagerly(|cx| timed.as_mut().poll(cx)).await.unwrap_err();
    let mut interval = interval(SHORT);
    for _ in 0..3 {
        eagerly(|cx| interval.poll_tick(cx)).await;
    }
}

#[test]
fn timers_that_are_polled_again_within_one_poll_see_the_time_pass() {
    limited(|| {
        Builder::new_current_thread().build().unwrap().block_on(timers());
        LocalRuntime::new().unwrap().block_on(timers());
        let current = Builder::new_current_thread().build().unwrap();
        current.block_on(current.spawn(timers())).unwrap();
        let workers = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        workers.block_on(workers.spawn(timers())).unwrap();
        pollster::block_on(timers());
    });
}
