//! The runtime without threads.

use std::cell::Cell;
use std::rc::Rc;
use std::thread;

use futures::Future;
use futures::future::{self, Executor as _, lazy};
use futures::sync::oneshot;
use tokio::executor::{DefaultExecutor, Executor, TypedExecutor};
use tokio::runtime::current_thread::{self, Runtime, TaskExecutor};

use crate::support::{Log, greeting, panic_text, watchdog};

#[test]
fn tasks_need_not_be_send() {
    let _watchdog = watchdog();
    let count = Rc::new(Cell::new(0));
    let add = |count: &Rc<Cell<u32>>| {
        let count = count.clone();
        lazy(move || {
            count.set(count.get() + 1);
            Ok(())
        })
    };
    let mut runtime = Runtime::new().unwrap();
    runtime.spawn(add(&count));
    assert_eq!(count.get(), 0, "nobody runs it yet");
    let counted = count.clone();
    let within = lazy(move || {
        current_thread::spawn(add(&counted));
        let mut executor = TaskExecutor::current();
        executor.spawn_local(Box::new(add(&counted))).unwrap();
        executor.execute(add(&counted)).unwrap();
        TypedExecutor::spawn(&mut executor, add(&counted)).unwrap();
        Ok::<_, ()>("output")
    });
    assert_eq!(runtime.block_on(within), Ok("output"));
    runtime.run().unwrap();
    assert_eq!(count.get(), 5);
}

#[test]
fn the_future_may_borrow() {
    let _watchdog = watchdog();
    let text = String::from("borrowed");
    let mut runtime = Runtime::new().unwrap();
    assert_eq!(runtime.block_on(lazy(|| Ok::<_, ()>(text.len()))), Ok(8));
    assert_eq!(runtime.block_on(future::err::<(), _>(&text)), Err(&text));
}

#[test]
fn sockets_and_tasks_of_tasks_work() {
    let _watchdog = watchdog();
    let log = Log::default();
    let (job, spawned) = (log.job("spawned"), log.job("executed"));
    let output = current_thread::block_on_all(lazy(move || {
        tokio::spawn(greeting().and_then(|()| job));
        DefaultExecutor::current().execute(spawned).unwrap();
        Ok::<_, ()>("output")
    }));
    assert_eq!(output, Ok("output"));
    assert_eq!(log.take(), ["executed", "spawned"]);

    let job = log.job("run");
    current_thread::run(greeting().and_then(|()| {
        current_thread::spawn(job);
        Ok(())
    }));
    assert_eq!(log.take(), ["run"]);
}

#[test]
fn block_on_leaves_tasks_for_later() {
    let _watchdog = watchdog();
    let log = Log::default();
    let (go, gate) = oneshot::channel();
    let mut runtime = Runtime::new().unwrap();
    let job = log.job("later");
    runtime.spawn(gate.map_err(drop).and_then(|()| job));
    runtime.spawn(log.endless("dropped"));
    runtime.block_on(future::ok::<_, ()>(())).unwrap();
    go.send(()).unwrap();
    let (tell, told) = oneshot::channel();
    runtime.spawn(lazy(move || tell.send(()).map_err(drop)));
    runtime.block_on(told).unwrap();
    assert_eq!(log.take(), ["later"]);
    drop(runtime);
    assert_eq!(log.take(), ["dropped"]);
}

#[test]
fn other_threads_spawn_by_a_handle() {
    let _watchdog = watchdog();
    let log = Log::default();
    let (go, gate) = oneshot::channel();
    let mut runtime = Runtime::new().unwrap();
    let handle = runtime.handle().clone();
    let spawning = thread::spawn({
        let (log, mut handle) = (log.clone(), handle.clone());
        move || {
            handle.status().unwrap();
            handle.spawn(log.job("task")).unwrap();
            handle.execute(log.job("task")).unwrap();
            Executor::spawn(&mut handle, log.job("task")).unwrap();
            go.send(()).unwrap();
        }
    });
    runtime.block_on(gate).unwrap();
    runtime.run().unwrap();
    spawning.join().unwrap();
    assert_eq!(log.take(), ["task"; 3]);

    let (own, job) = (handle.clone(), log.job("from its own thread"));
    runtime.block_on(lazy(move || own.spawn(job))).unwrap();
    runtime.run().unwrap();
    assert_eq!(log.take(), ["from its own thread"]);

    drop(runtime);
    assert!(handle.status().unwrap_err().is_shutdown());
    assert!(handle.spawn(log.job("never")).unwrap_err().is_shutdown());
    let refused = handle.execute(log.job("never")).unwrap_err();
    assert_eq!(refused.kind(), future::ExecuteErrorKind::Shutdown);
    assert_eq!(log.take(), [""; 0]);
}

#[test]
fn outside_of_a_runtime_there_is_none_to_spawn_on() {
    let mut executor = TaskExecutor::current();
    assert!(executor.spawn_local(Box::new(future::ok(()))).unwrap_err().is_shutdown());
    assert!(Executor::status(&executor).is_err());
    let text = panic_text(|| current_thread::spawn(future::ok(())));
    assert!(text.contains("current-thread runtime"), "{text}");
    // A pool's threads are in no such runtime either.
    let within = lazy(|| Ok::<_, ()>(Executor::status(&TaskExecutor::current()).is_err()));
    assert_eq!(tokio::runtime::Runtime::new().unwrap().block_on(within), Ok(true));
}

/// As in tokio 0.1, and unlike a pool: whoever runs the tasks is where a panic goes.
#[test]
fn a_panic_of_a_task_goes_on_in_whoever_runs_it() {
    let _watchdog = watchdog();
    let log = Log::default();
    let mut runtime = Runtime::new().unwrap();
    let task = || lazy(|| -> Result<(), ()> { panic!("of the task") });
    runtime.spawn(task());
    let (go, gate) = oneshot::channel();
    let job = log.job("another task");
    runtime.spawn(gate.map_err(drop).and_then(|()| job));
    assert_eq!(panic_text(|| runtime.run().unwrap()), "of the task");
    runtime.spawn(task());
    let endless = future::empty::<(), ()>();
    assert_eq!(panic_text(|| _ = runtime.block_on(endless)), "of the task");
    // Nothing else is lost, and the runtime goes on.
    go.send(()).unwrap();
    runtime.run().unwrap();
    assert_eq!(log.take(), ["another task"]);
}
