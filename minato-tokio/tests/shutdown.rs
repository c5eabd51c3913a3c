//! Who ends first, and that nothing is left: no thread, no descriptor, no task.
//!
//! The tests count threads and descriptors, so that they run one after the other.

use std::fs;
use std::io::ErrorKind;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use minato::engine::Engine;
use minato::runtime::{Builder, LocalOptions, Runtime};
use minato_tokio::{Guest, GuestBuilder};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::sleep;

const LONG: Duration = Duration::from_secs(60);

/// Sees to it that nothing is left when it is dropped.
struct Alone {
    descriptors: usize,
    _others: MutexGuard<'static, ()>,
}

impl Alone {
    fn new() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let others = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        // What the process makes once, and keeps.
        drop(Guest::new().unwrap());
        Self { descriptors: descriptors(), _others: others }
    }

    fn builder(&self) -> GuestBuilder {
        Guest::builder().thread_name("visitor")
    }

    fn guest(&self) -> Guest {
        self.builder().build().unwrap()
    }

    fn check(self) {
        assert_eq!(visitors(), 0);
        assert_eq!(descriptors(), self.descriptors);
    }
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// How many threads of a guest there are.
fn visitors() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let name = |path| fs::read_to_string(path).unwrap_or_default();
    tasks
        .filter(|task| name(task.as_ref().unwrap().path().join("comm")).trim() == "visitor")
        .count()
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..6_000 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{what}: not after a minute");
}

fn runtime(flavour: fn() -> Builder, guest: Guest) -> Runtime {
    flavour().worker_threads(2).on_enter(guest).build().unwrap()
}

const FLAVOURS: [fn() -> Builder; 2] = [Builder::new_current_thread, Builder::new_multi_thread];

/// Says that it was dropped, and whether tokio's tasks could be spawned there.
struct Last(mpsc::Sender<bool>);

impl Drop for Last {
    fn drop(&mut self) {
        let could_spawn = tokio::runtime::Handle::try_current().is_ok();
        tokio::spawn(async {});
        _ = self.0.send(could_spawn);
    }
}

/// Leaves tasks of both kinds with all that tokio has to wait for.
fn leave_tasks(runtime: &Runtime, last: &mpsc::Sender<bool>) {
    for _ in 0..3 {
        let last = [Last(last.clone()), Last(last.clone())];
        let (ready, is_ready) = oneshot::channel();
        runtime.spawn(async move {
            let [here, there] = last;
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let waits = tokio::spawn(async move {
                let _there = there;
                let (mut accepted, _) = listener.accept().await.unwrap();
                _ = ready.send(());
                _ = accepted.read_u8().await;
                std::future::pending::<()>().await;
            });
            tokio::select! {
                _ = stream.read_u8() => {}
                () = sleep(LONG) => {}
                _ = waits => {}
            }
            drop(here);
        });
        runtime.block_on(is_ready).unwrap();
    }
}

#[test]
fn ours_first_then_the_guest() {
    let alone = Alone::new();
    for flavour in FLAVOURS {
        let guest = alone.guest();
        let runtime = runtime(flavour, guest.clone());
        let (sender, last) = mpsc::channel();
        leave_tasks(&runtime, &sender);
        drop(sender);
        drop(runtime);
        // Those of Minato are gone; those of tokio still live.
        assert_eq!(last.try_iter().collect::<Vec<_>>(), [true; 3]);
        wait_until("the threads of the guest have their names", || visitors() == 2);
        assert!(guest.shutdown_timeout(LONG).is_ok());
        assert_eq!(last.iter().collect::<Vec<_>>(), [true; 3]);
    }
    alone.check();
}

#[test]
fn the_guest_is_let_go_first_and_the_runtime_keeps_it() {
    let alone = Alone::new();
    for flavour in FLAVOURS {
        let guest = alone.guest();
        let runtime = runtime(flavour, guest.clone());
        let (sender, last) = mpsc::channel();
        leave_tasks(&runtime, &sender);
        drop(sender);
        // The runtime would be left without it.
        let guest = guest.shutdown_timeout(LONG).unwrap_err();
        drop(guest);
        let asleep = runtime.spawn(async { tokio::spawn(sleep(Duration::from_millis(5))).await });
        runtime.block_on(asleep).unwrap().unwrap();
        // The guest ends with the runtime.
        drop(runtime);
        assert_eq!(last.try_iter().collect::<Vec<_>>(), [true; 6]);
        assert_eq!(visitors(), 0);
    }
    alone.check();
}

#[test]
fn a_guest_that_names_its_host_is_no_circle() {
    let alone = Alone::new();
    let runtime = runtime(FLAVOURS[1], alone.guest());
    let host = runtime.handle().clone();
    runtime.block_on(async move {
        tokio::spawn(async move {
            std::future::pending::<()>().await;
            drop(host);
        });
    });
    drop(runtime);
    alone.check();
}

#[test]
fn one_guest_serves_several_runtimes() {
    let alone = Alone::new();
    let guest = alone.guest();
    let [first, second] = FLAVOURS.map(|flavour| runtime(flavour, guest.clone()));
    drop(guest);
    let answer = first.block_on(async {
        let (sender, receiver) = oneshot::channel();
        second.spawn(async move { sender.send(tokio::spawn(async { 5 }).await.unwrap()) });
        receiver.await.unwrap()
    });
    assert_eq!(answer, 5);
    drop(first);
    wait_until("the threads of the guest have their names", || visitors() == 2);
    drop(second);
    alone.check();
}

/// There, to wait would be a panic or hold up others.
#[test]
fn the_last_clone_may_be_dropped_anywhere() {
    let alone = Alone::new();
    let other = runtime(FLAVOURS[1], alone.guest());
    for flavour in FLAVOURS {
        let runtimes = [(); 4].map(|()| runtime(flavour, alone.guest()));
        let [in_task, in_tokio, in_job, in_block_on] = runtimes;
        other.block_on(other.spawn(async { drop(in_task) })).unwrap();
        other.block_on(async { tokio::spawn(async { drop(in_tokio) }).await }).unwrap();
        other.block_on(other.spawn_blocking(move || drop(in_job))).unwrap();
        other.block_on(async { drop(in_block_on) });
    }
    // On one of its own threads.
    let guest = alone.guest();
    let handle = guest.handle().clone();
    let (go, gone) = oneshot::channel();
    handle.spawn(async { (gone.await, drop(guest)) });
    go.send(()).unwrap();
    drop(handle);
    drop(other);
    wait_until("the threads of the guests end", || visitors() == 0);
    wait_until("what they had is closed", || descriptors() == alone.descriptors);
    alone.check();
}

#[test]
fn a_job_of_the_guest_that_does_not_end_holds_nobody_up() {
    let alone = Alone::new();
    for flavour in FLAVOURS {
        let (release, released) = mpsc::channel::<()>();
        let runtime = runtime(flavour, alone.guest());
        runtime.block_on(async {
            let (begun, has_begun) = oneshot::channel();
            tokio::task::spawn_blocking(move || (begun.send(()), released.recv()));
            has_begun.await.unwrap();
        });
        runtime.shutdown_timeout(Duration::from_millis(1));
        assert_ne!(visitors(), 0);
        drop(release);
        wait_until("the threads of the guest end", || visitors() == 0);
    }
    wait_until("what they had is closed", || descriptors() == alone.descriptors);
    alone.check();
}

/// A guest that somebody else ends: too early, which is an error of the task that needed it.
#[test]
fn a_guest_that_ended_too_early_is_a_panic_of_its_task_alone() {
    let alone = Alone::new();
    for flavour in FLAVOURS {
        let theirs = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("visitor")
            .enable_all()
            .build()
            .unwrap();
        let runtime = runtime(flavour, Guest::from_handle(theirs.handle().clone()));
        let (begun, has_begun) = oneshot::channel();
        let sleeps = runtime.spawn(async {
            tokio::select! {
                biased;
                () = sleep(LONG) => {}
                () = async { begun.send(()).unwrap(); std::future::pending().await } => {}
            }
        });
        runtime.block_on(has_begun).unwrap();
        theirs.shutdown_timeout(LONG);
        let error = runtime.block_on(sleeps).unwrap_err();
        assert!(error.is_panic(), "{error}");
        let late = runtime.spawn(async { tokio::spawn(async { 5 }).await.unwrap_err() });
        assert!(runtime.block_on(late).unwrap().is_cancelled());
        assert_eq!(runtime.block_on(runtime.spawn(async { 5 })).unwrap(), 5);
    }
    alone.check();
}

#[test]
fn threads_that_come_and_go_leave_nothing() {
    let alone = Alone::new();
    let guest = alone.guest();
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).thread_keep_alive(Duration::ZERO).on_enter(guest.clone());
    let runtime = builder.build().unwrap();
    for _ in 0..200 {
        let job = || tokio::runtime::Handle::current().block_on(async { 5 });
        assert_eq!(runtime.block_on(runtime.spawn_blocking(job)).unwrap(), 5);
        let guest = guest.clone();
        let plain = move || {
            let _entered = guest.enter();
            pollster::block_on(async { tokio::spawn(async { 5 }).await.unwrap() })
        };
        assert_eq!(thread::spawn(plain).join().unwrap(), 5);
        // Spare threads of `block_in_place`.
        let task = runtime.spawn(async { minato::task::block_in_place(|| 5) });
        assert_eq!(runtime.block_on(task).unwrap(), 5);
    }
    drop((runtime, builder));
    // Nobody else has a clone of it any more.
    assert!(guest.shutdown_timeout(LONG).is_ok());
    alone.check();
}

#[test]
fn a_simulated_runtime_has_no_guest() {
    let world = minato::sim::World::new(1);
    let engine = || Engine::sim(world.host("a"));
    let shared = minato_tokio::runtime::Builder::new_current_thread;
    let alone = Alone::new();
    let mut own = Builder::new_current_thread();
    own.on_enter(alone.guest());
    for builder in [&mut shared(), &mut own] {
        builder.engine(engine());
        let refused = builder.build().unwrap_err();
        let local = builder.build_local(LocalOptions::default()).unwrap_err();
        for error in [refused, local] {
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains("simulated world cannot have tokio"), "{error}");
        }
    }
    drop(own);
    alone.check();
}

#[test]
fn a_guest_without_workers_is_an_error() {
    let alone = Alone::new();
    let error = Guest::builder().worker_threads(0).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("worker_threads"), "{error}");
    let guest = alone.builder().max_blocking_threads(0).worker_threads(1).build().unwrap();
    assert_eq!(guest.handle().block_on(guest.handle().spawn_blocking(|| 5)).unwrap(), 5);
    drop(guest);
    alone.check();
}

#[test]
fn a_shut_down_with_a_guest_of_ones_own_runtime() {
    let alone = Alone::new();
    let theirs = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let guest = Guest::from_runtime(theirs);
    let runtime = runtime(FLAVOURS[0], guest.clone());
    assert_eq!(runtime.block_on(async { tokio::spawn(async { 5 }).await }).unwrap(), 5);
    drop(runtime);
    assert!(guest.shutdown_timeout(LONG).is_ok());
    alone.check();
}
