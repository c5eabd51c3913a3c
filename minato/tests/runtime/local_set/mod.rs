//! Sets of local tasks, on every executor.

mod ends;

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, ready};
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use minato::runtime::Builder;
use minato::task::{JoinSet, LocalSet, spawn_local, yield_now};
use minato::time::sleep;

use crate::kit::{
    current_thread, multi_thread, on_each_executor, pair, panic_text, ping, watchdog,
};

#[test]
fn tasks_run_beside_the_future_of_a_set() {
    on_each_executor(|| async {
        let local = LocalSet::new();
        let log = Rc::new(RefCell::new(Vec::new()));
        let output = local.run_until(async {
            let outer = log.clone();
            let task = spawn_local(async move {
                let inner = outer.clone();
                let within = spawn_local(async move {
                    yield_now().await;
                    inner.borrow_mut().push("inner");
                    Rc::new(3)
                });
                outer.borrow_mut().push("outer");
                *within.await.unwrap() + 1
            });
            task.await.unwrap()
        });
        assert_eq!(output.await, 4);
        assert_eq!(*log.borrow(), ["outer", "inner"]);
        local.await;
        assert_eq!(Rc::strong_count(&log), 1);
    });
}

#[test]
fn a_set_that_is_awaited_ends_with_its_tasks() {
    on_each_executor(|| async {
        LocalSet::new().await;
        let local = LocalSet::default();
        let ended = Rc::new(Cell::new(0));
        for number in 0..200_u64 {
            let ended = ended.clone();
            local.spawn_local(async move {
                if number % 20 == 0 {
                    sleep(Duration::from_millis(number % 7)).await;
                }
                // On a local runtime this is a task of that.
                spawn_local(yield_now()).await.unwrap();
                ended.set(ended.get() + 1);
            });
        }
        assert_eq!(ended.get(), 0);
        local.await;
        assert_eq!(ended.get(), 200);
    });
}

#[test]
fn tasks_use_sockets_and_timers() {
    on_each_executor(|| async {
        let local = LocalSet::new();
        local
            .run_until(async {
                let tasks: Vec<_> = (0..4)
                    .map(|_| {
                        spawn_local(async {
                            let (mut client, server) = pair().await;
                            let served = spawn_local(crate::kit::echo(server));
                            sleep(Duration::from_millis(2)).await;
                            ping(&mut client, 20).await.unwrap();
                            drop(client);
                            served.await.unwrap().unwrap();
                        })
                    })
                    .collect();
                for task in tasks {
                    task.await.unwrap();
                }
            })
            .await;
    });
}

#[test]
fn what_is_spawned_from_outside_wakes_the_set() {
    on_each_executor(|| async {
        let local = LocalSet::new();
        let beside = async { local.spawn_local(ready(7)).await.unwrap() };
        let driven = local.run_until(pending::<()>());
        futures::pin_mut!(driven, beside);
        match futures::future::select(driven, beside).await {
            futures::future::Either::Right((number, _)) => assert_eq!(number, 7),
            futures::future::Either::Left(_) => unreachable!(),
        }
    });
}

#[test]
fn spawn_local_finds_the_runtime_then_the_set() {
    let _watchdog = watchdog();
    let nowhere = "`spawn_local` called from outside of a `task::LocalSet` or `runtime::Local";
    assert!(panic_text(|| spawn_local(async {})).starts_with(nowhere));
    let block_on = || current_thread().block_on(async { drop(spawn_local(async {})) });
    assert!(panic_text(block_on).starts_with(nowhere));
    LocalSet::new().block_on(&multi_thread(1), async {
        let elsewhere = thread::spawn(|| panic_text(|| spawn_local(async {})));
        assert!(elsewhere.join().unwrap().starts_with(nowhere));
        spawn_local(async {}).await.unwrap();
    });

    // A local runtime comes first.
    let runtime = Builder::new_current_thread().build_local(Default::default()).unwrap();
    let local = LocalSet::new();
    let of_runtime = Rc::new(());
    runtime.block_on(local.run_until(async {
        let held = of_runtime.clone();
        spawn_local(async move {
            let _held = held;
            pending::<()>().await;
        });
    }));
    drop(local);
    assert_eq!(Rc::strong_count(&of_runtime), 2);
    drop(runtime);
    assert_eq!(Rc::strong_count(&of_runtime), 1);

    // And that of another thread is an error.
    let (sender, handles) = mpsc::channel();
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().build_local(Default::default()).unwrap();
        sender.send(runtime.handle().clone()).unwrap();
    });
    let handle = handles.recv().unwrap();
    let _entered = handle.enter();
    let local = LocalSet::new();
    let _also_entered = local.enter();
    let text = panic_text(|| spawn_local(async {}));
    assert!(text.contains("only be spawned on a LocalRuntime from the thread"), "{text}");
}

#[test]
fn an_entered_set_takes_what_is_spawned() {
    let _watchdog = watchdog();
    let (one, two) = (LocalSet::new(), LocalSet::new());
    let entered = one.enter();
    let first = spawn_local(async { 1 });
    let also_entered = two.enter();
    let second = spawn_local(async { 2 });
    drop(also_entered);
    let third = spawn_local(async { 3 });
    drop(entered);
    assert!(panic_text(|| spawn_local(async {})).contains("outside"));
    assert_eq!(pollster::block_on(two.run_until(second)).unwrap(), 2);
    assert!(!first.is_finished());
    one.block_on(&current_thread(), async {
        assert_eq!((first.await.unwrap(), third.await.unwrap()), (1, 3));
    });
    // Entered while it is polled, with wakes from without.
    let _entered = one.enter();
    pollster::block_on(one.run_until(async {
        spawn_local(sleep(Duration::from_millis(1))).await.unwrap();
    }));
}

#[test]
fn panics_and_aborts_are_those_of_tasks() {
    on_each_executor(|| async {
        let local = LocalSet::new();
        let panics = local.spawn_local(async { panic!("on purpose") });
        let aborted = local.spawn_local(pending::<()>());
        let by_handle = local.spawn_local(pending::<()>());
        let late = local.spawn_local(async { 5 });
        assert_eq!(
            std::collections::BTreeSet::from([panics.id(), aborted.id(), late.id()]).len(),
            3
        );
        assert!(aborted.spawned_at().file().contains("local_set"));
        aborted.abort();
        let handle = by_handle.abort_handle();
        local
            .run_until(async {
                assert!(panics.await.unwrap_err().is_panic());
                assert!(aborted.await.unwrap_err().is_cancelled());
                assert!(!handle.is_finished());
                thread::spawn(move || handle.abort()).join().unwrap();
                assert!(by_handle.await.unwrap_err().is_cancelled());
            })
            .await;
        let handle = late.abort_handle();
        local.await;
        handle.abort();
        assert!(handle.is_finished());
        assert_eq!(late.await.unwrap(), 5);
    });
}

#[test]
fn a_local_task_is_awaited_elsewhere() {
    let _watchdog = watchdog();
    let runtime = multi_thread(2);
    let local = LocalSet::new();
    let home = thread::current().id();
    let (sender, receiver) = oneshot::channel();
    let task = local.spawn_local(async move {
        assert_eq!(thread::current().id(), home);
        let text: String = receiver.await.unwrap();
        assert_eq!(thread::current().id(), home);
        text
    });
    let elsewhere = runtime.spawn(async move {
        assert_ne!(thread::current().id(), home);
        sender.send("hello".to_owned()).unwrap();
        task.await.unwrap()
    });
    assert_eq!(local.block_on(&runtime, elsewhere).unwrap(), "hello");
}

#[test]
fn several_futures_drive_one_set() {
    let _watchdog = watchdog();
    let local = Rc::new(LocalSet::new());
    let runtime = Builder::new_current_thread().build_local(Default::default()).unwrap();
    runtime.block_on(async {
        let (send_long, wait_long) = oneshot::channel::<()>();
        let (send_short, wait_short) = oneshot::channel::<()>();
        let (one, two) = (local.clone(), local.clone());
        let long = runtime.spawn_local(async move { one.run_until(wait_long).await.unwrap() });
        let short = runtime.spawn_local(async move { two.run_until(wait_short).await.unwrap() });
        yield_now().await;
        // The last one to be polled ends; the other goes on to run the tasks.
        send_short.send(()).unwrap();
        short.await.unwrap();
        for _ in 0..3 {
            let task = local.spawn_local(async {
                yield_now().await;
                sleep(Duration::from_millis(1)).await;
                8
            });
            assert_eq!(task.await.unwrap(), 8);
        }
        send_long.send(()).unwrap();
        long.await.unwrap();

        // Within each other.
        let (inner, outer) = (local.clone(), local.clone());
        let nested = local.spawn_local(async move {
            inner.run_until(async { inner.spawn_local(async { 9 }).await.unwrap() }).await
        });
        assert_eq!(outer.run_until(nested).await.unwrap(), 9);
    });
}

/// A future that spawns and ends at once leaves the task to the others.
#[test]
fn a_task_is_left_to_the_next_driver() {
    let _watchdog = watchdog();
    let local = LocalSet::new();
    let (sender, receiver) = oneshot::channel();
    pollster::block_on(async {
        let long = local.run_until(receiver);
        let short = async {
            yield_now().await;
            local.run_until(async { drop(spawn_local(async { sender.send(6).unwrap() })) }).await;
        };
        assert_eq!(futures::join!(long, short).0, Ok(6));
    });
}

#[test]
fn a_future_that_is_dropped_leaves_the_tasks() {
    let _watchdog = watchdog();
    let local = LocalSet::new();
    let (sender, receiver) = oneshot::channel();
    let mut run = Box::pin(local.run_until(async {
        drop(spawn_local(async { assert_eq!(receiver.await, Ok(4)) }));
        pending::<()>().await;
    }));
    assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(run);
    sender.send(4).unwrap();
    pollster::block_on(local);
}

#[test]
fn a_task_that_is_always_ready_lets_the_others_run() {
    on_each_executor(|| async {
        let local = LocalSet::new();
        let turns = Rc::new(Cell::new(0));
        let mine = turns.clone();
        let busy = local.spawn_local(async move {
            let mut byte = [0];
            loop {
                use minato::io::AsyncReadExt;
                minato::io::repeat(1).read_exact(&mut byte).await.unwrap();
                mine.set(mine.get() + 1);
            }
        });
        let beside = async {
            // The set does not keep the executor either.
            for _ in 0..3 {
                yield_now().await;
            }
        };
        let driven = local.run_until(async {
            for _ in 0..5 {
                yield_now().await;
            }
            busy.abort();
            busy.await.unwrap_err()
        });
        assert!(futures::join!(driven, beside).0.is_cancelled());
        assert!(turns.get() > 0);
    });
}

#[test]
fn a_large_set_lets_the_executor_go_on() {
    on_each_executor(|| async {
        let local = LocalSet::new();
        let polled = Rc::new(Cell::new(0));
        for _ in 0..1000 {
            let polled = polled.clone();
            local.spawn_local(async move { polled.set(polled.get() + 1) });
        }
        let beside = async {
            yield_now().await;
            polled.get()
        };
        let seen = futures::join!(local, beside).1;
        assert!(seen < 1000, "{seen}");
    });
}

#[test]
fn sets_of_tasks_take_local_ones() {
    on_each_executor(|| async {
        let local = LocalSet::new();
        let mut set = JoinSet::new();
        for number in 0..4 {
            let number = Rc::new(number);
            set.spawn_local_on(async move { number }, &local);
        }
        assert!(set.try_join_next().is_none());
        let sum = local.run_until(async {
            set.spawn_local(async { Rc::new(10) });
            set.spawn_local(pending()).abort();
            let mut sum = 0;
            while let Some(joined) = set.join_next().await {
                match joined {
                    Ok(number) => sum += *number,
                    Err(error) => assert!(error.is_cancelled()),
                }
            }
            sum
        });
        assert_eq!(sum.await, 16);
    });
}
