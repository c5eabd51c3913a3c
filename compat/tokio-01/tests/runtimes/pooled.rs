//! The runtime with threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use futures::future::{self, Executor as _, lazy};
use futures::sync::oneshot;
use futures::{Async, Future};
use tokio::clock::{self, Clock, Now};
use tokio::executor::{DefaultExecutor, Executor, TypedExecutor};
use tokio::runtime::{Builder, Runtime};

use crate::support::{Job, Log, OnDrop, greeting, panic_text, watchdog};

#[test]
fn run_ends_when_the_tasks_of_tasks_are_done() {
    let _watchdog = watchdog();
    let log = Log::default();
    let (first, logged) = (log.job("last"), log.clone());
    tokio::run(lazy(move || {
        tokio::spawn(lazy(move || {
            logged.add("second");
            tokio::spawn(greeting().and_then(|()| first));
            Ok(())
        }));
        Ok(())
    }));
    assert_eq!(log.take(), ["second", "last"]);
}

#[test]
fn block_on_gives_what_the_future_gives() {
    let _watchdog = watchdog();
    let mut runtime = Runtime::new().unwrap();
    assert_eq!(runtime.block_on(future::ok::<_, ()>(5)), Ok(5));
    assert_eq!(runtime.block_on(future::err::<(), _>("no")), Err("no"));
    let name = lazy(|| Ok::<_, ()>(thread::current().name().unwrap_or_default().to_owned()));
    let name = runtime.block_on(name).unwrap();
    assert!(name.starts_with("tokio-runtime-worker-"), "{name}");
}

#[test]
fn block_on_waits_for_another_thread() {
    let _watchdog = watchdog();
    let (tell, told) = oneshot::channel();
    let telling = thread::spawn(move || tell.send(7));
    assert_eq!(Runtime::new().unwrap().block_on(told), Ok(7));
    telling.join().unwrap().unwrap();
}

#[test]
fn block_on_all_waits_for_what_was_spawned() {
    let _watchdog = watchdog();
    let log = Log::default();
    let job = log.job("spawned");
    let output = Runtime::new().unwrap().block_on_all(lazy(move || {
        tokio::spawn(greeting().and_then(|()| job));
        Ok::<_, ()>("output")
    }));
    assert_eq!(output, Ok("output"));
    assert_eq!(log.take(), ["spawned"]);
}

/// Every way to spawn on a runtime from outside and from within.
#[test]
fn all_executors_take_tasks() {
    let _watchdog = watchdog();
    let (log, mut runtime) = (Log::default(), Runtime::new().unwrap());
    let mut executor = runtime.executor();
    runtime.spawn(log.job("task"));
    executor.spawn(log.job("task"));
    executor.execute(log.job("task")).unwrap();
    Executor::spawn(&mut executor, log.job("task")).unwrap();
    TypedExecutor::spawn(&mut executor, log.job("task")).unwrap();
    let mut boxed: Box<dyn Executor> = Box::new(executor.clone());
    boxed.spawn(log.job("task")).unwrap();
    boxed.status().unwrap();
    let (inner, another) = (log.job("task"), log.job("task"));
    let within = lazy(move || {
        DefaultExecutor::current().execute(inner).unwrap();
        let mut here = DefaultExecutor::current();
        Executor::status(&here).unwrap();
        TypedExecutor::spawn(&mut here, another).unwrap();
        Ok::<_, ()>(())
    });
    runtime.block_on(within).unwrap();
    for _ in 0..200 {
        runtime.executor().spawn(log.job("task"));
    }
    runtime.shutdown_on_idle().wait().unwrap();
    assert_eq!(log.take(), ["task"; 208]);
}

#[test]
fn a_runtime_that_is_gone_takes_no_tasks() {
    let _watchdog = watchdog();
    let log = Log::default();
    for used in [false, true] {
        let mut runtime = Runtime::new().unwrap();
        let mut executor = runtime.executor();
        if used {
            runtime.block_on(future::ok::<_, ()>(())).unwrap();
        }
        drop(runtime);
        let held = OnDrop(log.clone(), "given back");
        let refused = executor.execute(future::ok(held).map(drop)).unwrap_err();
        assert_eq!(refused.kind(), future::ExecuteErrorKind::Shutdown);
        assert_eq!(log.take(), [""; 0]);
        drop(refused.into_future());
        assert_eq!(log.take(), ["given back"]);
        assert!(Executor::status(&executor).unwrap_err().is_shutdown());
        assert!(Executor::spawn(&mut executor, log.job("never")).unwrap_err().is_shutdown());
        let text = panic_text(|| executor.spawn(log.job("never")));
        assert!(text.contains("has been shut down"), "{text}");
    }
    assert_eq!(log.take(), [""; 0]);
}

#[test]
fn shutdown_on_idle_takes_tasks_until_then() {
    let _watchdog = watchdog();
    let (log, mut runtime) = (Log::default(), Runtime::new().unwrap());
    let executor = runtime.executor();
    let (go, gate) = oneshot::channel();
    runtime.spawn(gate.map_err(drop));
    let shutdown = runtime.shutdown_on_idle();
    executor.spawn(log.job("while it waits"));
    let within = (executor.clone(), log.job("from a task"));
    executor.spawn(lazy(move || {
        within.0.spawn(within.1);
        Ok(())
    }));
    go.send(()).unwrap();
    shutdown.wait().unwrap();
    let mut did = log.take();
    did.sort_unstable();
    assert_eq!(did, ["from a task", "while it waits"]);
    assert!(Executor::status(&executor).is_err());
}

#[test]
fn shutdown_now_and_drop_drop_the_tasks() {
    let _watchdog = watchdog();
    for now in [false, true] {
        let (log, mut runtime) = (Log::default(), Runtime::new().unwrap());
        runtime.spawn(log.endless("dropped"));
        runtime.block_on(future::ok::<_, ()>(())).unwrap();
        assert_eq!(log.take(), [""; 0]);
        if now {
            runtime.shutdown_now().wait().unwrap()
        } else {
            drop(runtime)
        }
        assert_eq!(log.take(), ["dropped"]);
    }
}

/// Waiting for its own end would never end.
#[test]
fn a_runtime_may_be_dropped_by_its_own_task() {
    let _watchdog = watchdog();
    let runtime = Builder::new().core_threads(1).build().unwrap();
    let (tell, told) = mpsc::channel();
    let executor = runtime.executor();
    executor.spawn(lazy(move || {
        drop(runtime);
        tell.send(()).map_err(drop)
    }));
    told.recv().unwrap();
    while Executor::status(&executor).is_ok() {
        thread::yield_now();
    }
}

#[test]
fn a_shutdown_is_ready_for_ever() {
    let _watchdog = watchdog();
    for used in [false, true] {
        let mut runtime = Runtime::new().unwrap();
        if used {
            runtime.spawn(greeting());
        }
        let mut shutdown = runtime.shutdown_on_idle();
        future::poll_fn(|| shutdown.poll()).wait().unwrap();
        assert_eq!(future::poll_fn(|| shutdown.poll()).wait(), Ok(()));
    }
}

#[test]
fn threads_start_with_the_first_task_and_call_their_hooks() {
    let _watchdog = watchdog();
    let (started, stopped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (starts, stops) = (started.clone(), stopped.clone());
    let runtime = Builder::new()
        .core_threads(3)
        .stack_size(1 << 20)
        .after_start(move || _ = starts.fetch_add(1, Ordering::SeqCst))
        .before_stop(move || _ = stops.fetch_add(1, Ordering::SeqCst))
        .build()
        .unwrap();
    let executor = runtime.executor();
    Executor::status(&executor).unwrap();
    assert_eq!(started.load(Ordering::SeqCst), 0);
    runtime.block_on_all(greeting()).unwrap();
    assert_eq!(started.load(Ordering::SeqCst), 3);
    assert_eq!(stopped.load(Ordering::SeqCst), 3);
}

/// One that never had a task never had a thread.
#[test]
fn a_runtime_that_is_never_used_starts_nothing() {
    let _watchdog = watchdog();
    let started = Arc::new(AtomicUsize::new(0));
    let starts = started.clone();
    let mut builder = Builder::new();
    builder.after_start(move || _ = starts.fetch_add(1, Ordering::SeqCst));
    builder.build().unwrap().shutdown_on_idle().wait().unwrap();
    builder.build().unwrap().shutdown_now().wait().unwrap();
    drop(builder.build());
    assert_eq!(started.load(Ordering::SeqCst), 0);
}

#[test]
fn a_panic_of_the_future_goes_on_in_block_on() {
    let _watchdog = watchdog();
    let mut runtime = Runtime::new().unwrap();
    let text = panic_text(|| {
        _ = runtime.block_on(lazy(|| -> Result<(), ()> { panic!("of the future") }));
    });
    assert_eq!(text, "of the future");
    assert_eq!(runtime.block_on(future::ok::<_, ()>(5)), Ok(5));
}

#[test]
fn a_clock_of_ones_own_is_the_runtimes() {
    struct Stopped(Instant);

    impl Now for Stopped {
        fn now(&self) -> Instant {
            self.0
        }
    }

    let _watchdog = watchdog();
    let then = Instant::now();
    let clock = Clock::new_with_now(Stopped(then));
    let mut runtime = Builder::new().clock(clock).build().unwrap();
    assert_eq!(runtime.block_on(lazy(|| Ok::<_, ()>(clock::now()))), Ok(then));
    let inherited = lazy(|| Ok::<_, ()>(Clock::new().now()));
    assert_eq!(runtime.block_on(inherited), Ok(then));
    assert!(clock::now() >= then);
    assert!(Clock::system().now() >= then);
}

/// `spawn` may end a closure that has to give a future.
#[test]
fn what_spawn_gives_is_ready() {
    use futures::IntoFuture;

    let _watchdog = watchdog();
    let job: Job = Box::new(future::ok(()));
    let mut spawned = tokio::spawn(job).into_future();
    assert_eq!(spawned.poll(), Ok(Async::Ready(())));
}

#[test]
#[allow(deprecated)]
fn the_pool_beneath_can_be_had_by_itself() {
    use tokio::executor::thread_pool;

    let _watchdog = watchdog();
    let log = Log::default();
    let pool = thread_pool::Builder::new().pool_size(1).build();
    let mut sender = pool.sender().clone();
    pool.spawn(log.job("a"));
    sender.spawn(log.job("b")).unwrap();
    sender.execute(log.job("c")).unwrap();
    Executor::spawn(&mut &sender, log.job("d")).unwrap();
    Executor::spawn(&mut sender, log.job("e")).unwrap();
    let (go, gate) = oneshot::channel();
    let within = sender.clone();
    let late = log.job("late");
    sender.spawn(gate.map_err(drop).map(move |()| assert!(within.spawn(late).is_err()))).unwrap();
    let shutdown = pool.shutdown();
    assert!(sender.spawn(log.job("late")).unwrap_err().is_shutdown());
    go.send(()).unwrap();
    shutdown.wait().unwrap();
    assert_eq!(log.take(), ["a", "b", "c", "d", "e"]);
}
