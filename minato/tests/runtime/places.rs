//! Where a thread is: in which runtime, on which core, and whether it may block.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, mpsc};
use std::thread;

use minato::runtime::{
    Builder, EnterGuard, Handle, LocalRuntime, Runtime, TryCurrentError, drives_tasks,
    is_rt_shutdown_err, worker_index,
};
use minato::task::{block_in_place, spawn_blocking};

use crate::kit::{current_thread, multi_thread, watchdog};

fn here() -> Option<String> {
    Handle::try_current().ok().map(|handle| handle.id().to_string())
}

fn id(runtime: &Runtime) -> Option<String> {
    Some(runtime.handle().id().to_string())
}

#[test]
fn guards_nest() {
    let _watchdog = watchdog();
    let (one, other) = (current_thread(), multi_thread(1));
    assert_eq!(here(), None);
    {
        let _one = one.enter();
        assert_eq!(here(), id(&one));
        {
            let _other = other.handle().enter();
            assert_eq!(here(), id(&other));
            let _again = other.enter();
            assert_eq!(here(), id(&other));
        }
        assert_eq!(here(), id(&one));
        assert_eq!(other.block_on(async { here() }), id(&other));
        assert_eq!(here(), id(&one));
    }
    assert_eq!(here(), None);
}

/// The thread leaves what it should leave all the same.
#[test]
fn guards_out_of_order_panic() {
    let _watchdog = watchdog();
    let runtimes = [current_thread(), current_thread(), multi_thread(1)];
    for out_of_order in 0..2 {
        let mut guards: Vec<EnterGuard<'_>> = runtimes.iter().map(Runtime::enter).collect();
        let guard = guards.remove(out_of_order);
        let payload = panic::catch_unwind(AssertUnwindSafe(|| drop(guard))).unwrap_err();
        assert!(payload.downcast_ref::<&str>().unwrap().contains("reverse order"));
        assert_eq!(here(), id(&runtimes[2]));
        drop(guards.pop());
        assert_eq!(here(), id(&runtimes[1 - out_of_order]));
        drop(guards.pop());
        assert_eq!(here(), None);
    }
}

#[test]
fn guards_out_of_order_do_not_panic_while_the_thread_does() {
    let _watchdog = watchdog();
    let (one, other) = (current_thread(), current_thread());
    let payload = panic::catch_unwind(AssertUnwindSafe(|| {
        let first = one.enter();
        let second = other.enter();
        // A tuple's fields are dropped from first to last.
        let _both = (first, second);
        panic!("the only panic");
    }));
    assert_eq!(payload.unwrap_err().downcast_ref(), Some(&"the only panic"));
    assert_eq!(here(), None);
}

#[test]
fn a_guard_keeps_nothing_of_a_runtime_that_is_gone() {
    let _watched = watchdog();
    let kept = Arc::new(());
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let captured = kept.clone();
        let runtime = builder.worker_threads(1).on_thread_start(move || _ = &captured).build();
        let runtime = runtime.unwrap();
        drop(builder);
        for _ in 0..3 {
            drop(runtime.enter());
        }
        drop(runtime);
        while Arc::strong_count(&kept) > 1 {
            thread::yield_now();
        }
    }
}

/// A guard that is made within `block_on` may stay there for longer.
#[test]
fn a_guard_may_outlive_the_block_on_that_it_was_made_in() {
    let _watchdog = watchdog();
    let (one, other) = (current_thread(), multi_thread(1));
    let guard = one.block_on(async { other.enter() });
    assert_eq!(here(), id(&other));
    drop(guard);
    assert_eq!(here(), None);
}

#[test]
fn a_runtime_may_go_before_the_guard() {
    let _watchdog = watchdog();
    for runtime in [current_thread(), multi_thread(2)] {
        let name = id(&runtime);
        let _guard = runtime.enter();
        runtime.shutdown_timeout(std::time::Duration::from_secs(60));
        assert_eq!(here(), name);
        let refused = pollster::block_on(minato::spawn(async {})).unwrap_err();
        assert!(refused.is_cancelled());
    }
}

/// Asks when the thread's locals are being destroyed, first before and then after the context.
struct AsksLate(mpsc::Sender<Result<(), TryCurrentError>>);

impl Drop for AsksLate {
    fn drop(&mut self) {
        self.0.send(Handle::try_current().map(drop)).unwrap();
    }
}

#[test]
fn why_there_is_no_current_runtime() {
    let _watchdog = watchdog();
    let error = Handle::try_current().unwrap_err();
    assert!(error.is_missing_context() && !error.is_thread_local_destroyed());
    assert!(error.to_string().contains("in no runtime"), "{error}");

    thread_local!(static LATE: RefCell<Vec<AsksLate>> = const { RefCell::new(Vec::new()) });
    let (sender, receiver) = mpsc::channel();
    let ending = thread::spawn(move || {
        // Locals are destroyed in the order of their making, on the platforms that tests run on:
        // the context goes last, so this one is made before it, and again while it is destroyed.
        struct Again(Option<AsksLate>);
        impl Drop for Again {
            fn drop(&mut self) {
                let late = self.0.take();
                LATE.with(|list| list.borrow_mut().extend(late));
            }
        }
        thread_local!(static FIRST: RefCell<Option<Again>> = const { RefCell::new(None) });
        FIRST.with(|first| *first.borrow_mut() = Some(Again(Some(AsksLate(sender)))));
        assert!(Handle::try_current().is_err());
        let runtime = current_thread();
        assert!(runtime.block_on(async { Handle::try_current() }).is_ok());
    });
    ending.join().unwrap();
    let error = receiver.recv().unwrap().unwrap_err();
    assert!(error.is_thread_local_destroyed() && !error.is_missing_context(), "{error}");
}

#[test]
fn who_drives_tasks() {
    let _watchdog = watchdog();
    assert!(!drives_tasks());
    for runtime in [current_thread(), multi_thread(2)] {
        let _guard = runtime.enter();
        assert!(!drives_tasks(), "to have entered a runtime is not to run it");
        runtime.block_on(async {
            assert!(drives_tasks());
            assert!(minato::spawn(async { drives_tasks() }).await.unwrap());
            assert!(!spawn_blocking(drives_tasks).await.unwrap());
            let in_place =
                || (drives_tasks(), Handle::current().block_on(async { drives_tasks() }));
            assert_eq!(block_in_place(in_place), (false, true));
            assert_eq!(
                minato::spawn(async move { block_in_place(in_place) }).await.unwrap(),
                (false, true)
            );
            assert!(drives_tasks(), "after it as before");
            let within = spawn_blocking(|| Handle::current().block_on(async { drives_tasks() }));
            assert!(within.await.unwrap());
            // An executor that is not ours, within a task of ours.
            assert!(pollster::block_on(async { drives_tasks() }));
        });
        assert!(!drives_tasks());
        assert!(!pollster::block_on(async { drives_tasks() }));
    }
    let local = LocalRuntime::new().unwrap();
    assert!(local.block_on(local.spawn_local(async { drives_tasks() })).unwrap());
    let engine = minato::engine::Engine::sim(minato::sim::World::new(3).host("a"));
    let simulated = Builder::new_current_thread().engine(engine).build().unwrap();
    let both = simulated.block_on(async { (drives_tasks(), spawn_blocking(drives_tasks).await) });
    assert_eq!((both.0, both.1.unwrap()), (true, false));
}

#[test]
fn worker_indices() {
    let _watchdog = watchdog();
    assert_eq!(worker_index(), None);
    let one = Arc::new(current_thread());
    let _guard = one.enter();
    assert_eq!(worker_index(), None);
    let four = multi_thread(4);
    one.block_on(async {
        assert_eq!(worker_index(), Some(0));
        assert_eq!(minato::spawn(async { worker_index() }).await.unwrap(), Some(0));
        assert_eq!(spawn_blocking(worker_index).await.unwrap(), None);
        let nested = minato::spawn(async { Handle::current().block_on(async { worker_index() }) });
        assert_eq!(nested.await.unwrap(), Some(0));
        {
            let _four = four.enter();
            assert_eq!(worker_index(), Some(0), "a guard changes nothing");
        }
        assert_eq!(four.block_on(async { worker_index() }), None);
        // Another thread runs the tasks of this runtime: this one.
        let other = one.clone();
        let other = thread::spawn(move || other.block_on(async { worker_index() }));
        assert_eq!(other.join().unwrap(), None);
    });
    // Four tasks that wait for each other are on four workers.
    let barrier = Arc::new(std::sync::Barrier::new(4));
    let tasks = [(); 4].map(|()| {
        let barrier = barrier.clone();
        four.spawn(async move {
            barrier.wait();
            worker_index()
        })
    });
    let mut indices: Vec<_> = tasks.into_iter().map(|task| four.block_on(task).unwrap()).collect();
    indices.sort();
    assert_eq!(indices, [Some(0), Some(1), Some(2), Some(3)]);
}

#[test]
fn errors_of_a_shutdown_are_known_by_their_text() {
    use std::io::{Error, ErrorKind};
    let text = "A Tokio 1.x context was found, but it is being shutdown.";
    assert!(is_rt_shutdown_err(&Error::other(text)));
    for other in [
        Error::new(ErrorKind::TimedOut, text),
        Error::other(format!("{text} ")),
        Error::other(&text[1..]),
        ErrorKind::Other.into(),
        Error::from_raw_os_error(4),
    ] {
        assert!(!is_rt_shutdown_err(&other), "{other:?}");
    }
    let runtime = current_thread();
    let task = runtime.spawn(std::future::pending::<()>());
    drop(runtime);
    let error = pollster::block_on(task).unwrap_err();
    assert!(!is_rt_shutdown_err(&error.into()));
}
