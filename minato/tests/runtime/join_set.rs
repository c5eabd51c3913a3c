//! Sets of tasks, joined in the order in which they finish.

use std::collections::BTreeSet;
use std::future::{pending, ready};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures::channel::oneshot;
use minato::runtime::Runtime;
use minato::task::{JoinSet, yield_now};
use minato::time::sleep;

use crate::kit::{At, cases, current_thread, multi_thread, on_each_executor, panic_text, watchdog};

cases! {
    outputs_come_in_the_order_of_finishing [Runtime];
}

async fn outputs_come_in_the_order_of_finishing(at: At) {
    let mut set = JoinSet::new();
    for (number, wait) in [30, 0, 20, 10].into_iter().enumerate() {
        set.spawn(async move {
            sleep(Duration::from_millis(20 * wait)).await;
            number
        });
    }
    assert_eq!(set.len(), 4);
    while let Some(joined) = set.join_next().await {
        at.note(format!("{}, {} left", joined.unwrap(), set.len()));
    }
    assert!(set.is_empty() && set.join_next().await.is_none());
}

#[test]
fn each_task_is_joined_once_with_its_id() {
    on_each_executor(|| async {
        let mut set = JoinSet::new();
        let mut spawned = BTreeSet::new();
        for number in 0..50_u32 {
            let abort = set.spawn(async move {
                for _ in 0..number % 5 {
                    yield_now().await;
                }
                number
            });
            spawned.insert((abort.id(), number));
        }
        let mut joined = BTreeSet::new();
        for _ in 0..20 {
            joined.insert(set.join_next_with_id().await.unwrap().unwrap());
        }
        assert_eq!(set.len(), 30);
        while let Some(more) = set.join_next_with_id().await {
            joined.insert(more.unwrap());
            while let Some(ready) = set.try_join_next_with_id() {
                joined.insert(ready.unwrap());
            }
        }
        assert_eq!(joined, spawned);
        assert!(set.try_join_next().is_none());
    });
}

#[test]
fn a_set_holds_many_tasks() {
    let _watchdog = watchdog();
    for runtime in [current_thread(), multi_thread(2)] {
        runtime.block_on(async {
            let mut set: JoinSet<u64> = (0..50_000).map(ready).collect();
            set.extend((50_000..100_000).map(ready));
            assert_eq!(set.len(), 100_000);
            // Half of the set never ends, so that each search would cross it.
            let mut sum = 0;
            while let Some(number) = set.join_next().await {
                sum += number.unwrap();
            }
            assert_eq!(sum, (0..100_000).sum());
        });
    }
}

#[test]
fn waiting_for_one_does_not_look_at_the_others() {
    let _watchdog = watchdog();
    current_thread().block_on(async {
        let mut set = JoinSet::new();
        for _ in 0..20_000 {
            set.spawn(pending());
        }
        for number in 0..20_000 {
            set.spawn(ready(number));
            assert_eq!(set.join_next().await.unwrap().unwrap(), number);
        }
        assert_eq!(set.len(), 20_000);
    });
}

#[test]
fn joining_counts_against_the_budget_and_trying_does_not() {
    let _watchdog = watchdog();
    current_thread().block_on(async {
        let mut set = JoinSet::new();
        let aborts: Vec<_> = (0..1000).map(|_| set.spawn(ready(()))).collect();
        while !aborts.iter().all(|abort| abort.is_finished()) {
            yield_now().await;
        }
        let mut in_a_row = 0;
        while let Poll::Ready(joined) = futures::poll!(pin!(set.join_next())) {
            joined.unwrap().unwrap();
            in_a_row += 1;
        }
        assert!((1..1000).contains(&in_a_row), "{in_a_row}");
        assert_eq!(set.len(), 1000 - in_a_row);
        // The budget of this poll is used up.
        while let Some(joined) = set.try_join_next() {
            joined.unwrap();
        }
        assert!(set.is_empty());
        // An empty set says so all the same.
        assert!(futures::poll!(pin!(set.join_next())).is_ready());
    });
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn never_ending(set: &mut JoinSet<()>, count: usize) -> Arc<AtomicUsize> {
    let drops = Arc::new(AtomicUsize::new(0));
    for _ in 0..count {
        let counted = Counted(drops.clone());
        set.spawn(async move {
            let _counted = counted;
            pending().await
        });
    }
    drops
}

#[test]
fn dropping_it_aborts_and_detaching_does_not() {
    on_each_executor(|| async {
        let mut set = JoinSet::new();
        let drops = never_ending(&mut set, 7);
        set.spawn(async { yield_now().await });
        drop(set);
        while drops.load(SeqCst) < 7 {
            sleep(Duration::from_millis(1)).await;
        }

        let mut set = JoinSet::new();
        let (go, gone) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel();
        set.spawn(async move {
            gone.await.unwrap();
            end.send(()).unwrap();
        });
        for _ in 0..5 {
            set.spawn(async {});
        }
        set.detach_all();
        assert!(set.is_empty() && set.join_next().await.is_none());
        // The next tasks are not taken for those that left.
        let next = set.spawn(async { yield_now().await }).id();
        assert_eq!(set.join_next_with_id().await.unwrap().unwrap().0, next);
        drop(set);
        go.send(()).unwrap();
        ended.await.unwrap();
    });
}

#[test]
fn aborted_tasks_are_joined_as_cancelled() {
    on_each_executor(|| async {
        let mut set = JoinSet::new();
        let drops = never_ending(&mut set, 3);
        let abort = set.spawn(pending());
        abort.abort();
        let error = set.join_next_with_id().await.unwrap().unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(error.id(), abort.id());
        set.abort_all();
        assert_eq!(set.len(), 3);
        for _ in 0..3 {
            assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
        }
        assert_eq!(drops.load(SeqCst), 3);

        let drops = never_ending(&mut set, 4);
        set.spawn(async { panic!("on purpose") });
        set.spawn(async {});
        set.shutdown().await;
        assert!(set.is_empty());
        assert_eq!(drops.load(SeqCst), 4);
    });
}

#[test]
fn join_all_gives_all_or_panics() {
    let _watchdog = watchdog();
    for runtime in [current_thread(), multi_thread(2)] {
        let squares: Vec<u32> = runtime.block_on(async {
            let set: JoinSet<u32> = (0..9).map(|number| async move { number * number }).collect();
            set.join_all().await
        });
        assert_eq!(BTreeSet::from_iter(squares), (0..9).map(|number| number * number).collect());

        let mut set = JoinSet::new();
        let drops = runtime.block_on(async {
            let drops = never_ending(&mut set, 2);
            set.spawn(async { panic!("a task's own words") });
            drops
        });
        let text = panic_text(|| runtime.block_on(set.join_all()));
        assert_eq!(text, "a task's own words");

        let mut set = JoinSet::new();
        runtime.block_on(async { set.spawn(pending::<()>()).abort() });
        assert!(panic_text(|| runtime.block_on(set.join_all())).contains("cancelled"));
        drop(runtime);
        assert_eq!(drops.load(SeqCst), 2);
    }
}

#[test]
fn tasks_may_be_of_several_runtimes_which_may_end() {
    let _watchdog = watchdog();
    let (one, two) = (multi_thread(1), multi_thread(2));
    let mut set = JoinSet::new();
    for runtime in [&one, &two] {
        set.spawn_on(async { 1 }, runtime.handle());
        set.spawn_blocking_on(|| 2, runtime.handle());
    }
    let blocked = two.block_on(async { set.spawn_blocking(|| 4).id() });
    let ended = current_thread();
    let last = set.spawn_on(async { 8 }, ended.handle()).id();
    drop(ended);
    let mut sum = 0;
    while let Some(joined) = pollster::block_on(set.join_next_with_id()) {
        match joined {
            Ok((id, number)) => {
                assert_eq!(id == blocked, number == 4);
                sum += number;
            }
            Err(error) => {
                assert!(error.is_cancelled());
                assert_eq!(error.id(), last);
            }
        }
    }
    assert_eq!(sum, 10);
    // Refused at once, as the runtime has been shut down.
    let handle = one.handle().clone();
    drop(one);
    set.spawn_on(async { 16 }, &handle);
    assert!(pollster::block_on(set.join_next()).unwrap().unwrap_err().is_cancelled());
}

#[test]
fn a_waiter_in_the_way_of_its_tasks_is_told() {
    let _watchdog = watchdog();
    let runtime = current_thread();
    runtime.block_on(async {
        let mut set = JoinSet::new();
        set.spawn(async { 1 });
        set.spawn(async { 2 });
        let nested = || runtime.block_on(set.join_next());
        let error = { nested }().unwrap().unwrap_err();
        assert!(error.is_deadlock(), "{error}");
        assert_eq!(set.len(), 1);
        // With one that can run there is something to wait for.
        set.spawn_blocking(|| 3);
        assert_eq!(runtime.block_on(set.join_next()).unwrap().unwrap(), 3);
        assert_eq!(set.join_next().await.unwrap().unwrap(), 2);
    });
}

#[test]
fn the_last_waker_counts() {
    struct Counts(AtomicUsize);

    impl Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    let _watchdog = watchdog();
    let runtime = current_thread();
    let mut set = JoinSet::new();
    set.spawn_on(async {}, runtime.handle());
    set.spawn_on(async {}, runtime.handle());
    let counts = [(); 2].map(|()| Arc::new(Counts(AtomicUsize::new(0))));
    for count in [&counts[0], &counts[1], &counts[1]] {
        let waker = Waker::from(count.clone());
        assert!(set.poll_join_next(&mut Context::from_waker(&waker)).is_pending());
    }
    runtime.block_on(yield_now());
    assert_eq!(counts.each_ref().map(|count| count.0.load(SeqCst)), [0, 1]);
    assert_eq!(Arc::strong_count(&counts[0]), 1);
    set.try_join_next().unwrap().unwrap();
    set.try_join_next().unwrap().unwrap();
}

/// A waker that runs tasks of the set when it is dropped.
#[test]
fn wakers_are_dropped_without_a_lock() {
    struct Runs(Runtime);

    impl Wake for Runs {
        fn wake(self: Arc<Self>) {}
    }

    impl Drop for Runs {
        fn drop(&mut self) {
            self.0.block_on(yield_now());
        }
    }

    let _watchdog = watchdog();
    let runtime = current_thread();
    let mut set = JoinSet::new();
    set.spawn_on(async { 5 }, runtime.handle());
    let waker = Waker::from(Arc::new(Runs(runtime)));
    assert!(set.poll_join_next(&mut Context::from_waker(&waker)).is_pending());
    drop(waker);
    assert!(set.poll_join_next(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(set.try_join_next().unwrap().unwrap(), 5);
}

/// Tasks that finish on several threads while the set is waited on, changed and dropped.
#[test]
fn no_end_of_a_task_is_lost() {
    let _watchdog = watchdog();
    let runtime = multi_thread(4);
    for round in 0..300 {
        let (sender, drops) = mpsc::channel();
        pollster::block_on(async {
            let mut set = JoinSet::new();
            let mut left = 40;
            for number in 0..40 {
                let sender = sender.clone();
                let task = async move {
                    if number % 3 == round % 3 {
                        yield_now().await;
                    }
                    sender.send(number).unwrap();
                };
                set.spawn_on(task, runtime.handle());
                if number % 4 == 0 {
                    set.join_next().await.unwrap().unwrap();
                    left -= 1;
                }
                if round % 10 == 0 && number == 30 {
                    set.detach_all();
                    left = 9;
                }
            }
            while left > round % 7 {
                set.join_next().await.unwrap().unwrap();
                left -= 1;
            }
        });
        drop(sender);
        // Each task ran or was dropped.
        assert!(drops.iter().count() <= 40);
    }
}
