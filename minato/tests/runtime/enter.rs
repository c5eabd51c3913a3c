//! What threads enter while they work for a runtime; the default runtime that a program chooses.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use std::{io, thread};

use minato::engine::Engine;
use minato::runtime::{Builder, Enter, Handle, LocalOptions, Runtime, set_default};
use minato::task::{block_in_place, spawn_blocking, yield_now};

use crate::kit::{current_thread, in_child, multi_thread, watchdog};

thread_local! {
    /// How often this thread is in it.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

fn depth() -> usize {
    DEPTH.get()
}

struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        DEPTH.set(depth() - 1);
    }
}

fn go_deeper() -> Leave {
    DEPTH.set(depth() + 1);
    Leave
}

fn on_both(check: impl Fn(&mut Builder)) {
    let _watchdog = watchdog();
    check(&mut Builder::new_current_thread());
    check(Builder::new_multi_thread().worker_threads(2));
}

/// Says at which depth it was dropped.
struct Dropped(mpsc::Sender<usize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        _ = self.0.send(depth());
    }
}

#[test]
fn whatever_works_for_the_runtime_is_in_it() {
    on_both(|builder| {
        let runtime = builder.on_enter(go_deeper).build().unwrap();
        assert_eq!(depth(), 0);
        runtime.block_on(async {
            assert_eq!(depth(), 1);
            let task = minato::spawn(async {
                yield_now().await;
                (depth(), spawn_blocking(depth).await.unwrap())
            });
            assert_eq!(task.await.unwrap(), (1, 1));
            // A worker that blocks gives its core to another thread.
            let task = minato::spawn(async {
                let others = block_in_place(|| {
                    Handle::current().block_on(async { (depth(), yield_now().await).0 })
                });
                (others, depth())
            });
            assert_eq!(task.await.unwrap(), (2, 1));
            assert_eq!(depth(), 1);
        });
        let job = runtime.spawn_blocking(|| panic!("a job's panic"));
        assert!(runtime.block_on(job).unwrap_err().is_panic());
        assert_eq!(runtime.block_on(runtime.spawn_blocking(depth)).unwrap(), 1);
        assert_eq!(depth(), 0);
    });
}

#[test]
fn an_entered_handle_is_not_work() {
    on_both(|builder| {
        let runtime = builder.on_enter(go_deeper).build().unwrap();
        let _entered = runtime.enter();
        assert_eq!(depth(), 0);
    });
}

#[test]
fn a_local_runtime_is_in_it_too() {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.on_enter(go_deeper).build_local(LocalOptions::default()).unwrap();
    assert_eq!(runtime.block_on(runtime.spawn_local(async { depth() })).unwrap(), 1);
}

#[test]
fn tasks_that_a_shutdown_drops_are_dropped_in_it() {
    on_both(|builder| {
        let runtime = builder.on_enter(go_deeper).build().unwrap();
        let (sender, dropped) = mpsc::channel();
        for _ in 0..3 {
            let kept = Dropped(sender.clone());
            runtime.spawn(async move {
                std::future::pending::<()>().await;
                drop(kept);
            });
        }
        runtime.block_on(yield_now());
        // This one may never have been polled.
        let kept = Dropped(sender);
        runtime.spawn(async move { drop(kept) });
        drop(runtime);
        assert_eq!(dropped.iter().collect::<Vec<_>>(), [1; 4]);
    });
}

/// A hook that panics is as if it were not there, and so is a guard; the others do not notice.
#[test]
fn guards_go_in_the_reverse_order_and_panics_are_contained() {
    struct Guard(Arc<Mutex<Vec<String>>>, &'static str);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(format!("leave {}", self.1));
            assert_ne!(self.1, "b", "a guard's panic");
        }
    }
    let log: Arc<Mutex<Vec<String>>> = Arc::default();
    on_both(|builder| {
        for name in ["a", "b", "c", "d"] {
            let log = log.clone();
            builder.on_enter(move || {
                log.lock().unwrap().push(format!("enter {name}"));
                assert_ne!(name, "c", "a hook's panic");
                Guard(log.clone(), name)
            });
        }
        // The second one is another runtime with the same hooks.
        for _ in 0..2 {
            let runtime = builder.worker_threads(1).build().unwrap();
            runtime.block_on(runtime.spawn(yield_now())).unwrap();
            log.lock().unwrap().clear();
            assert_eq!(runtime.block_on(async { 5 }), 5);
            let expected =
                ["enter a", "enter b", "enter c", "enter d", "leave d", "leave b", "leave a"];
            assert_eq!(*log.lock().unwrap(), expected);
        }
    });
}

/// Counts how many of it there are.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        assert_eq!(depth(), 0, "it outlives its guards");
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Enter for Counted {
    fn enter(&self) -> impl Sized + '_ {
        // A guard may borrow.
        (&self.0, go_deeper())
    }
}

#[test]
fn a_runtime_keeps_its_hooks_until_it_has_ended() {
    let _watchdog = watchdog();
    let count = Arc::default();
    for shutdown in [drop, |runtime: Runtime| runtime.shutdown_timeout(Duration::from_secs(60))] {
        for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            builder.worker_threads(2).on_enter(Counted::new(&count));
            let runtime = builder.build().unwrap();
            drop(builder);
            let handle = runtime.handle().clone();
            assert_eq!(runtime.block_on(runtime.spawn(async { depth() })).unwrap(), 1);
            assert_eq!(count.load(Ordering::SeqCst), 1);
            shutdown(runtime);
            // Handles may be anywhere, also in what the hook holds.
            assert_eq!(count.load(Ordering::SeqCst), 0);
            assert_eq!(handle.block_on(async { depth() }), 0);
        }
    }
}

/// Says whether it was dropped within a runtime, where another one would not wait.
struct Within(mpsc::Sender<bool>);

impl Drop for Within {
    fn drop(&mut self) {
        _ = self.0.send(Handle::try_current().is_ok());
    }
}

impl Enter for Within {
    fn enter(&self) -> impl Sized + '_ {}
}

#[test]
fn a_shutdown_with_a_limit_lets_go_where_nobody_waits() {
    for (shutdown, is_within) in [
        (drop as fn(Runtime), false),
        (Runtime::shutdown_background, true),
        (|runtime| runtime.shutdown_timeout(Duration::from_secs(60)), true),
    ] {
        let (sender, within) = mpsc::channel();
        let mut builder = Builder::new_current_thread();
        let runtime = builder.on_enter(Within(sender)).build().unwrap();
        drop(builder);
        shutdown(runtime);
        assert_eq!(within.iter().collect::<Vec<_>>(), [is_within]);
    }
}

/// Serves the system's sockets only.
struct Picky;

impl Enter for Picky {
    fn enter(&self) -> impl Sized + '_ {}

    fn check(&self, engine: &Engine) -> io::Result<()> {
        match engine.is_simulated() {
            true => Err(io::Error::other("not in a simulated world")),
            false => Ok(()),
        }
    }
}

#[test]
fn a_hook_may_refuse_an_engine() {
    let world = minato::sim::World::new(1);
    let engine = Engine::sim(world.host("a"));
    let mut builder = Builder::new_current_thread();
    builder.engine(engine).on_enter(|| ()).on_enter(Picky);
    let error = builder.build().unwrap_err();
    assert_eq!(error.to_string(), "not in a simulated world");
    let error = builder.build_local(LocalOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "not in a simulated world");
    let runtime = builder.engine(Engine::mio()).build().unwrap();
    assert_eq!(runtime.block_on(async { 5 }), 5);
    // Those that do not care are entered there as well.
    let engine = Engine::sim(world.host("b"));
    let runtime = Builder::new_current_thread().engine(engine).on_enter(go_deeper).build().unwrap();
    let job = async { spawn_blocking(depth).await.unwrap() };
    assert_eq!(runtime.block_on(runtime.spawn(job)).unwrap(), 1);
}

#[test]
fn the_default_runtime_can_be_chosen_once() {
    in_child("enter::the_default_runtime_can_be_chosen_once", || {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).name("chosen").on_enter(go_deeper);
        set_default(builder.build().unwrap()).unwrap();
        let refused = set_default(multi_thread(1)).unwrap_err();
        // It is as good as before.
        assert_eq!(refused.block_on(refused.spawn(async { 5 })).unwrap(), 5);
        let task = minato::spawn(async {
            let handle = Handle::current();
            (handle.name().map(str::to_owned), depth(), spawn_blocking(depth).await.unwrap())
        });
        assert_eq!(pollster::block_on(task).unwrap(), (Some("chosen".to_owned()), 1, 1));
        let blocking = thread::spawn(|| pollster::block_on(spawn_blocking(depth)).unwrap());
        assert_eq!(blocking.join().unwrap(), 1);
    });
}

#[test]
fn the_default_runtime_is_not_changed_once_it_was_needed() {
    in_child("enter::the_default_runtime_is_not_changed_once_it_was_needed", || {
        pollster::block_on(minato::spawn(async {})).unwrap();
        let refused = set_default(current_thread()).unwrap_err();
        assert_eq!(refused.block_on(refused.spawn(async { 5 })).unwrap(), 5);
    });
}
