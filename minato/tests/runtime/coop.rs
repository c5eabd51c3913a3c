//! The budget of a poll, as foreign futures see it.

use std::future::{Future, poll_fn, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use minato::io::AsyncReadExt;
use minato::runtime::{Builder, Runtime};
use minato::sim::Simulation;
use minato::task::coop::{
    consume_budget, cooperative, has_budget_remaining, poll_proceed, unconstrained,
};
use minato::task::yield_now;
use minato::time::{Duration, sleep};

use crate::kit::{current_thread, multi_thread, watchdog};

/// How often `operation` is ready until it is not, within one poll.
async fn count(mut operation: impl FnMut(&mut Context<'_>) -> Poll<()>) -> usize {
    poll_fn(|cx| {
        let count = (0..10_000).take_while(|_| operation(cx).is_ready()).count();
        Poll::Ready(count)
    })
    .await
}

fn progress(cx: &mut Context<'_>) -> Poll<()> {
    poll_proceed(cx).map(|budget| budget.made_progress())
}

fn poll_once(future: impl Future, cx: &mut Context<'_>) -> Poll<()> {
    pin!(future).poll(cx).map(drop)
}

/// Runs `make()` as a task, as the future of a `block_on` and on a simulated host.
fn everywhere<F>(make: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtimes: [Runtime; 2] = [current_thread(), multi_thread(1)];
    for runtime in runtimes {
        runtime.block_on(make());
        runtime.block_on(runtime.spawn(make())).unwrap();
    }
    let mut simulation = Simulation::new(7);
    let task = simulation.spawn("host", make()).unwrap();
    simulation.block_on(task).unwrap();
}

#[test]
fn one_poll_has_128_operations_of_all_kinds_together() {
    let _watchdog = watchdog();
    everywhere(|| async {
        assert_eq!(count(progress).await, 128);
        yield_now().await;
        assert_eq!(count(|cx| poll_once(consume_budget(), cx)).await, 128);
        yield_now().await;
        assert_eq!(count(|cx| poll_once(cooperative(ready(())), cx)).await, 128);
        yield_now().await;

        let joined = minato::spawn(async {});
        while !joined.is_finished() {
            yield_now().await;
        }
        joined.await.unwrap();
        sleep(Duration::ZERO).await;
        for _ in 0..5 {
            minato::io::repeat(1).read_exact(&mut [0; 9]).await.unwrap();
        }
        for _ in 0..11 {
            cooperative(ready(())).await;
        }
        let left = count(progress).await;
        assert!((128 - 40..=128 - 13).contains(&left), "{left} of 128");
        assert!(!has_budget_remaining());
    });
}

#[test]
fn an_operation_without_progress_is_given_back() {
    let _watchdog = watchdog();
    everywhere(|| async {
        assert_eq!(count(|cx| poll_proceed(cx).map(drop)).await, 10_000);
        let waits = |cx: &mut Context<'_>| {
            assert!(pin!(cooperative(std::future::pending::<()>())).poll(cx).is_pending());
            Poll::Ready(())
        };
        assert_eq!(count(waits).await, 10_000);
        assert_eq!(count(progress).await, 128);
        assert_eq!(count(|cx| poll_proceed(cx).map(drop)).await, 0);
        assert!(!has_budget_remaining());
    });
}

/// A refused task is woken, and has a full budget afterwards.
#[test]
fn who_is_refused_runs_again() {
    let _watchdog = watchdog();
    everywhere(|| async {
        for round in 0..1000 {
            consume_budget().await;
            assert_eq!(has_budget_remaining(), round % 128 != 127, "{round}");
        }
    });
}

#[test]
fn a_future_without_constraint_uses_up_nothing_and_is_never_refused() {
    let _watchdog = watchdog();
    everywhere(|| async {
        assert_eq!(count(progress).await, 128);
        assert_eq!(unconstrained(count(progress)).await, 10_000);
        assert!(!has_budget_remaining());
        yield_now().await;
        assert_eq!(unconstrained(count(progress)).await, 10_000);
        assert_eq!(count(progress).await, 128);
    });
}

#[test]
fn a_finished_task_is_never_pending_without_constraint() {
    let _watchdog = watchdog();
    everywhere(|| async {
        let handle = minato::spawn(async { 5 });
        while !handle.is_finished() {
            yield_now().await;
        }
        assert_eq!(count(progress).await, 128);
        let mut handle = pin!(handle);
        poll_fn(|cx| {
            assert!(handle.as_mut().poll(cx).is_pending(), "the budget is used up");
            let joined = pin!(unconstrained(handle.as_mut())).poll(cx);
            assert!(matches!(joined, Poll::Ready(Ok(5))));
            Poll::Ready(())
        })
        .await;
    });
}

#[test]
fn outside_of_a_runtime_there_is_no_budget() {
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..1000 {
        assert!(has_budget_remaining());
        assert!(progress(&mut cx).is_ready());
        assert!(poll_once(consume_budget(), &mut cx).is_ready());
    }
    let _entered = current_thread().enter();
    assert_eq!(pollster::block_on(count(progress)), 10_000);
}

#[test]
fn the_budget_of_the_builder_holds_for_foreign_operations() {
    let _watchdog = watchdog();
    for (budget, operations) in [(0, 10_000), (1, 1), (31, 31)] {
        let runtime = Builder::new_current_thread().budget(budget).build().unwrap();
        assert_eq!(runtime.block_on(count(progress)), operations);
    }
}
