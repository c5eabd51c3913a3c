//! The cell of a task: runs against wakes, aborts, joins and drops, with a queue in the runtime's
//! place.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::thread;

use crate::sync::{Arc, AtomicUsize, Mutex, Ordering};
use crate::task::cell::{Runnable, Schedule, TaskMeta, TaskRef};
use crate::task::spawn;

/// Where woken tasks go. Whoever likes runs them, unless they run alone: then one thread does.
#[derive(Clone)]
pub(super) struct Queue(Arc<Mutex<VecDeque<Runnable>>>, Option<Registry>);

/// Keeps the task until it has ended.
type Registry = Arc<Mutex<Option<TaskRef>>>;

impl Queue {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(VecDeque::new())), None)
    }

    /// One for a task that runs alone.
    pub(super) fn alone() -> Self {
        Self(Self::new().0, Some(Arc::new(Mutex::new(None))))
    }

    /// Runs what is there; how many runs that were.
    pub(super) fn run(&self) -> usize {
        let mut runs = 0;
        loop {
            let next = self.0.lock().pop_front();
            let Some(runnable) = next else { return runs };
            runnable.run();
            runs += 1;
        }
    }
}

impl Schedule for Queue {
    fn address(&self) -> usize {
        1
    }

    fn run_alone(&self, _meta: &TaskMeta) -> bool {
        self.1.is_some()
    }

    fn admit(&self, task: TaskRef) -> Result<(), &'static str> {
        if let Some(registry) = &self.1 {
            *registry.lock() = Some(task);
        }
        Ok(())
    }

    fn queue_here(_address: usize, runnable: Runnable, _yielded: bool) -> Result<(), Runnable> {
        Err(runnable)
    }

    fn inject(self, runnable: Runnable) {
        self.0.lock().push_back(runnable);
    }

    fn poll<F: Future>(
        &self,
        _meta: &TaskMeta,
        future: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        future.poll(cx)
    }

    fn ended(&self, _meta: &TaskMeta) -> Option<TaskRef> {
        self.1.as_ref().and_then(|registry| registry.lock().take())
    }
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new() -> (Self, Arc<AtomicUsize>) {
        let drops = Arc::new(AtomicUsize::new(0));
        (Self(drops.clone()), drops)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// Waits for a flag, as somebody else's futures do: leaves the waker, then looks.
#[derive(Default)]
struct Flag {
    waker: Mutex<Option<Waker>>,
    set: AtomicUsize,
}

impl Flag {
    fn set(&self) {
        self.set.store(1, Ordering::Release);
        let waker = self.waker.lock().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn wait(&self) {
        poll_fn(|cx| {
            *self.waker.lock() = Some(cx.waker().clone());
            match self.set.load(Ordering::Acquire) {
                0 => Poll::Pending,
                _ => Poll::Ready(()),
            }
        })
        .await;
    }
}

/// One thread runs the task, one wakes it, one waits for its output.
#[test]
fn a_wake_against_a_run_and_a_join() {
    loom::model(|| {
        let queue = Queue::new();
        let flag = Arc::new(Flag::default());
        let waited = flag.clone();
        let (runnable, join, task) = spawn(queue.clone(), async move {
            waited.wait().await;
            7
        });
        drop(task);
        runnable.schedule();
        let waking = thread::spawn(move || flag.set());
        let running = thread::spawn({
            let queue = queue.clone();
            move || _ = queue.run()
        });
        waking.join().unwrap();
        running.join().unwrap();
        queue.run();
        assert_eq!(block_on(join), Some(7));
    });
}

/// The join handle waits while the task completes.
#[test]
fn a_join_against_the_end() {
    loom::model(|| {
        let (runnable, join, task) = spawn(Queue::new(), async { 7 });
        drop(task);
        let running = thread::spawn(move || runnable.run());
        assert_eq!(block_on(join), Some(7));
        running.join().unwrap();
    });
}

/// Somebody looks who waits for the task, while that one begins to wait and the task completes: the
/// looking changes nothing.
#[test]
fn a_look_against_a_join_and_the_end() {
    loom::model(|| {
        let (runnable, join, task) = spawn(Queue::new(), async { 7 });
        let running = thread::spawn(move || runnable.run());
        let looking = thread::spawn(move || {
            _ = task.joiner();
            let (scheduled, running) = task.is_scheduled_or_running();
            assert!(!(scheduled && running), "nobody wakes it");
        });
        assert_eq!(block_on(join), Some(7));
        running.join().unwrap();
        looking.join().unwrap();
    });
}

/// The join handle is polled by one waker and then by another, while the task completes.
#[test]
fn a_change_of_the_joiners_waker_against_the_end() {
    loom::model(|| {
        let (runnable, mut join, task) = spawn(Queue::new(), async { 7 });
        drop(task);
        let running = thread::spawn(move || runnable.run());
        let first = Pin::new(&mut join).poll(&mut Context::from_waker(Waker::noop()));
        match first {
            Poll::Ready(output) => assert_eq!(output, Some(7)),
            Poll::Pending => assert_eq!(block_on(join), Some(7)),
        }
        running.join().unwrap();
    });
}

/// The join handle is dropped while the task completes: the output is dropped once.
#[test]
fn a_detach_against_the_end() {
    loom::model(|| {
        let (counted, drops) = Counted::new();
        let (runnable, mut join, task) = spawn(Queue::new(), async move { counted });
        drop(task);
        let running = thread::spawn(move || runnable.run());
        if Pin::new(&mut join).poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            drop(join);
        }
        running.join().unwrap();
        assert_eq!(drops.load(Ordering::Acquire), 1);
    });
}

/// An abort meets a poll: the task ends, cancelled or with its output, and its future is dropped.
#[test]
fn an_abort_against_a_run() {
    abort_in_a_run(Queue::new);
}

#[test]
fn an_abort_against_a_run_alone() {
    abort_in_a_run(Queue::alone);
}

fn abort_in_a_run(queue: fn() -> Queue) {
    loom::model(move || {
        let (counted, drops) = Counted::new();
        let queue = queue();
        let (runnable, join, task) = spawn(queue.clone(), async move {
            let _counted = counted;
            std::future::pending::<()>().await;
        });
        runnable.schedule();
        let aborting = thread::spawn(move || task.abort());
        queue.run();
        aborting.join().unwrap();
        // What the abort asked for after the run is there now.
        queue.run();
        assert_eq!(block_on(join), None);
        assert_eq!(drops.load(Ordering::Acquire), 1);
    });
}

/// An abort and a wake at the same time make one run, and the task ends.
#[test]
fn an_abort_against_a_wake() {
    loom::model(|| {
        let queue = Queue::new();
        let flag = Arc::new(Flag::default());
        let waited = flag.clone();
        let (runnable, join, task) = spawn(queue.clone(), async move {
            waited.wait().await;
            std::future::pending::<()>().await;
        });
        runnable.run();
        let aborting = thread::spawn(move || task.abort());
        let waking = thread::spawn(move || flag.set());
        queue.run();
        aborting.join().unwrap();
        waking.join().unwrap();
        queue.run();
        assert_eq!(block_on(join), None);
    });
}

/// Two wake the task while it runs: it is never polled by two at a time, and polled afterwards.
#[test]
fn wakes_against_a_run() {
    two_wakes(wake, wake);
}

/// The same when one of the two runs the task as it wakes it, as the holder of a core does.
#[test]
fn a_wake_that_runs_the_task_against_a_wake_and_a_run() {
    two_wakes(wake, |news, waker| {
        news.store(1, Ordering::Relaxed);
        Runnable::wake_and_run(waker);
    });
}

/// The same when one of the two gets the runnable and runs it.
#[test]
fn a_wake_that_takes_the_runnable_against_a_wake_and_a_run() {
    two_wakes(wake, |news, waker| {
        news.store(1, Ordering::Relaxed);
        match Runnable::by_waking(waker) {
            Ok(Some(runnable)) => runnable.run(),
            Ok(None) => {}
            Err(complete) => drop(complete),
        }
    });
}

/// The same for a task that runs alone: nobody else runs it meanwhile, and the run needs no mark.
#[test]
fn a_wake_that_runs_the_task_alone_against_a_wake() {
    two_wakes_of(Queue::alone, wake, |news, waker| {
        news.store(1, Ordering::Relaxed);
        Runnable::wake_and_run(waker);
    });
}

fn wake(news: &AtomicUsize, waker: Waker) {
    news.store(1, Ordering::Relaxed);
    waker.wake();
}

/// A wake that comes before the news: the run that it causes may find nothing.
#[test]
#[should_panic = "the task waits for ever"]
fn the_canary_wakes_too_early() {
    let early = |news: &AtomicUsize, waker: Waker| {
        waker.wake();
        news.store(1, Ordering::Relaxed);
    };
    two_wakes(early, early);
}

fn two_wakes(tell: fn(&AtomicUsize, Waker), tell_here: fn(&AtomicUsize, Waker)) {
    two_wakes_of(Queue::new, tell, tell_here);
}

fn two_wakes_of(
    queue: fn() -> Queue,
    tell: fn(&AtomicUsize, Waker),
    tell_here: fn(&AtomicUsize, Waker),
) {
    loom::model(move || {
        let queue = queue();
        let news = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let (seen, polling) = (news.clone(), AtomicUsize::new(0));
        let place: Arc<Mutex<Option<Waker>>> = Arc::new(Mutex::new(None));
        let left = place.clone();
        let (runnable, mut join, task) = spawn(
            queue.clone(),
            poll_fn(move |cx| {
                assert_eq!(polling.fetch_add(1, Ordering::AcqRel), 0, "polled twice at a time");
                if left.lock().is_none() {
                    *left.lock() = Some(cx.waker().clone());
                }
                let all = seen.iter().all(|news| news.load(Ordering::Relaxed) == 1);
                polling.fetch_sub(1, Ordering::AcqRel);
                if all { Poll::Ready(3) } else { Poll::Pending }
            }),
        );
        drop(task);
        runnable.run();
        let waker = place.lock().clone().unwrap();
        let other = waker.clone();
        let told = news.clone();
        // What is left before the wake is passed on by nothing but the wake.
        let waking = thread::spawn(move || tell(&told[0], other));
        let runs_alone = queue.1.is_some();
        let running = (!runs_alone).then(|| {
            let queue = queue.clone();
            thread::spawn(move || _ = queue.run())
        });
        tell_here(&news[1], waker);
        waking.join().unwrap();
        running.into_iter().for_each(|running| running.join().unwrap());
        queue.run();
        drop(place.lock().take());
        let output = Pin::new(&mut join).poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(output, Poll::Ready(Some(3)), "the task waits for ever");
    });
}

/// Everybody lets go of a task that never ran to its end: it comes back to be dropped, once.
#[test]
fn the_last_waker_against_the_join_handle() {
    loom::model(|| {
        let (counted, drops) = Counted::new();
        let queue = Queue::new();
        let place: Arc<Mutex<Option<Waker>>> = Arc::new(Mutex::new(None));
        let left = place.clone();
        let (runnable, join, task) = spawn(
            queue.clone(),
            poll_fn(move |cx| {
                let _counted = &counted;
                *left.lock() = Some(cx.waker().clone());
                Poll::<()>::Pending
            }),
        );
        drop(task);
        runnable.run();
        let waker = place.lock().take();
        let dropping = thread::spawn(move || drop(waker));
        drop(join);
        dropping.join().unwrap();
        assert_eq!(drops.load(Ordering::Acquire), 0);
        queue.run();
        assert_eq!(drops.load(Ordering::Acquire), 1);
    });
}
