//! `block_on` wherever it may be called.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Waker};
use std::thread;

use futures::channel::oneshot;
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::runtime::Builder;

use crate::kit::{current_thread, echo, multi_thread, pair, ping, watchdog};

#[test]
fn the_output_comes_back() {
    assert_eq!(current_thread().block_on(async { 6 * 7 }), 42);
    assert_eq!(multi_thread(1).block_on(async { 6 * 7 }), 42);
}

#[test]
fn the_future_may_borrow() {
    let text = String::from("borrowed");
    assert_eq!(current_thread().block_on(async { text.len() }), 8);
}

/// Whoever holds the core runs the tasks; those who wait for it must still get what those bring.
#[test]
fn threads_that_contend_for_one_core_all_get_their_output() {
    let _watchdog = watchdog();
    for _ in 0..20 {
        let runtime = Arc::new(current_thread());
        let begin = Arc::new(Barrier::new(4));
        let threads: Vec<_> = (0..4)
            .map(|number| {
                let (runtime, begin) = (runtime.clone(), begin.clone());
                thread::spawn(move || {
                    begin.wait();
                    for round in 0..20 {
                        let sum = runtime.block_on(async {
                            let task = minato::spawn(async move {
                                minato::task::yield_now().await;
                                number * 100 + round
                            });
                            task.await.unwrap()
                        });
                        assert_eq!(sum, number * 100 + round);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    }
}

/// The thread in the middle leaves; the one that waits takes the core over and runs the tasks.
#[test]
fn the_leaver_hands_the_core_over() {
    let _watchdog = watchdog();
    let runtime = Arc::new(current_thread());
    let (leave, left) = oneshot::channel::<()>();
    let (entered, has_entered) = mpsc::channel();
    let first = thread::spawn({
        let runtime = runtime.clone();
        move || {
            runtime.block_on(async {
                entered.send(()).unwrap();
                left.await.unwrap();
            });
        }
    });
    has_entered.recv().unwrap();
    let (feed, fed) = oneshot::channel::<u32>();
    let second = thread::spawn({
        let runtime = runtime.clone();
        move || runtime.block_on(async { minato::spawn(fed).await.unwrap().unwrap() })
    });
    // The task is alive, so the second thread is in its block_on.
    while runtime.handle().alive_tasks() == 0 {
        thread::yield_now();
    }
    leave.send(()).unwrap();
    first.join().unwrap();
    feed.send(5).unwrap();
    assert_eq!(second.join().unwrap(), 5);
}

/// The holder runs the task that another thread waits for, and stays.
#[test]
fn the_holder_wakes_who_waits_without_the_core() {
    let _watchdog = watchdog();
    let runtime = Arc::new(current_thread());
    let (leave, left) = oneshot::channel::<()>();
    let (entered, has_entered) = mpsc::channel();
    let holder = thread::spawn({
        let runtime = runtime.clone();
        move || {
            runtime.block_on(async {
                entered.send(()).unwrap();
                left.await.unwrap();
            });
        }
    });
    has_entered.recv().unwrap();
    for number in 0..50 {
        let task = runtime.spawn(async move {
            minato::task::yield_now().await;
            number
        });
        assert_eq!(runtime.block_on(task).unwrap(), number);
    }
    leave.send(()).unwrap();
    holder.join().unwrap();
}

/// The holder is stuck in a task; what the one without the core waits for comes all the same.
#[test]
fn a_waiter_without_the_core_is_served_while_the_holder_blocks() {
    let _watchdog = watchdog();
    let runtime = Arc::new(current_thread());
    let (entered, has_entered) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let holder = thread::spawn({
        let runtime = runtime.clone();
        move || {
            runtime.block_on(async move {
                entered.send(()).unwrap();
                released.recv().unwrap();
            });
        }
    });
    has_entered.recv().unwrap();
    runtime.block_on(async {
        let (mut one, other) = pair().await;
        futures::join!(async { echo(other).await.unwrap() }, async move {
            ping(&mut one, 5).await.unwrap();
        });
    });
    release.send(()).unwrap();
    holder.join().unwrap();
}

#[test]
fn nested_on_the_same_core_goes_on_with_io() {
    let _watchdog = watchdog();
    let runtime = current_thread();
    let handle = runtime.handle().clone();
    runtime.block_on(async {
        let (mut one, mut other) = pair().await;
        minato::spawn(async move {
            let received = handle.block_on(async move {
                let written = async move {
                    minato::task::yield_now().await;
                    one.write_all(b"nested").await.unwrap();
                };
                let mut buf = [0; 6];
                futures::join!(other.read_exact(&mut buf), written).0.unwrap();
                buf
            });
            assert_eq!(&received, b"nested");
        })
        .await
        .unwrap();
    });
}

/// The runtime whose task cannot run need not be the one that blocks.
/// A task of the inner runtime may wait for one of the outer: it can go on when that can.
/// A job of the blocking pool does not need the thread that waits for it.
/// Tasks that were woken in a nested block_on run after it.
#[test]
fn nested_in_another_runtime() {
    let _watchdog = watchdog();
    for outer in [current_thread(), multi_thread(1)] {
        for inner in [current_thread(), multi_thread(1)] {
            let sum = outer.block_on(async move {
                let nested = minato::spawn(async move {
                    let value = inner.block_on(async {
                        let (mut one, other) = pair().await;
                        let server = minato::spawn(echo(other));
                        ping(&mut one, 3).await.unwrap();
                        drop(one);
                        server.await.unwrap().unwrap();
                        minato::spawn(async { 4 }).await.unwrap()
                    });
                    value + 1
                });
                nested.await.unwrap()
            });
            assert_eq!(sum, 5);
        }
    }
}

/// Down to another runtime and back to the first, on one thread.
#[test]
fn nested_in_the_first_runtime_again_below_another() {
    let _watchdog = watchdog();
    for between in [current_thread(), multi_thread(1)] {
        let runtime = current_thread();
        let handle = runtime.handle().clone();
        let value = runtime.block_on(async {
            let task = minato::spawn(async { 9 });
            between.block_on(async {
                handle.block_on(async {
                    let (mut one, other) = pair().await;
                    let echoed = async { echo(other).await.unwrap() };
                    futures::join!(echoed, async move { ping(&mut one, 2).await.unwrap() });
                })
            });
            task.await.unwrap()
        });
        assert_eq!(value, 9);
    }
}

#[test]
fn below_a_guard_of_another_runtime() {
    let _watchdog = watchdog();
    let other = current_thread();
    let runtime = current_thread();
    let handle = runtime.handle().clone();
    let value = runtime.block_on(async {
        let _guard = other.enter();
        handle.block_on(async { 3 })
    });
    assert_eq!(value, 3);
}

/// The only worker waits for a task of its own runtime: its core goes on elsewhere meanwhile.
#[test]
fn on_a_worker_the_tasks_go_on_elsewhere() {
    let _watchdog = watchdog();
    let runtime = multi_thread(1);
    let handle = runtime.handle().clone();
    let value = runtime.block_on(async {
        let nested = minato::spawn(async move {
            let task = minato::spawn(async {
                minato::task::yield_now().await;
                11
            });
            handle.block_on(task).unwrap()
        });
        nested.await.unwrap()
    });
    assert_eq!(value, 11);
}

#[test]
fn on_a_worker_below_a_guard_of_another_runtime() {
    let _watchdog = watchdog();
    let other = Arc::new(current_thread());
    let runtime = multi_thread(1);
    let handle = runtime.handle().clone();
    let value = runtime.block_on(async {
        let nested = minato::spawn(async move {
            let task = handle.spawn(async { 12 });
            let _guard = other.enter();
            handle.block_on(task).unwrap()
        });
        nested.await.unwrap()
    });
    assert_eq!(value, 12);
}

#[test]
fn block_in_place_lets_the_other_tasks_of_the_worker_go_on() {
    let _watchdog = watchdog();
    let runtime = multi_thread(1);
    runtime.block_on(async {
        let (feed, fed) = mpsc::channel();
        let blocks = minato::spawn(async move {
            minato::spawn(async move { feed.send(8).unwrap() });
            let fed = minato::task::block_in_place(|| fed.recv().unwrap());
            minato::task::yield_now().await;
            fed
        });
        assert_eq!(blocks.await.unwrap(), 8);
        // The core is where it should be: everything still runs.
        assert_eq!(minato::spawn(async { 2 }).await.unwrap(), 2);
    });
}

/// Blocks one worker again and again, each time until its core is at work on another thread, and
/// counts the threads that start.
fn threads_for_blocking(block: fn(mpsc::Receiver<()>)) -> usize {
    let started = Arc::new(AtomicUsize::new(0));
    let counted = started.clone();
    let count = move || _ = counted.fetch_add(1, Ordering::SeqCst);
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).on_thread_start(count).build().unwrap();
    runtime.block_on(async {
        minato::spawn(async move {
            for _ in 0..50 {
                let (feed, fed) = mpsc::channel();
                minato::spawn(async move { feed.send(()).unwrap() });
                block(fed);
                minato::task::yield_now().await;
            }
        })
        .await
        .unwrap();
    });
    drop(runtime);
    started.load(Ordering::SeqCst)
}

#[test]
fn blocking_in_place_uses_threads_again() {
    let _watchdog = watchdog();
    let started = threads_for_blocking(|fed| minato::task::block_in_place(|| fed.recv().unwrap()));
    // A thread that is still on its way back is no spare one yet.
    assert!(started <= 25, "{started}");
}

#[test]
fn a_nested_block_on_uses_threads_again() {
    let _watchdog = watchdog();
    let started = threads_for_blocking(|fed| {
        minato::runtime::Handle::current().block_on(async { fed.recv().unwrap() });
    });
    // A thread that is still on its way back is no spare one yet.
    assert!(started <= 25, "{started}");
}

/// Without another thread that takes the core meanwhile, it stays with the worker.
#[test]
fn a_worker_without_a_second_thread_goes_on_after_blocking() {
    let _watchdog = watchdog();
    let names = AtomicUsize::new(0);
    // A name that no thread can have stands for whatever keeps a thread from starting.
    let name = move || "\0".repeat(names.fetch_add(1, Ordering::SeqCst));
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).thread_name_fn(name).build().unwrap();
    let ran = runtime.spawn(async {
        let here = || std::thread::current().id();
        let before = here();
        assert_eq!(minato::task::block_in_place(here), before);
        minato::task::yield_now().await;
        assert_eq!(here(), before);
    });
    runtime.block_on(ran).unwrap();
}

#[test]
fn block_in_place_elsewhere_just_calls() {
    assert_eq!(minato::task::block_in_place(|| 1), 1);
    current_thread().block_on(async { assert_eq!(minato::task::block_in_place(|| 1), 1) });
}

#[test]
fn a_panic_leaves_the_core_for_the_next() {
    let _watchdog = watchdog();
    let runtime = current_thread();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        runtime.block_on(async { panic!("on purpose") })
    }));
    assert!(caught.is_err());
    assert_eq!(runtime.block_on(async { minato::spawn(async { 1 }).await.unwrap() }), 1);
}

#[test]
fn a_nested_panic_leaves_the_core_too() {
    let _watchdog = watchdog();
    let runtime = current_thread();
    let handle = runtime.handle().clone();
    runtime.block_on(async {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            handle.block_on(async { panic!("on purpose") })
        }));
        assert!(caught.is_err());
        assert_eq!(minato::spawn(async { 1 }).await.unwrap(), 1);
    });
}

#[test]
fn run_returns_when_everything_is_done() {
    let _watchdog = watchdog();
    let done = Arc::new(AtomicUsize::new(0));
    let counted = done.clone();
    let output = minato::run(async move {
        for _ in 0..10 {
            let counted = counted.clone();
            minato::spawn(async move {
                minato::task::yield_now().await;
                let again = counted.clone();
                drop(minato::spawn(async move { again.fetch_add(1, Ordering::SeqCst) }));
                let job = counted.clone();
                drop(minato::task::spawn_blocking(move || job.fetch_add(1, Ordering::SeqCst)));
                counted.fetch_add(1, Ordering::SeqCst);
            });
        }
        "output"
    });
    assert_eq!(output, "output");
    assert_eq!(done.load(Ordering::SeqCst), 30);
}

/// Idleness as a future, which another thread may wait for.
#[test]
fn idleness_can_be_waited_for_from_outside() {
    let _watchdog = watchdog();
    let runtime = multi_thread(2);
    let handle = runtime.handle().clone();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(handle.poll_idle(&mut cx).is_ready(), "nothing was spawned yet");
    let (go, gate) = oneshot::channel::<()>();
    let task = runtime.spawn(async move { gate.await.unwrap() });
    assert!(handle.poll_idle(&mut cx).is_pending());
    let waiting = thread::spawn(move || pollster::block_on(poll_fn(|cx| handle.poll_idle(cx))));
    go.send(()).unwrap();
    waiting.join().unwrap();
    assert!(task.is_finished());
    assert_eq!(runtime.handle().alive_tasks(), 0);
}

#[test]
fn a_stopped_clock_jumps_in_a_nested_block_on_too() {
    let _watchdog = watchdog();
    let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
    let handle = runtime.handle().clone();
    runtime.block_on(async {
        let hour = std::time::Duration::from_secs(3600);
        let before = minato::time::Instant::now();
        handle.block_on(minato::time::sleep(hour));
        assert!(before.elapsed() >= hour);
    });
}
