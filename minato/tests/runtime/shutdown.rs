//! Runtimes end anywhere: with live tasks and sockets, within their own tasks, in one another.

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use minato::io::AsyncReadExt;
use minato::net::TcpStream;
use minato::runtime::{Handle, Runtime};
use minato::task::yield_now;

use crate::kit::{current_thread, echo, multi_thread, pair, ping, watchdog};

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Spawns tasks that never end, some of them waiting for sockets; how many were dropped.
fn populate(handle: &Handle) -> Arc<AtomicUsize> {
    let dropped = Arc::new(AtomicUsize::new(0));
    for _ in 0..5 {
        let counted = Counted(dropped.clone());
        handle.spawn(async move {
            let _counted = counted;
            pending::<()>().await;
        });
        let counted = Counted(dropped.clone());
        handle.spawn(async move {
            let _counted = counted;
            let (mut one, _other) = pair().await;
            _ = one.read(&mut [0; 1]).await;
            pending::<()>().await;
        });
    }
    dropped
}

const POPULATION: usize = 10;

fn runtimes() -> [Runtime; 3] {
    [current_thread(), multi_thread(1), multi_thread(3)]
}

async fn deliver() {
    for _ in 0..50 {
        yield_now().await;
    }
}

#[test]
fn on_a_plain_thread_with_live_tasks_and_sockets() {
    let _watchdog = watchdog();
    for runtime in runtimes() {
        let dropped = populate(runtime.handle());
        runtime.block_on(deliver());
        drop(runtime);
        assert_eq!(dropped.load(Ordering::SeqCst), POPULATION);
    }
}

/// Tasks that are being woken all the time while the runtime ends are dropped like the others.
#[test]
fn while_tasks_are_busy() {
    let _watchdog = watchdog();
    for round in 0..30 {
        let runtime = multi_thread(1 + round % 3);
        let dropped = Arc::new(AtomicUsize::new(0));
        for _ in 0..20 {
            let counted = Counted(dropped.clone());
            runtime.spawn(async move {
                let _counted = counted;
                for _ in 0..round * 100 {
                    yield_now().await;
                }
                pending::<()>().await;
            });
        }
        drop(runtime);
        assert_eq!(dropped.load(Ordering::SeqCst), 20);
    }
}

#[test]
fn without_ever_having_run() {
    let _watchdog = watchdog();
    for runtime in runtimes() {
        let dropped = populate(runtime.handle());
        drop(runtime);
        assert_eq!(dropped.load(Ordering::SeqCst), POPULATION);
    }
}

#[test]
fn within_its_own_task() {
    let _watchdog = watchdog();
    for runtime in runtimes() {
        let handle = runtime.handle().clone();
        let dropped = populate(&handle);
        let (done, is_done) = mpsc::channel();
        handle.block_on(async {
            deliver().await;
            let task = minato::spawn(async move {
                yield_now().await;
                drop(runtime);
                done.send(()).unwrap();
                // The task itself ends here.
                yield_now().await;
                unreachable!("a task of a runtime that has ended goes on");
            });
            assert!(task.await.unwrap_err().is_cancelled());
        });
        is_done.recv().unwrap();
        // Its workers end by themselves.
        while dropped.load(Ordering::SeqCst) < POPULATION {
            thread::yield_now();
        }
    }
}

#[test]
fn within_its_own_block_on() {
    let _watchdog = watchdog();
    for runtime in runtimes() {
        let handle = runtime.handle().clone();
        let dropped = populate(&handle);
        handle.block_on(async move {
            deliver().await;
            drop(runtime);
            yield_now().await;
        });
        while dropped.load(Ordering::SeqCst) < POPULATION {
            thread::yield_now();
        }
    }
}

/// Somebody else is in block_on when the owner drops the runtime.
#[test]
fn while_another_thread_is_in_block_on() {
    let _watchdog = watchdog();
    for runtime in runtimes() {
        let handle = runtime.handle().clone();
        let dropped = populate(&handle);
        let (begun, has_begun) = mpsc::channel();
        let other = thread::spawn(move || {
            handle.block_on(async {
                deliver().await;
                let task = minato::spawn(pending::<()>());
                begun.send(()).unwrap();
                task.await.unwrap_err().is_cancelled()
            })
        });
        has_begun.recv().unwrap();
        drop(runtime);
        assert!(other.join().unwrap());
        while dropped.load(Ordering::SeqCst) < POPULATION {
            thread::yield_now();
        }
    }
}

#[test]
fn within_another_runtime() {
    let _watchdog = watchdog();
    for outer in runtimes() {
        for inner in runtimes() {
            let dropped = populate(inner.handle());
            let task = outer.spawn(async move { drop(inner) });
            outer.block_on(task).unwrap();
            while dropped.load(Ordering::SeqCst) < POPULATION {
                thread::yield_now();
            }
        }
    }
}

#[test]
fn within_its_own_blocking_job() {
    let _watchdog = watchdog();
    for runtime in runtimes() {
        let handle = runtime.handle().clone();
        let dropped = populate(&handle);
        let job = handle.spawn_blocking(move || drop(runtime));
        _ = pollster::block_on(job);
        while dropped.load(Ordering::SeqCst) < POPULATION {
            thread::yield_now();
        }
    }
}

/// A worker that has handed its core over is stuck in foreign code when the runtime ends.
#[test]
fn while_a_task_blocks_in_place() {
    let _watchdog = watchdog();
    let runtime = multi_thread(1);
    let (release, released) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    let task = runtime.spawn(async move {
        minato::task::block_in_place(|| {
            begun.send(()).unwrap();
            released.recv().unwrap();
        });
        pending::<()>().await;
    });
    has_begun.recv().unwrap();
    let dropped = populate(runtime.handle());
    runtime.block_on(deliver());
    runtime.shutdown_timeout(Duration::from_millis(1));
    release.send(()).unwrap();
    assert!(pollster::block_on(task).unwrap_err().is_cancelled());
    assert_eq!(dropped.load(Ordering::SeqCst), POPULATION);
}

/// A task that spawns while the runtime ends does not keep it from ending.
#[test]
fn while_tasks_spawn_tasks() {
    let _watchdog = watchdog();
    fn spawn_for_ever(alive: Arc<AtomicUsize>) {
        alive.fetch_add(1, Ordering::SeqCst);
        let counted = Counted(alive);
        minato::spawn(async move {
            yield_now().await;
            spawn_for_ever(Arc::new(AtomicUsize::new(0)));
            drop(counted);
            yield_now().await;
        });
    }
    for runtime in runtimes() {
        for _ in 0..10 {
            runtime.block_on(async { spawn_for_ever(Arc::new(AtomicUsize::new(0))) });
        }
        runtime.block_on(deliver());
        drop(runtime);
    }
}

/// A destructor that spawns during the shutdown gets a handle that ends as cancelled.
#[test]
fn while_a_destructor_spawns() {
    let _watchdog = watchdog();
    struct Spawns(mpsc::Sender<bool>);
    impl Drop for Spawns {
        fn drop(&mut self) {
            let task = minato::spawn(async {});
            self.0.send(pollster::block_on(task).unwrap_err().is_cancelled()).unwrap();
        }
    }
    for runtime in runtimes() {
        let (send, receive) = mpsc::channel();
        let spawns = Spawns(send);
        runtime.spawn(async move {
            let _spawns = spawns;
            pending::<()>().await;
        });
        runtime.block_on(deliver());
        drop(runtime);
        assert!(receive.recv().unwrap());
    }
}

/// An end of a connection that has waited in `runtime`, and the other one.
fn bound_to(runtime: &Runtime) -> (TcpStream, TcpStream) {
    runtime.block_on(async {
        let (mut one, mut other) = pair().await;
        for stream in [&mut one, &mut other] {
            let mut byte = [0; 1];
            let waits = futures::poll!(std::pin::pin!(stream.read(&mut byte)));
            assert!(waits.is_pending());
        }
        (one, other)
    })
}

#[test]
fn a_socket_outlives_the_runtime_that_first_polled_it() {
    let _watchdog = watchdog();
    for first in 0..3 {
        for second in runtimes() {
            let first = runtimes().into_iter().nth(first).unwrap();
            let (mut one, other) = bound_to(&first);
            drop(first);
            second.block_on(async {
                let task = minato::spawn(echo(other));
                ping(&mut one, 3).await.unwrap();
                drop(one);
                task.await.unwrap().unwrap();
            });
        }
    }
}

/// The same, with the first runtime dropped while a plain thread waits on one of its sockets.
#[test]
fn a_plain_thread_waits_on_while_the_runtime_ends() {
    let _watchdog = watchdog();
    for runtime in runtimes() {
        let (mut one, other) = bound_to(&runtime);
        let (send, receive) = oneshot::channel();
        let waiting = thread::spawn(move || {
            send.send(()).unwrap();
            pollster::block_on(async { ping(&mut one, 3).await.unwrap() });
        });
        pollster::block_on(receive).unwrap();
        drop(runtime);
        let server = thread::spawn(move || _ = pollster::block_on(echo(other)));
        waiting.join().unwrap();
        server.join().unwrap();
    }
}

#[test]
fn shutdown_background_waits_for_nothing() {
    let _watchdog = watchdog();
    for runtime in runtimes() {
        let (release, released) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        let job = runtime.spawn_blocking(move || {
            begun.send(()).unwrap();
            _ = released.recv();
        });
        has_begun.recv().unwrap();
        let dropped = populate(runtime.handle());
        runtime.shutdown_background();
        drop(release);
        pollster::block_on(job).unwrap();
        while dropped.load(Ordering::SeqCst) < POPULATION {
            thread::yield_now();
        }
    }
}

/// A handle does not keep its runtime alive, and whatever is done with it later is harmless.
#[test]
fn a_handle_of_a_runtime_that_has_ended() {
    let _watchdog = watchdog();
    for runtime in runtimes() {
        let handle = runtime.handle().clone();
        drop(runtime);
        assert!(pollster::block_on(handle.spawn(async {})).unwrap_err().is_cancelled());
        assert_eq!(handle.block_on(async { 5 }), 5);
        assert_eq!(handle.alive_tasks(), 0);
        let _guard = handle.enter();
        // Sockets made here bind elsewhere.
        pollster::block_on(async {
            let (mut one, other) = pair().await;
            let echoed = async { echo(other).await.unwrap() };
            futures::join!(echoed, async move { ping(&mut one, 2).await.unwrap() });
        });
    }
}

/// A task that was woken while it is polled waits in a queue, but not for the thread that shuts
/// down: that must not drop what another one polls.
#[test]
fn by_another_thread_while_a_task_is_polled_and_woken() {
    let _watchdog = watchdog();
    let runtime = current_thread();
    let handle = runtime.handle().clone();
    let dropped = Arc::new(AtomicUsize::new(0));
    let ((told, tell), (go, wait)) = (mpsc::channel(), mpsc::channel());
    let (counted, seen) = (Counted(dropped.clone()), dropped.clone());
    let task = runtime.spawn(poll_fn(move |cx| {
        let _counted = &counted;
        told.send(cx.waker().clone()).unwrap();
        wait.recv().unwrap();
        assert_eq!(seen.load(Ordering::SeqCst), 0, "dropped while it is polled");
        Poll::<()>::Pending
    }));
    let runs = thread::spawn(move || handle.block_on(task));
    tell.recv().unwrap().wake();
    runtime.shutdown_background();
    go.send(()).unwrap();
    assert!(runs.join().unwrap().unwrap_err().is_cancelled());
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
}
