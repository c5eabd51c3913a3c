//! Futures, streams, readers and writers between the two kinds of futures: who is woken, and how
//! often.

use std::future::Future as StdFuture;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use futures::executor::{Notify, spawn};
use futures::task::Task;
use futures::{Async, Future, Stream, future, stream};
use futures_util::StreamExt;
use minato::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::bridge::{from_std, to_std};
use tokio::io::{self, AsyncRead};

/// Counts, as a waker and as a notify handle.
#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Notify for Count {
    fn notify(&self, _: usize) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn counted() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (count.clone(), Waker::from(count))
}

fn poll<F: StdFuture + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Never ready; shows what it is polled with.
struct Shows<'a>(&'a mut dyn FnMut());

impl Future for Shows<'_> {
    type Item = ();
    type Error = ();

    fn poll(&mut self) -> futures::Poll<(), ()> {
        (self.0)();
        Ok(Async::NotReady)
    }
}

#[test]
fn the_task_within_to_std_notifies_the_waker() {
    let (count, waker) = counted();
    let mut tasks: Vec<Task> = Vec::new();
    let mut keep = || {
        // A handle from an earlier poll is known for one of this task.
        assert!(tasks.iter().all(Task::will_notify_current));
        tasks.push(futures::task::current());
    };
    let mut future = to_std(Shows(&mut keep));
    assert!(poll(&mut future, &waker).is_pending());
    assert!(poll(&mut future, &waker).is_pending());
    drop(future);
    assert_eq!(tasks.len(), 2);
    tasks.iter().for_each(Task::notify);
    assert_eq!(count.get(), 2);
}

#[test]
fn after_a_move_to_another_task_that_one_is_notified() {
    let ((first, first_waker), (second, second_waker)) = (counted(), counted());
    let mut last = None;
    let mut keep = || {
        if let Some(earlier) = &last {
            let earlier: &Task = earlier;
            assert!(!earlier.will_notify_current());
        }
        last = Some(futures::task::current());
    };
    let mut future = to_std(Shows(&mut keep));
    assert!(poll(&mut future, &first_waker).is_pending());
    assert!(poll(&mut future, &second_waker).is_pending());
    drop(future);
    last.unwrap().notify();
    assert_eq!((first.get(), second.get()), (0, 1));
}

/// Waits once, with the waker that it is given.
#[derive(Default)]
struct Once(Arc<std::sync::Mutex<Option<Waker>>>, bool);

impl StdFuture for Once {
    type Output = Result<(), ()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        *self.0.lock().unwrap() = Some(cx.waker().clone());
        if std::mem::replace(&mut self.1, true) { Poll::Ready(Ok(())) } else { Poll::Pending }
    }
}

#[test]
fn within_to_std_from_std_sees_the_very_waker() {
    let (_, waker) = counted();
    let once = Once::default();
    let seen = once.0.clone();
    let mut future = to_std(from_std(once));
    assert!(poll(&mut future, &waker).is_pending());
    assert!(seen.lock().unwrap().as_ref().unwrap().will_wake(&waker));
}

#[test]
fn any_other_task_is_behind_a_waker_that_stays_the_same() {
    let once = Once::default();
    let seen = once.0.clone();
    let count = Arc::new(Count::default());
    let mut future = spawn(from_std(Forever(once.0.clone())));
    assert!(future.poll_future_notify(&count, 0).unwrap().is_not_ready());
    let first = seen.lock().unwrap().take().unwrap();
    assert!(future.poll_future_notify(&count, 0).unwrap().is_not_ready());
    let second = seen.lock().unwrap().take().unwrap();
    assert!(first.will_wake(&second));
    first.wake();
    assert_eq!(count.get(), 1, "polled twice, kept once");
    second.wake();
    assert_eq!(count.get(), 1, "and nobody waits any longer");
}

struct Forever(Arc<std::sync::Mutex<Option<Waker>>>);

impl StdFuture for Forever {
    type Output = Result<(), ()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        *self.0.lock().unwrap() = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// A part of a task that has a handle of its own is woken by that, and not by the whole task's.
#[test]
fn a_part_with_a_handle_of_its_own_is_woken_by_it() {
    use futures::executor::with_notify;
    let (whole, waker) = counted();
    let part = Arc::new(Count::default());
    let seen = Arc::default();
    let mut inner = from_std(Forever(Arc::clone(&seen)));
    let handle = part.clone();
    let mut future = to_std(future::poll_fn(move || with_notify(&handle, 3, || inner.poll())));
    assert!(poll(&mut future, &waker).is_pending());
    seen.lock().unwrap().take().unwrap().wake();
    assert_eq!((whole.get(), part.get()), (0, 1));
}

#[test]
#[allow(deprecated, reason = "futures 0.1 still has them")]
fn the_events_of_a_task_are_told() {
    use futures::task::{EventSet, UnparkEvent, with_unpark_event};

    struct Told(AtomicUsize);

    impl EventSet for Told {
        fn insert(&self, id: usize) {
            self.0.fetch_add(id, Ordering::SeqCst);
        }
    }

    let (_, waker) = counted();
    let events = Arc::new(Told(AtomicUsize::new(0)));
    let seen = Arc::default();
    let mut inner = from_std(Forever(Arc::clone(&seen)));
    let set: Arc<dyn EventSet> = events.clone();
    let mut future = to_std(future::poll_fn(move || {
        with_unpark_event(UnparkEvent::new(set.clone(), 7), || inner.poll())
    }));
    assert!(poll(&mut future, &waker).is_pending());
    seen.lock().unwrap().take().unwrap().wake();
    assert_eq!(events.0.load(Ordering::SeqCst), 7);
}

#[test]
fn outside_a_task_only_what_must_wait_panics() {
    assert_eq!(from_std(async { Ok::<_, ()>(1) }).poll(), Ok(Async::Ready(1)));
    let mut waits = from_std(std::future::pending::<Result<(), ()>>());
    let panic = catch_unwind(AssertUnwindSafe(|| waits.poll())).unwrap_err();
    let text = panic.downcast_ref::<&str>().copied().map(String::from);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap();
    assert!(text.contains("no Task is currently running"), "{text}");
}

#[test]
fn results_and_errors_pass() {
    assert_eq!(pollster::block_on(to_std(future::err::<(), _>(3))), Err(3));
    assert_eq!(from_std(async { Err::<(), _>(3) }).wait(), Err(3));
    assert_eq!(to_std(future::ok::<_, ()>(5)).into_inner().wait(), Ok(5));
}

#[test]
fn streams_go_both_ways() {
    let old = stream::iter_result([Ok(1), Err("two"), Ok(3)]);
    let new: Vec<_> = pollster::block_on(to_std(old).collect());
    assert_eq!(new, [Ok(1), Err("two"), Ok(3)]);
    let new = futures_util::stream::iter([Ok(1), Err("two"), Ok(3)]);
    let old: Vec<_> = Stream::wait(from_std(new)).collect();
    assert_eq!(old, [Ok(1), Err("two"), Ok(3)]);
}

#[test]
fn a_wake_from_another_thread_arrives() {
    let (sender, receiver) = futures::sync::oneshot::channel();
    let sending = thread::spawn(move || sender.send(42).unwrap());
    assert_eq!(pollster::block_on(to_std(receiver)), Ok(42));
    sending.join().unwrap();

    let (sender, receiver) = futures::sync::oneshot::channel();
    let there_and_back = from_std(async move { to_std(receiver).await });
    let sending = thread::spawn(move || sender.send(42).unwrap());
    assert_eq!(there_and_back.wait(), Ok(42));
    sending.join().unwrap();
}

#[test]
fn readers_and_writers_go_both_ways() {
    // Two tasks of futures 0.1, on threads of their own, at the halves of a pipe of Minato.
    let (near, far) = duplex(4);
    let (reader, writer) = from_std(near).split();
    let writing = thread::spawn(move || {
        let (writer, _) = io::write_all(writer, b"there and back").wait().unwrap();
        io::shutdown(writer).wait().unwrap()
    });
    let echo = thread::spawn(move || {
        pollster::block_on(async move {
            let mut far = far;
            let mut all = Vec::new();
            far.read_to_end(&mut all).await.unwrap();
            far.write_all(&all).await.unwrap();
        });
    });
    let (reader, all) = io::read_to_end(reader, Vec::new()).wait().unwrap();
    assert_eq!(all, b"there and back");
    drop(reader.unsplit(writing.join().unwrap()).into_inner());
    echo.join().unwrap();

    // And a pipe of Minato that went over to futures 0.1, in a future of std.
    let (near, far) = duplex(4);
    pollster::block_on(async move {
        let mut near = to_std(from_std(near));
        let mut far = far;
        let writing = async {
            near.write_all(b"ahoy, ahoy").await.unwrap();
            near.flush().await.unwrap();
            near.shutdown().await.unwrap();
        };
        let reading = async {
            let mut all = Vec::new();
            far.read_to_end(&mut all).await.unwrap();
            all
        };
        let ((), all) = futures_util::future::join(writing, reading).await;
        assert_eq!(all, b"ahoy, ahoy");
    });
}

#[test]
fn a_reader_that_has_nothing_would_block() {
    let (near, _far) = duplex(4);
    let mut old = from_std(near);
    future::lazy(|| {
        let error = std::io::Read::read(&mut old, &mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        Ok::<_, ()>(())
    })
    .wait()
    .unwrap();
}
