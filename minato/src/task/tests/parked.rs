//! A task that is parked is woken once, and whoever cannot be parked is refused.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};

use crate::runtime::Builder;
use crate::task::ParkedTask;

#[test]
fn a_task_parks_once_and_is_woken_once() {
    let place = Arc::new(ParkedTask::default());
    let runtime = Builder::new_current_thread().build().unwrap();
    let polls = Arc::new(AtomicUsize::new(0));
    let task = {
        let (place, polls) = (place.clone(), polls.clone());
        runtime.spawn(poll_fn(move |cx| {
            if polls.fetch_add(1, Ordering::Relaxed) == 2 {
                return Poll::Ready(());
            }
            assert!(place.park(cx.waker()));
            assert!(place.park(cx.waker()), "the same task is not in its own way");
            Poll::Pending
        }))
    };
    let waking = {
        let place = place.clone();
        runtime.spawn(async move {
            for _ in 0..2 {
                while place.take().map(Waker::wake).is_none() {
                    crate::task::yield_now().await;
                }
            }
        })
    };
    runtime.block_on(async {
        waking.await.unwrap();
        task.await.unwrap();
    });
    assert_eq!(polls.load(Ordering::Relaxed), 3);
    assert!(place.take().is_none());
}

#[test]
fn foreign_wakers_and_second_tasks_are_refused() {
    let place = Arc::new(ParkedTask::default());
    assert!(!place.park(Waker::noop()));
    let runtime = Builder::new_current_thread().build().unwrap();
    let park = |place: &Arc<ParkedTask>| {
        let place = place.clone();
        runtime.spawn(poll_fn(move |cx| Poll::Ready(place.park(cx.waker()))))
    };
    let (first, second) = (park(&place), park(&place));
    assert!(runtime.block_on(first).unwrap());
    assert!(!runtime.block_on(second).unwrap(), "the first still has the place");
    assert!(place.take().is_some());
}

/// What is parked is let go of with the place: the task's cell does not leak.
#[test]
fn a_dropped_place_lets_go() {
    let kept = Arc::new(());
    let runtime = Builder::new_current_thread().build().unwrap();
    let place = Arc::new(ParkedTask::default());
    let task = {
        let (place, kept) = (Arc::downgrade(&place), kept.clone());
        runtime.spawn(poll_fn(move |cx| {
            let _kept = &kept;
            let place = place.upgrade().unwrap();
            if place.park(cx.waker()) { Poll::<()>::Pending } else { Poll::Ready(()) }
        }))
    };
    runtime.block_on(crate::task::yield_now());
    drop(place);
    task.abort();
    assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    assert_eq!(Arc::strong_count(&kept), 1);
}
