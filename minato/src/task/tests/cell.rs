//! Ends of tasks that need more than one step of each party.

use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};
use std::thread;

use super::super::cell::{Join, Runnable, Schedule};
use super::super::yield_now;
use super::kit::*;

/// Nobody is left who could wake the task: it comes to its runtime to be dropped there.
#[test]
fn a_task_that_nobody_knows_any_more_is_dropped_where_tasks_run() {
    let (queue, tally) = (Queue::default(), Arc::new(Tally::default()));
    let token = tally.token();
    let (runnable, join, task) = queue.make(async move {
        let _token = token;
        pending::<()>().await;
    });
    drop(join);
    runnable.run();
    on_another_thread(|| drop(task));
    assert!(!tally.is_even());
    queue.run_all();
    assert!(tally.is_even() && queue.is_alone());

    // The same when it is the last poll that finds nobody.
    let token = tally.token();
    let (runnable, join, task) = queue.make(async move {
        let _token = token;
        pending::<()>().await;
    });
    drop((join, task));
    runnable.run();
    assert!(!tally.is_even());
    queue.run_all();
    assert!(tally.is_even() && queue.is_alone());
}

#[test]
fn a_task_aborted_before_its_start_is_not_polled() {
    let queue = Queue::default();
    let mut join = queue.spawn(async { panic!("was polled") });
    join.abort();
    queue.run_all();
    assert!(matches!(poll::<()>(&mut join, Waker::noop()), Poll::Ready(None)));
    drop(join);
    assert!(queue.is_alone());
}

/// A task that wakes itself goes behind the others; one that is woken need not.
#[test]
fn the_runtime_is_told_which_tasks_woke_themselves() {
    HERE.set(Some(VecDeque::new()));
    let queue = Queue::default();
    let mut wakes_itself = true;
    let kept = Arc::new(Mutex::new(None));
    let keeps = kept.clone();
    drop(queue.spawn(poll_fn(move |cx| {
        if std::mem::replace(&mut wakes_itself, false) {
            cx.waker().wake_by_ref();
        }
        *lock(&keeps) = Some(cx.waker().clone());
        Poll::<()>::Pending
    })));
    let next = || HERE.with_borrow_mut(|here| here.as_mut().unwrap().pop_front());
    let told: Vec<bool> = std::iter::from_fn(|| {
        let (runnable, yielded) = next()?;
        runnable.run();
        Some(yielded)
    })
    .collect();
    assert_eq!(told, [false, true]);
    lock(&kept).take().unwrap().wake();
    let (runnable, yielded) = next().unwrap();
    assert!(!yielded);
    drop(runnable);
    HERE.set(None);
    drop(kept);
    assert!(queue.is_alone());
}

/// A task whose waker the runtime has in its hands: woken into a runnable, or run as it is woken.
#[test]
fn a_task_that_is_woken_by_its_runtime() {
    type Own = Runnable;

    let (queue, tally) = (Queue::default(), Arc::new(Tally::default()));
    let (token, polls) = (tally.token(), Arc::new(AtomicUsize::new(0)));
    let (kept, counted) = (Arc::new(Mutex::new(Vec::new())), polls.clone());
    let keeps = kept.clone();
    let join = queue.spawn(poll_fn(move |cx| {
        let _token = &token;
        lock(&keeps).extend([cx.waker().clone(), cx.waker().clone(), cx.waker().clone()]);
        match counted.fetch_add(1, Ordering::SeqCst) {
            3 => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }));
    let polled = |times| assert_eq!(polls.load(Ordering::SeqCst), times);
    let waker = || lock(&kept).pop().unwrap();
    queue.run_all();
    polled(1);
    assert!(Own::is_of(queue.address(), &waker()) && !Own::is_of(1, &waker()));
    assert!(Own::by_waking(Waker::noop().clone()).is_err());

    // Idle: run at once, by either way.
    Own::wake_and_run(waker());
    polled(2);
    let runnable = Own::by_waking(waker()).unwrap().unwrap();
    // Queued already: its runnable stays the only one, and the task is not cancelled.
    assert!(Own::by_waking(waker()).unwrap().is_none());
    Own::wake_and_run(waker());
    polled(2);
    runnable.run();
    polled(3);
    assert!(!tally.is_even());

    Own::wake_and_run(waker());
    polled(4);
    // Complete: nothing happens.
    assert!(Own::by_waking(waker()).is_err());
    Own::wake_and_run(waker());
    Own::wake_and_run(Waker::noop().clone());
    polled(4);
    lock(&kept).clear();
    drop(join);
    assert!(tally.is_even() && queue.is_alone());
}

/// The task's own waker is the only reference to what keeps it, and the other way round.
#[test]
fn a_task_that_holds_its_own_waker_and_handle_goes_when_it_is_done() {
    let queue = Queue::default();
    let own = Arc::new(Mutex::new(None::<Join<()>>));
    let holds = own.clone();
    let mut wakers = Vec::new();
    let join = queue.spawn(poll_fn(move |cx| {
        wakers.push(cx.waker().clone());
        // The handle is dropped within the task that it joins.
        if let Some(mut own) = lock(&holds).take() {
            assert!(own.poll(cx).is_pending(), "not complete while it runs");
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }));
    *lock(&own) = Some(join);
    queue.run_all();
    assert_eq!(queue.ended(), 1);
    drop(own);
    assert!(queue.is_alone());
}

#[test]
fn panics_of_foreign_code_leave_no_cell_behind() {
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            if !thread::panicking() {
                panic!("a destructor's panic");
            }
        }
    }

    struct PanickingWaker;

    impl Wake for PanickingWaker {
        fn wake(self: Arc<Self>) {
            panic!("a waker's panic");
        }
    }

    let queue = Queue::default();
    // An output that nobody takes, before and after the end.
    drop(queue.spawn(async { Bomb }));
    queue.run_all();
    let join = queue.spawn(async { Bomb });
    queue.run_all();
    drop(join);
    // What was panicked with.
    drop(queue.spawn(async { std::panic::panic_any(Bomb) }));
    queue.run_all();
    // Both the future and its output.
    let (bomb, mut join) = (Bomb, None);
    join.replace(queue.spawn(poll_fn(move |_| {
        let _whole = &bomb;
        Poll::Ready(Bomb)
    })));
    queue.run_all();
    let output = poll(join.as_mut().unwrap(), Waker::noop());
    assert!(matches!(output, Poll::Ready(Some(Err(_)))));
    drop((output, join));
    // A waker.
    let mut join = queue.spawn(async {});
    assert!(poll(&mut join, &Waker::from(Arc::new(PanickingWaker))).is_pending());
    queue.run_all();
    assert!(join.is_complete());
    drop(join);
    assert_eq!(queue.ended(), 5);
    assert!(queue.is_alone());
}

/// A future of 2 KiB and more, and one that wants an alignment of its own.
#[test]
fn futures_of_any_size_and_alignment_stay_where_they_are() {
    #[repr(align(256))]
    struct Aligned([u8; 256]);

    let queue = Queue::default();
    let mut aligned = queue.spawn(async {
        let mut value = Aligned([7; 256]);
        let address = pin!(&mut value.0).as_ptr().addr();
        assert_eq!(address % 256, 0);
        yield_now().await;
        assert_eq!(value.0.as_ptr().addr(), address);
        Aligned([value.0[255]; 256])
    });
    queue.run_all();
    let Poll::Ready(Some(Ok(output))) = poll(&mut aligned, Waker::noop()) else { panic!() };
    assert_eq!((output.0[0], output.0.as_ptr().addr() % 256), (7, 0));
    drop((output, aligned));
    let mut large = queue.spawn(async {
        let value = [3_u8; 5000];
        yield_now().await;
        value.iter().map(|byte| u64::from(*byte)).sum::<u64>()
    });
    queue.run_all();
    assert!(matches!(poll(&mut large, Waker::noop()), Poll::Ready(Some(Ok(15_000)))));
    drop(large);
    assert!(queue.is_alone());
}

/// Threads that wake, run, abort and join at the same time.
#[test]
fn many_threads_at_once() {
    for round in 0..if cfg!(miri) { 5 } else { 2_000 } {
        let (queue, tally) = (Queue::default(), Arc::new(Tally::default()));
        let kept = Arc::new(Mutex::new(None::<Waker>));
        let (keeps, makes) = (kept.clone(), tally.clone());
        let mut left = 3;
        let mut join = queue.spawn(poll_fn(move |cx| {
            *lock(&keeps) = Some(cx.waker().clone());
            left -= 1;
            if left == 0 { Poll::Ready(makes.token()) } else { Poll::Pending }
        }));
        let task = join.task();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !task.is_complete() {
                        match queue.next() {
                            Some(runnable) => runnable.run(),
                            None => thread::yield_now(),
                        }
                        if let Some(waker) = lock(&kept).clone() {
                            waker.wake();
                        }
                    }
                });
            }
            if round % 2 == 0 {
                scope.spawn(|| task.abort());
            }
            let (count, waker) = counting();
            let waited = poll(&mut join, &waker).is_pending();
            if round % 3 == 0 {
                drop(join);
            } else {
                while !join.is_complete() {
                    thread::yield_now();
                }
                let Poll::Ready(output) = poll(&mut join, &waker) else { panic!("not ready") };
                assert!(matches!(output, None | Some(Ok(_))));
                drop(join);
                // The waker is called after the task counts as complete.
                while waited && count.0.load(Ordering::SeqCst) == 0 {
                    thread::yield_now();
                }
            }
        });
        drop(task);
        lock(&kept).take();
        drop(std::mem::take(&mut *lock(&queue.0.injected)));
        assert!(tally.is_even());
        assert!(queue.is_alone(), "round {round}");
    }
}
