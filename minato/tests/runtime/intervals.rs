//! After how many polls a busy runtime looks at its sockets and at tasks from other threads.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::runtime::{Builder, Handle, Runtime};

use crate::kit::{current_thread, multi_thread, pair, watchdog};

/// How many polls of local tasks there are between those of tasks from another thread.
fn distances(runtime: &Runtime, local: usize, others: usize) -> Vec<usize> {
    let polls: Arc<Mutex<Vec<bool>>> = Arc::default();
    let all = polls.clone();
    runtime
        .block_on(runtime.spawn(async move {
            let note = |is_other| {
                let polls = all.clone();
                async move { polls.lock().unwrap().push(is_other) }
            };
            let mut tasks: Vec<_> = (0..local).map(|_| minato::spawn(note(false))).collect();
            let handle = Handle::current();
            let injected = (0..others).map(|_| note(true)).collect::<Vec<_>>();
            let spawns =
                move || injected.into_iter().map(|task| handle.spawn(task)).collect::<Vec<_>>();
            tasks.extend(thread::spawn(spawns).join().unwrap());
            for task in tasks {
                task.await.unwrap();
            }
        }))
        .unwrap();
    let polls = polls.lock().unwrap();
    let at: Vec<usize> =
        polls.iter().enumerate().filter_map(|(at, is_other)| is_other.then_some(at)).collect();
    at.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn tasks_from_other_threads_have_their_turn() {
    let _watchdog = watchdog();
    for interval in [1, 2, 5, 31, 100] {
        let runtime =
            Builder::new_current_thread().global_queue_interval(interval).build().unwrap();
        let interval = interval as usize;
        let between = distances(&runtime, 6 * interval, 5);
        assert_eq!(between, [interval + 1; 4]);

        let mut builder = Builder::new_multi_thread();
        let runtime =
            builder.worker_threads(1).global_queue_interval(interval as u32).build().unwrap();
        let between = distances(&runtime, 5 * interval, 5);
        assert!(between.iter().all(|distance| *distance <= interval + 1), "{between:?}");
        assert!(between.iter().sum::<usize>() >= interval, "{interval}: {between:?}");
    }
}

#[test]
fn by_default_they_wait_for_61_polls() {
    let _watchdog = watchdog();
    assert_eq!(distances(&current_thread(), 300, 4), [62; 3]);
}

/// The slower the polls, the fewer of them a task from another thread waits for.
#[test]
fn a_worker_goes_by_how_long_its_polls_take() {
    let _watchdog = watchdog();
    let runtime = multi_thread(1);
    let polls = Arc::new(AtomicUsize::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    for _ in 0..3 {
        let (polls, stop) = (polls.clone(), stop.clone());
        runtime.spawn(poll_fn(move |cx| {
            thread::sleep(Duration::from_micros(100));
            polls.fetch_add(1, Ordering::SeqCst);
            cx.waker().wake_by_ref();
            if stop.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        }));
    }
    // How many polls a task that was just spawned here waits for.
    let waits = || {
        let (before, polls) = (polls.load(Ordering::SeqCst), polls.clone());
        let task = async move { polls.load(Ordering::SeqCst) };
        runtime.block_on(runtime.spawn(task)).unwrap() - before
    };
    let mut short = 0;
    while short < 5 {
        short = if waits() <= 8 { short + 1 } else { 0 };
    }
    stop.store(true, Ordering::SeqCst);
}

/// How many polls of busy tasks there are before a socket's task learns that it can read.
async fn polls_before_an_event() -> usize {
    let (mut near, mut far) = pair().await;
    let polls = Arc::new(AtomicUsize::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let counted = polls.clone();
    let reader = minato::spawn(async move {
        far.read_exact(&mut [0]).await.unwrap();
        counted.load(Ordering::SeqCst)
    });
    // The reader waits in the reactor by then.
    minato::time::sleep(Duration::from_millis(20)).await;
    for _ in 0..3 {
        let (polls, stop) = (polls.clone(), stop.clone());
        minato::spawn(poll_fn(move |cx| {
            polls.fetch_add(1, Ordering::SeqCst);
            cx.waker().wake_by_ref();
            if stop.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        }));
    }
    near.write_all(b"y").await.unwrap();
    let before = polls.load(Ordering::SeqCst);
    let has_read = reader.await.unwrap();
    stop.store(true, Ordering::SeqCst);
    has_read - before
}

#[test]
fn sockets_have_their_turn() {
    let _watchdog = watchdog();
    for interval in [1, 7, 50, 400] {
        let runtime = Builder::new_current_thread().event_interval(interval).build().unwrap();
        let polls = runtime.block_on(polls_before_an_event());
        // Within the first interval, and then the tasks that stand before the reader.
        assert!(polls.abs_diff(interval as usize) < 10, "{interval}: {polls}");

        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).event_interval(interval).build().unwrap();
        let polls = runtime.block_on(runtime.spawn(polls_before_an_event())).unwrap();
        assert!(polls < interval as usize + 10, "{interval}: {polls}");
    }
}

/// However few events are taken from the system at a time, each comes in its turn.
#[test]
fn few_events_at_a_time() {
    let _watchdog = watchdog();
    for (per_tick, per_busy_tick) in [(1, None), (1024, Some(1)), (2, Some(1)), (1, Some(7))] {
        for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            builder.worker_threads(1).max_io_events_per_tick(per_tick);
            per_busy_tick.map(|count| builder.max_io_events_per_busy_tick(count).enable_io());
            let runtime = builder.build().unwrap();
            let stop = Arc::new(AtomicBool::new(false));
            let busy = |_| {
                let stop = stop.clone();
                runtime.spawn(poll_fn(move |cx| {
                    cx.waker().wake_by_ref();
                    if stop.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
                }))
            };
            let busy: Vec<_> = (0..per_busy_tick.unwrap_or(0)).map(busy).collect();
            let exchange = |_| {
                runtime.spawn(async {
                    let (mut near, far) = pair().await;
                    let echo = minato::spawn(crate::kit::echo(far));
                    crate::kit::ping(&mut near, 16).await.unwrap();
                    drop(near);
                    echo.await.unwrap().unwrap();
                })
            };
            let exchanges: Vec<_> = (0..16).map(exchange).collect();
            for exchange in exchanges {
                runtime.block_on(exchange).unwrap();
            }
            stop.store(true, Ordering::SeqCst);
            busy.into_iter().for_each(|task| runtime.block_on(task).unwrap());
        }
    }
}
