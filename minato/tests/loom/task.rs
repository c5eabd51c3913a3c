//! The cell of a task: wake, run, abort, join and the dropping of the last reference, at once.
//!
//! Loom's cells find two at a time in the stage or in the awaiter's place, its arcs find what is
//! dropped twice or never, and the assertions find what is lost.

#[allow(dead_code, reason = "the models need a part of it")]
#[path = "../../src/task/cell.rs"]
mod cell;
#[allow(dead_code, unreachable_pub, reason = "the models need a part of it")]
#[path = "../../src/task/id.rs"]
mod id;
#[allow(dead_code, reason = "the models need a part of it")]
#[path = "../../src/task/raw.rs"]
mod raw;
#[allow(dead_code, reason = "the models need a part of it")]
#[path = "../../src/task/state.rs"]
mod state;

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};

use loom::thread;

use self::cell::{Facts, Fresh, Join, Runnable, Schedule, TaskRef};
use self::id::Id;
use crate::sync::{Arc, AtomicUsize, Mutex, Ordering};

/// A runtime with one queue.
#[derive(Clone)]
struct Queue(Arc<Inner>);

struct Inner {
    queue: Mutex<VecDeque<Runnable<Queue>>>,
    /// The registry.
    kept: Mutex<Option<TaskRef<Queue>>>,
}

impl Schedule for Queue {
    fn address(&self) -> usize {
        0
    }

    fn queue_here(_: usize, runnable: Runnable<Self>, _: bool) -> Result<(), Runnable<Self>> {
        Err(runnable)
    }

    fn inject(self, runnable: Runnable<Self>) {
        self.0.queue.lock().push_back(runnable);
    }

    fn poll<F: Future>(&self, future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
        future.poll(cx)
    }

    fn ended(&self, _: &Facts) -> Option<TaskRef<Self>> {
        self.0.kept.lock().take()
    }
}

impl Queue {
    fn new() -> Self {
        Self(Arc::new(Inner { queue: Mutex::default(), kept: Mutex::default() }))
    }

    fn make<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> (Runnable<Self>, Join<T, Self>, TaskRef<Self>) {
        let facts = Facts::new(Id::next(), Location::caller());
        let Fresh { runnable, join, task } = Fresh::new(self.clone(), facts, future);
        (runnable, join, task)
    }

    /// As the library makes them: kept until the future is gone.
    fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> (Runnable<Self>, Join<T, Self>) {
        let (runnable, join, task) = self.make(future);
        *self.0.kept.lock() = Some(task);
        (runnable, join)
    }

    fn next(&self) -> Option<Runnable<Self>> {
        self.0.queue.lock().pop_front()
    }

    /// Runs what is there; the number of runs.
    fn run_all(&self) -> usize {
        std::iter::from_fn(|| self.next().map(Runnable::run)).count()
    }
}

/// Something that is dropped once: loom's arc finds whatever else happens.
fn token() -> Arc<()> {
    Arc::new(())
}

/// Counts its wakes.
#[derive(Clone)]
struct Count(Arc<AtomicUsize>);

/// Std's wakers want std's arcs.
impl Wake for Count {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

fn counting() -> (Count, Waker) {
    let count = Count(Arc::new(AtomicUsize::new(0)));
    (count.clone(), Waker::from(std::sync::Arc::new(count)))
}

fn poll<T>(join: &mut Join<T, Queue>, waker: &Waker) -> Poll<Option<T>> {
    join.poll(&mut Context::from_waker(waker)).map(|output| output.and_then(Result::ok))
}

/// What a task waits for: a number that grows, written before the wake without a lock of its own.
struct Signal {
    value: AtomicUsize,
    waker: Mutex<Option<Waker>>,
}

impl Signal {
    fn new() -> Arc<Self> {
        Arc::new(Self { value: AtomicUsize::new(0), waker: Mutex::default() })
    }

    fn add(&self) {
        self.value.fetch_add(1, Ordering::Relaxed);
    }
}

/// Waits until the value is `goal`. The waker is left once, in the first poll.
fn reaches(signal: &Arc<Signal>, goal: usize) -> impl Future<Output = Arc<()>> + Send + 'static {
    let (signal, held) = (signal.clone(), token());
    poll_fn(move |cx| {
        let _held = &held;
        let mut waker = signal.waker.lock();
        if waker.is_none() {
            *waker = Some(cx.waker().clone());
        }
        drop(waker);
        // What matters is what the wake itself makes visible.
        match signal.value.load(Ordering::Relaxed) {
            value if value == goal => Poll::Ready(token()),
            _ => Poll::Pending,
        }
    })
}

/// Two wakers and a run at once: the wakes of the task are not lost, and no two polls overlap.
#[test]
fn wakes_during_a_run_are_not_lost() {
    loom::model(|| {
        let (queue, signal) = (Queue::new(), Signal::new());
        let (runnable, mut join) = queue.spawn(reaches(&signal, 2));
        runnable.run();
        let waker = signal.waker.lock().clone().unwrap();
        let other = {
            let (signal, waker, queue) = (signal.clone(), waker.clone(), queue.clone());
            thread::spawn(move || {
                signal.add();
                waker.wake();
                queue.run_all();
            })
        };
        signal.add();
        waker.wake_by_ref();
        queue.run_all();
        other.join().unwrap();
        queue.run_all();
        assert!(matches!(poll(&mut join, Waker::noop()), Poll::Ready(Some(_))));
        signal.waker.lock().take();
        drop((join, waker));
    });
}

/// An abort among wakes and runs: the task ends, with its output or without.
#[test]
fn an_abort_ends_the_task_whatever_else_happens() {
    loom::model(|| {
        let (queue, signal) = (Queue::new(), Signal::new());
        let (runnable, mut join) = queue.spawn(reaches(&signal, 1));
        runnable.run();
        let waker = signal.waker.lock().take().unwrap();
        let task = join.task();
        let aborts = {
            let queue = queue.clone();
            thread::spawn(move || {
                task.abort();
                queue.run_all();
                drop(task);
            })
        };
        signal.add();
        waker.wake();
        queue.run_all();
        aborts.join().unwrap();
        queue.run_all();
        assert!(join.is_complete());
        assert!(poll(&mut join, Waker::noop()).is_ready());
        signal.waker.lock().take();
        drop(join);
    });
}

/// Whoever awaits a task while it completes sees that, or is woken.
#[test]
fn a_join_that_meets_the_end_is_ready_or_woken() {
    loom::model(|| {
        let queue = Queue::new();
        let (runnable, mut join) = queue.spawn(async { token() });
        let runs = thread::spawn(move || runnable.run());
        let (count, waker) = counting();
        let (other_count, other_waker) = counting();
        let early = poll(&mut join, &other_waker);
        let polled = if early.is_ready() { early } else { poll(&mut join, &waker) };
        runs.join().unwrap();
        let woken = count.0.load(Ordering::Acquire);
        match polled {
            Poll::Ready(output) => assert!(output.is_some()),
            Poll::Pending => {
                assert_eq!(woken, 1);
                assert!(matches!(poll(&mut join, &waker), Poll::Ready(Some(_))));
            }
        }
        assert!(other_count.0.load(Ordering::Acquire) <= 1);
        drop(join);
    });
}

/// The handle goes, having waited, while the task completes: the output and the waker are dropped
/// once, by one of them.
#[test]
fn a_handle_that_is_dropped_at_the_end_leaves_nothing() {
    loom::model(|| {
        let queue = Queue::new();
        let (runnable, mut join) = queue.spawn(async { token() });
        let (_, waker) = counting();
        _ = poll(&mut join, &waker);
        let runs = thread::spawn(move || runnable.run());
        drop(waker);
        drop(join);
        runs.join().unwrap();
    });
}

/// A runnable that is dropped, as at a shutdown, while the handle waits and another wakes.
#[test]
fn a_dropped_runnable_tells_the_handle() {
    loom::model(|| {
        let (queue, signal) = (Queue::new(), Signal::new());
        let (runnable, mut join) = queue.spawn(reaches(&signal, 1));
        runnable.run();
        let waker = signal.waker.lock().take().unwrap();
        waker.wake_by_ref();
        let runnable = queue.next().unwrap();
        let drops = thread::spawn(move || drop(runnable));
        let (count, awaits) = counting();
        waker.wake();
        let polled = poll(&mut join, &awaits);
        drops.join().unwrap();
        assert_eq!(queue.run_all(), 0);
        match polled {
            Poll::Ready(output) => assert!(output.is_none()),
            Poll::Pending => {
                assert_eq!(count.0.load(Ordering::Acquire), 1);
                assert!(matches!(poll(&mut join, &awaits), Poll::Ready(None)));
            }
        }
        drop(join);
    });
}

/// The last references to a task that nobody keeps go at once, one of them by a poll that ends: the
/// future comes to the queue once, to be dropped.
#[test]
fn the_last_references_go_at_once() {
    loom::model(|| {
        let (queue, signal) = (Queue::new(), Signal::new());
        let (runnable, join, task) = queue.make(reaches(&signal, 9));
        let drops = thread::spawn(move || drop(task));
        let leaves = thread::spawn(move || drop(join));
        runnable.run();
        signal.waker.lock().take();
        drops.join().unwrap();
        leaves.join().unwrap();
        assert_eq!(queue.run_all(), 1);
    });
}

/// A waker that outlives the task: waking and dropping it is harmless, and frees the cell.
#[test]
fn a_waker_outlives_its_task() {
    loom::model(|| {
        let (queue, signal) = (Queue::new(), Signal::new());
        signal.add();
        let (runnable, join) = queue.spawn(reaches(&signal, 1));
        drop(join);
        let runs = thread::spawn(move || runnable.run());
        let waker = signal.waker.lock().take();
        if let Some(waker) = waker {
            let clone = waker.clone();
            waker.wake();
            drop(clone);
        }
        runs.join().unwrap();
        assert!(queue.run_all() <= 1);
        signal.waker.lock().take();
    });
}

/// A planted bug that loom must find: a wake that does not write when the task is woken already, so
/// that the run may miss what was written before it.
#[test]
#[should_panic(expected = "missed")]
fn canary_a_wake_that_publishes_nothing() {
    loom::model(|| {
        let (value, woken) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(1)));
        let other = {
            let (value, woken) = (value.clone(), woken.clone());
            thread::spawn(move || {
                value.store(1, Ordering::Relaxed);
                // Finds the task woken and leaves it at that.
                woken.load(Ordering::Acquire) == 1
            })
        };
        let seen =
            if woken.swap(0, Ordering::AcqRel) == 1 { value.load(Ordering::Relaxed) } else { 0 };
        let found_woken = other.join().unwrap();
        assert!(!found_woken || seen == 1, "missed");
    });
}
