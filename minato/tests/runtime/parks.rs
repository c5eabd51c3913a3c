//! What happens when a thread of a runtime has nothing to do: hooks and metrics.

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use minato::runtime::{Builder, LocalRuntime, RuntimeFlavor, RuntimeMetrics};
use minato::task::yield_now;
use minato::time::sleep;

use crate::kit::{current_thread, multi_thread, watchdog};

const MILLI: Duration = Duration::from_millis(1);

/// Counts calls.
fn counting() -> (Arc<AtomicUsize>, impl Fn() + Send + Sync + 'static) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    (count, move || _ = counted.fetch_add(1, Ordering::SeqCst))
}

#[test]
fn hooks_come_in_pairs() {
    let _watchdog = watchdog();
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let (parks, on_park) = counting();
        let (unparks, on_unpark) = counting();
        builder.worker_threads(1).on_thread_park(on_park).on_thread_unpark(on_unpark);
        let runtime = builder.build().unwrap();
        for rounds in 1..4 {
            runtime.block_on(runtime.spawn(sleep(MILLI))).unwrap();
            assert!(parks.load(Ordering::SeqCst) >= rounds);
        }
        drop(runtime);
        assert_eq!(parks.load(Ordering::SeqCst), unparks.load(Ordering::SeqCst));
    }
}

/// In the order given before a park, and in reverse after it; a panic is contained.
#[test]
fn several_hooks_are_called_in_order() {
    let _watchdog = watchdog();
    let calls: Arc<Mutex<Vec<u32>>> = Arc::default();
    let call = |number| {
        let calls = calls.clone();
        move || {
            calls.lock().unwrap().push(number);
            assert!(number % 2 == 0, "a hook's panic");
        }
    };
    let mut builder = Builder::new_current_thread();
    builder.on_thread_park(call(1)).on_thread_park(call(2));
    builder.on_thread_unpark(call(4)).on_thread_unpark(call(3));
    builder.build().unwrap().block_on(sleep(MILLI));
    assert!(calls.lock().unwrap().starts_with(&[1, 2, 3, 4]));
}

/// Without that the runtime would park for ever.
#[test]
fn a_hook_may_wake_the_root() {
    let _watchdog = watchdog();
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let waker: Arc<Mutex<Option<Waker>>> = Arc::default();
        let hook_has = waker.clone();
        let wakes = move || hook_has.lock().unwrap().take().into_iter().for_each(Waker::wake);
        let runtime = builder.worker_threads(1).on_thread_park(wakes).build().unwrap();
        // On a worker the root wakes one that parks again.
        let task = runtime.spawn(async {});
        let mut polls = 0;
        runtime.block_on(poll_fn(|cx| {
            polls += 1;
            *waker.lock().unwrap() = Some(cx.waker().clone());
            minato::spawn(async {});
            if polls < 3 { Poll::Pending } else { Poll::Ready(()) }
        }));
        runtime.block_on(task).unwrap();
    }
}

/// Nothing but the task ends the wait.
#[test]
fn a_hook_may_spawn_a_task() {
    let _watchdog = watchdog();
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let (sender, receiver) = futures::channel::oneshot::channel();
        let sender = Mutex::new(Some(sender));
        builder.worker_threads(1).on_thread_park(move || {
            if let Some(sender) = sender.lock().unwrap().take() {
                minato::spawn(async move { sender.send(thread::current().id()).unwrap() });
            }
        });
        let runtime = builder.build().unwrap();
        let here = runtime.block_on(receiver).unwrap() == thread::current().id();
        assert_eq!(here, runtime.handle().runtime_flavor() == RuntimeFlavor::CurrentThread);
    }
}

/// A hook that wakes the root each time keeps no timer from firing.
#[test]
fn a_hook_that_always_wakes_starves_nobody() {
    let _watchdog = watchdog();
    let waker: Arc<Mutex<Option<Waker>>> = Arc::default();
    let hook_has = waker.clone();
    let wakes = move || hook_has.lock().unwrap().take().into_iter().for_each(Waker::wake);
    let runtime = Builder::new_current_thread().on_thread_park(wakes).build().unwrap();
    let timer = runtime.spawn(sleep(MILLI));
    while !timer.is_finished() {
        let mut polled = false;
        runtime.block_on(poll_fn(|cx| {
            *waker.lock().unwrap() = Some(cx.waker().clone());
            if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
        }));
        thread::sleep(MILLI / 10);
    }
}

/// Waits until the numbers are as they should be in the end.
fn until(what: impl Fn() -> bool) {
    while !what() {
        thread::sleep(MILLI);
    }
}

#[test]
fn workers_and_living_tasks_are_counted() {
    let _watchdog = watchdog();
    for (runtime, workers) in [(current_thread(), 1), (multi_thread(1), 1), (multi_thread(3), 3)] {
        let metrics = runtime.metrics();
        assert_eq!(metrics.num_workers(), workers);
        let tasks = [(); 5].map(|()| runtime.spawn(pending::<()>()));
        // A blocking job is no task.
        let (release, released) = std::sync::mpsc::channel::<()>();
        let job = runtime.spawn_blocking(move || _ = released.recv());
        assert_eq!(metrics.num_alive_tasks(), 5);
        for (task, left) in tasks.into_iter().zip([4, 3, 2, 1, 0]) {
            task.abort();
            assert!(runtime.block_on(task).unwrap_err().is_cancelled());
            until(|| metrics.num_alive_tasks() == left);
        }
        drop(release);
        runtime.block_on(job).unwrap();
        assert_eq!(runtime.handle().metrics().num_alive_tasks(), 0);
    }
}

#[test]
fn tasks_from_other_threads_wait_in_the_global_queue() {
    let _watchdog = watchdog();
    let runtime = current_thread();
    for depth in 0..4 {
        assert_eq!(runtime.metrics().global_queue_depth(), depth);
        runtime.spawn(async {});
    }
    runtime.block_on(async {
        while runtime.metrics().global_queue_depth() > 0 {
            yield_now().await;
        }
    });

    let runtime = multi_thread(2);
    let metrics = runtime.metrics();
    let (reached, leave) = (Arc::new(Barrier::new(3)), Arc::new(Barrier::new(3)));
    let busy = [(); 2].map(|()| {
        let (reached, leave) = (reached.clone(), leave.clone());
        runtime.spawn(async move {
            reached.wait();
            leave.wait();
        })
    });
    reached.wait();
    for depth in 0..4 {
        assert_eq!(metrics.global_queue_depth(), depth);
        runtime.spawn(async {});
    }
    leave.wait();
    busy.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    until(|| metrics.global_queue_depth() == 0);
}

#[test]
fn parks_are_counted() {
    let _watchdog = watchdog();
    let runtime = current_thread();
    let metrics = runtime.metrics();
    assert_eq!((metrics.worker_park_count(0), metrics.worker_park_unpark_count(0)), (0, 0));
    runtime.block_on(sleep(MILLI));
    assert!(metrics.worker_park_count(0) >= 1);
    // Whoever asks is not parked.
    assert_eq!(metrics.worker_park_unpark_count(0) % 2, 0);
    assert!(metrics.worker_park_unpark_count(0) >= 2);

    let runtime = multi_thread(2);
    let metrics = runtime.metrics();
    let counts = |metrics: &RuntimeMetrics| [0, 1].map(|at| metrics.worker_park_unpark_count(at));
    until(|| counts(&metrics) == [1, 1]);
    // A worker that wakes up because another one parks has not gone to work.
    thread::sleep(20 * MILLI);
    assert_eq!(counts(&metrics), [1, 1]);
    let mut before = counts(&metrics);
    for _ in 0..5 {
        runtime.block_on(runtime.spawn(async {})).unwrap();
        until(|| counts(&metrics).iter().sum::<u64>() > before.iter().sum());
        until(|| counts(&metrics).iter().all(|count| count % 2 == 1));
        before = counts(&metrics);
    }
    drop(runtime);
    assert!(counts(&metrics).iter().all(|count| count % 2 == 0), "{:?}", counts(&metrics));
}

#[test]
fn busy_time_is_measured_once_somebody_asks() {
    let _watchdog = watchdog();
    let runtime = multi_thread(2);
    let work = async {
        for _ in 0..10 {
            thread::sleep(MILLI);
            yield_now().await;
        }
    };
    runtime.block_on(runtime.spawn(work)).unwrap();
    let metrics = runtime.metrics();
    let busy = |metrics: &RuntimeMetrics| {
        (0..metrics.num_workers())
            .map(|at| metrics.worker_total_busy_duration(at))
            .sum::<Duration>()
    };
    assert!(busy(&metrics) < 10 * MILLI);
    // A worker that was at work when somebody asked counts from its next pause on: after the first
    // sleep.
    let work = runtime.spawn(async {
        for _ in 0..11 {
            thread::sleep(MILLI);
            sleep(MILLI).await;
        }
    });
    runtime.block_on(work).unwrap();
    drop(runtime);
    assert!(busy(&metrics) >= 10 * MILLI);
    assert!((0..2).all(|worker| metrics.worker_total_busy_duration(worker) > Duration::ZERO));
}

#[test]
fn a_pause_is_not_busy() {
    let _watchdog = watchdog();
    let runtime = LocalRuntime::new().unwrap();
    let metrics = runtime.metrics();
    let start = std::time::Instant::now();
    for _ in 0..3 {
        runtime.block_on(sleep(30 * MILLI));
        // Nor is the time outside of `block_on`.
        thread::sleep(30 * MILLI);
    }
    let busy = metrics.worker_total_busy_duration(0);
    assert!(busy > Duration::ZERO && busy + 180 * MILLI <= start.elapsed(), "{busy:?}");
    runtime.block_on(async { thread::sleep(10 * MILLI) });
    assert!(metrics.worker_total_busy_duration(0) >= busy + 10 * MILLI);
}

/// No time passes in a simulated world while a task is polled.
#[test]
fn a_simulated_runtime_is_never_busy() {
    let _watchdog = watchdog();
    let engine = minato::engine::Engine::sim(minato::sim::World::new(2).host("a"));
    let runtime = Builder::new_current_thread().engine(engine).build().unwrap();
    let metrics = runtime.metrics();
    runtime.block_on(async {
        thread::sleep(MILLI);
        sleep(Duration::from_secs(3600)).await;
    });
    assert_eq!(metrics.worker_total_busy_duration(0), Duration::ZERO);
}

#[test]
#[should_panic(expected = "index out of bounds")]
fn there_are_no_metrics_of_a_worker_that_is_not_there() {
    multi_thread(2).metrics().worker_park_count(2);
}
