//! Local runtimes: tasks that never leave their thread, neither to run nor to be dropped.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread::{self, ThreadId};

use minato::runtime::{Builder, LocalOptions, LocalRuntime};
use minato::task::{spawn_local, yield_now};

use crate::kit::{echo, pair, ping, watchdog};

fn local() -> LocalRuntime {
    LocalRuntime::new().unwrap()
}

/// Counts its drops, and fails if one happens on another thread than that of its making.
struct Homebound {
    home: ThreadId,
    /// Makes the value `!Send`.
    _stays: Rc<()>,
    drops: Arc<AtomicUsize>,
    strayed: Arc<AtomicUsize>,
}

impl Drop for Homebound {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::SeqCst);
        if thread::current().id() != self.home {
            self.strayed.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[derive(Default)]
struct Counts {
    drops: Arc<AtomicUsize>,
    strayed: Arc<AtomicUsize>,
}

impl Counts {
    fn value(&self) -> Homebound {
        Homebound {
            home: thread::current().id(),
            _stays: Rc::new(()),
            drops: self.drops.clone(),
            strayed: self.strayed.clone(),
        }
    }

    #[track_caller]
    fn check(&self, drops: usize) {
        assert_eq!(self.drops.load(Ordering::SeqCst), drops);
        assert_eq!(self.strayed.load(Ordering::SeqCst), 0, "dropped on another thread");
    }
}

#[test]
fn tasks_need_not_be_send() {
    let _watchdog = watchdog();
    let runtime = local();
    let sum = Rc::new(Cell::new(0));
    runtime.block_on(async {
        let tasks: Vec<_> = (1..=4)
            .map(|number| {
                let sum = sum.clone();
                spawn_local(async move {
                    yield_now().await;
                    sum.set(sum.get() + number);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(sum.get(), 10);
}

#[test]
fn sockets_work() {
    let _watchdog = watchdog();
    local().block_on(async {
        let (mut one, other) = pair().await;
        let server = spawn_local(echo(other));
        ping(&mut one, 5).await.unwrap();
        drop(one);
        server.await.unwrap().unwrap();
    });
}

#[test]
fn an_output_may_stay_too() {
    let _watchdog = watchdog();
    let output = local().block_on(async { spawn_local(async { Rc::new(7) }).await.unwrap() });
    assert_eq!(*output, 7);
}

#[test]
fn what_is_left_drops_on_the_thread_of_the_runtime() {
    let _watchdog = watchdog();
    let counts = Counts::default();
    let runtime = local();
    let value = counts.value();
    runtime.spawn_local(async move {
        let _value = value;
        pending::<()>().await;
    });
    runtime.block_on(yield_now());
    counts.check(0);
    drop(runtime);
    counts.check(1);
}

#[test]
fn woken_from_elsewhere() {
    let _watchdog = watchdog();
    let counts = Counts::default();
    let runtime = local();
    let value = counts.value();
    let waker: Arc<Mutex<Option<Waker>>> = Arc::default();
    let left = waker.clone();
    let task = runtime.spawn_local(async move {
        let value = value;
        let mut polls = 0;
        poll_fn(|cx| {
            polls += 1;
            *left.lock().unwrap() = Some(cx.waker().clone());
            if polls == 3 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        assert_eq!(thread::current().id(), value.home);
    });
    let waking = thread::spawn(move || {
        for _ in 0..3 {
            let taken = loop {
                if let Some(waker) = waker.lock().unwrap().take() {
                    break waker;
                }
                thread::yield_now();
            };
            taken.wake();
        }
    });
    runtime.block_on(task).unwrap();
    waking.join().unwrap();
    counts.check(1);
}

#[test]
fn aborted_from_elsewhere() {
    let _watchdog = watchdog();
    let counts = Counts::default();
    let runtime = local();
    let value = counts.value();
    let task = runtime.spawn_local(async move {
        let _value = value;
        pending::<()>().await;
    });
    let abort = task.abort_handle();
    runtime.block_on(yield_now());
    thread::spawn(move || abort.abort()).join().unwrap();
    counts.check(0);
    assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    counts.check(1);
}

/// The waker of a task that waits for ever and owns a counted value.
fn waker_of_a_task(runtime: &LocalRuntime, counts: &Counts) -> Waker {
    let (send, receive) = mpsc::channel();
    let value = counts.value();
    runtime.spawn_local(async move {
        let _value = value;
        poll_fn::<(), _>(|cx| {
            send.send(cx.waker().clone()).unwrap();
            Poll::Pending
        })
        .await;
    });
    runtime.block_on(yield_now());
    receive.recv().unwrap()
}

#[test]
fn the_last_waker_dropped_elsewhere() {
    let _watchdog = watchdog();
    let (counts, runtime) = (Counts::default(), local());
    let waker = waker_of_a_task(&runtime, &counts);
    thread::spawn(move || drop(waker)).join().unwrap();
    counts.check(0);
    drop(runtime);
    counts.check(1);
}

/// A waker that outlives the runtime drops nothing where it is.
#[test]
fn a_waker_that_outlives_the_runtime() {
    let _watchdog = watchdog();
    let (counts, runtime) = (Counts::default(), local());
    let waker = waker_of_a_task(&runtime, &counts);
    drop(runtime);
    counts.check(1);
    thread::spawn(move || waker.wake()).join().unwrap();
    counts.check(1);
}

/// Another thread may wait with the runtime's handle, but runs none of its tasks.
#[test]
fn a_block_on_elsewhere_runs_no_local_task() {
    let _watchdog = watchdog();
    let runtime = local();
    let home = thread::current().id();
    let ran_on: Rc<RefCell<Vec<ThreadId>>> = Rc::default();
    let noted = ran_on.clone();
    let task = runtime.spawn_local(async move {
        for _ in 0..3 {
            noted.borrow_mut().push(thread::current().id());
            yield_now().await;
        }
    });
    let handle = runtime.handle().clone();
    let (waits, is_waiting) = mpsc::channel();
    let elsewhere = thread::spawn(move || {
        handle.block_on(async {
            // Sockets of the runtime may be used from here, also before anybody runs its tasks.
            let (mut one, other) = pair().await;
            let echoed = async { echo(other).await.unwrap() };
            futures::join!(echoed, async move { ping(&mut one, 3).await.unwrap() });
            waits.send(()).unwrap();
            minato::spawn(async { thread::current().id() }).await.unwrap()
        })
    });
    is_waiting.recv().unwrap();
    assert!(ran_on.borrow().is_empty());
    runtime.block_on(task).unwrap();
    while !elsewhere.is_finished() {
        runtime.block_on(yield_now());
    }
    assert_eq!(elsewhere.join().unwrap(), home);
    assert_eq!(*ran_on.borrow(), [home; 3]);
}

#[test]
fn spawn_local_elsewhere_says_where_it_belongs() {
    let caught = std::panic::catch_unwind(|| drop(spawn_local(async {})));
    let panic = caught.unwrap_err();
    assert!(panic.downcast_ref::<&str>().unwrap().contains("LocalRuntime"));
    let runtime = Builder::new_current_thread().build().unwrap();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        runtime.block_on(async { drop(spawn_local(async {})) });
    }));
    assert!(caught.is_err());
}

#[test]
fn a_multi_thread_builder_makes_no_local_runtime() {
    let error = Builder::new_multi_thread().build_local(LocalOptions::default()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

/// Dropped within its own block_on, it still drops its tasks, and on the right thread.
#[test]
fn dropped_within_its_own_task() {
    let _watchdog = watchdog();
    let counts = Counts::default();
    let runtime = local();
    let handle = runtime.handle().clone();
    let value = counts.value();
    runtime.spawn_local(async move {
        let _value = value;
        pending::<()>().await;
    });
    let task = runtime.spawn_local(async { yield_now().await });
    let owner = Rc::new(RefCell::new(None));
    let owned = owner.clone();
    runtime.spawn_local(async move {
        yield_now().await;
        drop(owned.take());
    });
    *owner.borrow_mut() = Some(runtime);
    handle.block_on(async {
        _ = task.await;
        for _ in 0..3 {
            yield_now().await;
        }
    });
    counts.check(1);
}
