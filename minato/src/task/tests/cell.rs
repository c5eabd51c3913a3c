//! Every way a task can end, crossed with what its wakers and its join handle do meanwhile.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::future::{pending, poll_fn};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, RawWakerVTable, Wake, Waker};
use std::thread;

use super::super::cell::{Facts, Fresh, Join, Runnable, Schedule, TaskRef};
use super::super::raw::{Caught, waker_table};
use super::super::{Id, yield_now};
use crate::panics::contain;

/// A runtime with one queue.
#[derive(Clone, Default)]
struct Queue(Arc<Inner>);

#[derive(Default)]
struct Inner {
    injected: Mutex<VecDeque<Runnable<Queue>>>,
    /// The registry.
    kept: Mutex<Option<TaskRef<Queue>>>,
    ended: AtomicUsize,
}

/// Tasks, and whether each woke while it was polled.
type Queued = VecDeque<(Runnable<Queue>, bool)>;

thread_local! {
    /// The tasks queued on this thread, while it counts as holding a core.
    static HERE: RefCell<Option<Queued>> = const { RefCell::new(None) };
}

impl Schedule for Queue {
    fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    fn wakers() -> &'static RawWakerVTable {
        static WAKERS: RawWakerVTable = waker_table::<Queue>();
        &WAKERS
    }

    fn queue_here(_: usize, runnable: Runnable<Self>, yielded: bool) -> Result<(), Runnable<Self>> {
        HERE.with_borrow_mut(|here| match here {
            Some(here) => {
                here.push_back((runnable, yielded));
                Ok(())
            }
            None => Err(runnable),
        })
    }

    fn inject(self, runnable: Runnable<Self>) {
        lock(&self.0.injected).push_back(runnable);
    }

    fn poll<F: Future>(&self, future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
        future.poll(cx)
    }

    fn ended(&self, _: &Facts) -> Option<TaskRef<Self>> {
        self.0.ended.fetch_add(1, Ordering::SeqCst);
        lock(&self.0.kept).take()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queue {
    fn make<F>(&self, future: F) -> (Runnable<Self>, Join<F::Output, Self>, TaskRef<Self>)
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        let facts = Facts::new(Id::next(), Location::caller());
        let Fresh { runnable, join, task } = Fresh::new(self.clone(), facts, future);
        (runnable, join, task)
    }

    /// A task as the library makes them: queued, and kept until its future is gone.
    fn spawn<F>(&self, future: F) -> Join<F::Output, Self>
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        let (runnable, join, task) = self.make(future);
        *lock(&self.0.kept) = Some(task);
        runnable.schedule();
        join
    }

    fn next(&self) -> Option<Runnable<Self>> {
        lock(&self.0.injected).pop_front()
    }

    fn run_all(&self) {
        while let Some(runnable) = self.next() {
            runnable.run();
        }
    }

    fn ended(&self) -> usize {
        self.0.ended.load(Ordering::SeqCst)
    }

    /// Whether no cell is left that knows this queue.
    fn is_alone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

/// Counts how many were made and dropped.
#[derive(Default)]
struct Tally {
    made: AtomicUsize,
    dropped: AtomicUsize,
}

impl Tally {
    fn token(self: &Arc<Self>) -> Token {
        self.made.fetch_add(1, Ordering::SeqCst);
        Token(self.clone())
    }

    fn is_even(&self) -> bool {
        self.made.load(Ordering::SeqCst) == self.dropped.load(Ordering::SeqCst)
    }
}

struct Token(Arc<Tally>);

impl Drop for Token {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn counting() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (count.clone(), Waker::from(count))
}

fn poll<T>(join: &mut Join<T, Queue>, waker: &Waker) -> Poll<Option<Caught<T>>> {
    join.poll(&mut Context::from_waker(waker))
}

fn on_another_thread(run: impl FnOnce() + Send) {
    thread::scope(|scope| scope.spawn(run).join().unwrap());
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Ready,
    Panics,
    PanicsWhenDropped,
    Aborted,
    AbortedWhileRunning,
    RunnableDropped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wakers {
    Borrowed,
    WakesItself,
    WokenAfterTheEnd,
    Cloned,
    DroppedLastElsewhere,
    WokenElsewhere,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handle {
    DroppedFirst,
    DroppedWhileWaiting,
    DroppedAfterTheEnd,
    PolledAfterTheEnd,
    Waiting,
    WaitingTwice,
}

/// What the future does and who looks on.
struct Case {
    end: End,
    wakers: Wakers,
    tally: Arc<Tally>,
    kept: Arc<Mutex<Vec<Waker>>>,
    task: Arc<Mutex<Option<TaskRef<Queue>>>>,
}

/// Panics when it is dropped, if it is to.
struct Fuse(bool, #[allow(dead_code, reason = "is dropped")] Token);

impl Drop for Fuse {
    fn drop(&mut self) {
        if self.0 {
            panic!("a destructor's panic");
        }
    }
}

impl Case {
    /// Waits once, and then ends.
    fn future(&self) -> impl Future<Output = Token> + Send + 'static {
        let (end, wakers) = (self.end, self.wakers);
        let (tally, kept, task) = (self.tally.clone(), self.kept.clone(), self.task.clone());
        let fuse = Fuse(end == End::PanicsWhenDropped, tally.token());
        let mut polls = 0;
        poll_fn(move |cx| {
            let _whole = &fuse;
            polls += 1;
            if polls == 1 {
                match wakers {
                    Wakers::Borrowed => lock(&kept).push(cx.waker().clone()),
                    Wakers::WakesItself => {
                        cx.waker().wake_by_ref();
                        cx.waker().wake_by_ref();
                    }
                    Wakers::Cloned => {
                        let all = (0..10).map(|_| cx.waker().clone());
                        lock(&kept).extend(all);
                    }
                    _ => lock(&kept).extend([cx.waker().clone(), cx.waker().clone()]),
                }
                return Poll::Pending;
            }
            if end == End::AbortedWhileRunning {
                if let Some(task) = lock(&task).take() {
                    task.abort();
                }
                return Poll::Pending;
            }
            if end == End::Panics {
                panic!("the task's panic");
            }
            Poll::Ready(tally.token())
        })
    }

    /// Lets the task come to its second poll, and to its end.
    fn drive(&self, queue: &Queue, task: TaskRef<Queue>) {
        queue.next().unwrap().run();
        if self.wakers == Wakers::WakesItself {
            assert_eq!(lock(&queue.0.injected).len(), 1, "woken while running");
        }
        match self.wakers {
            Wakers::WakesItself => {}
            Wakers::Borrowed => {
                // The waker that is consumed becomes the runnable.
                let waker = lock(&self.kept).pop().unwrap();
                waker.wake();
            }
            Wakers::WokenElsewhere => {
                let waker = lock(&self.kept).pop().unwrap();
                on_another_thread(|| waker.wake());
            }
            _ => lock(&self.kept)[0].wake_by_ref(),
        }
        if self.end == End::Aborted {
            task.abort();
            task.abort();
        }
        *lock(&self.task) = Some(task);
        if self.end == End::RunnableDropped {
            drop(queue.next().unwrap());
        }
        queue.run_all();
        lock(&self.task).take();
    }

    fn is_cancelled(&self) -> bool {
        matches!(self.end, End::Aborted | End::AbortedWhileRunning | End::RunnableDropped)
    }

    fn check(&self, output: Option<Caught<Token>>) {
        match output {
            None => assert!(self.is_cancelled()),
            Some(Ok(_)) => assert_eq!(self.end, End::Ready),
            Some(Err(panic)) => {
                let text = *panic.into_inner().downcast::<&'static str>().unwrap();
                let expected = match self.end {
                    End::Panics => "the task's panic",
                    _ => "a destructor's panic",
                };
                assert_eq!(text, expected);
            }
        }
    }
}

fn one_case(end: End, wakers: Wakers, handle: Handle) {
    let queue = Queue::default();
    let (tally, kept, task) = Default::default();
    let case = Case { end, wakers, tally, kept, task };
    let mut join = queue.spawn(case.future());
    let task = join.task();
    let (first, first_waker) = counting();
    let (count, waker) = counting();
    let mut join = match handle {
        Handle::DroppedFirst => {
            drop(join);
            None
        }
        Handle::DroppedWhileWaiting => {
            assert!(poll(&mut join, &waker).is_pending());
            drop(join);
            None
        }
        Handle::Waiting | Handle::WaitingTwice => {
            if handle == Handle::WaitingTwice {
                assert!(poll(&mut join, &first_waker).is_pending());
                assert!(poll(&mut join, &first_waker).is_pending());
            }
            assert!(poll(&mut join, &waker).is_pending());
            Some(join)
        }
        _ => Some(join),
    };
    case.drive(&queue, task);
    assert_eq!(queue.ended(), 1);
    let waits = matches!(handle, Handle::Waiting | Handle::WaitingTwice);
    assert_eq!(count.0.load(Ordering::SeqCst), usize::from(waits));
    assert_eq!(first.0.load(Ordering::SeqCst), 0);
    assert_eq!(Arc::strong_count(&first), 2, "the waker that was replaced is dropped");
    assert_eq!(Arc::strong_count(&count), 2, "the waker is dropped with the wait");
    if handle == Handle::DroppedAfterTheEnd {
        assert!(join.take().unwrap().is_complete());
    }
    if let Some(join) = &mut join {
        assert!(join.is_complete());
        let Poll::Ready(output) = poll(join, &waker) else { panic!("complete and not ready") };
        assert!(join.is_done());
        case.check(output);
    }
    // Only now, so that the output must have been dropped without the cell.
    drop(join);
    assert!(case.tally.is_even());

    match wakers {
        Wakers::WokenAfterTheEnd => {
            for waker in lock(&case.kept).drain(..) {
                waker.wake_by_ref();
                waker.wake();
            }
        }
        Wakers::DroppedLastElsewhere => {
            let all = std::mem::take(&mut *lock(&case.kept));
            assert!(!queue.is_alone());
            on_another_thread(|| drop(all));
        }
        _ => lock(&case.kept).clear(),
    }
    assert!(queue.next().is_none());
    assert!(queue.is_alone(), "the cell is not freed");
    assert!(case.tally.is_even());
}

#[test]
fn every_end_with_all_wakers_and_handles() {
    use {End as E, Handle as H, Wakers as W};
    let (mut cases, mut failed) = (0, Vec::new());
    for end in [
        E::Ready,
        E::Panics,
        E::PanicsWhenDropped,
        E::Aborted,
        E::AbortedWhileRunning,
        E::RunnableDropped,
    ] {
        for wakers in [
            W::Borrowed,
            W::WakesItself,
            W::WokenAfterTheEnd,
            W::Cloned,
            W::DroppedLastElsewhere,
            W::WokenElsewhere,
        ] {
            for handle in [
                H::DroppedFirst,
                H::DroppedWhileWaiting,
                H::DroppedAfterTheEnd,
                H::PolledAfterTheEnd,
                H::Waiting,
                H::WaitingTwice,
            ] {
                cases += 1;
                if contain(|| one_case(end, wakers, handle)).is_err() {
                    failed.push((end, wakers, handle));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{} of {cases}: {failed:#?}", failed.len());
}

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

/// The task's own waker is the only reference to what keeps it, and the other way round.
#[test]
fn a_task_that_holds_its_own_waker_and_handle_goes_when_it_is_done() {
    let queue = Queue::default();
    let own = Arc::new(Mutex::new(None::<Join<(), Queue>>));
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
