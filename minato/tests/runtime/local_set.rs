//! Sets of local tasks, on every executor.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, ready};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use futures::channel::oneshot;
use minato::engine::Engine;
use minato::runtime::Builder;
use minato::sim::{Simulation, World};
use minato::task::{JoinSet, LocalSet, spawn_local, yield_now};
use minato::time::sleep;

use crate::kit::child::own_name;
use crate::kit::{
    current_thread, in_child, multi_thread, on_each_executor, pair, panic_text, ping, thread_names,
    watchdog,
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
    let block_on = || current_thread().block_on(async { spawn_local(async {}) });
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

/// Fails if it is dropped on another thread than that of its making.
struct Homebound {
    home: ThreadId,
    number: usize,
    dropped: Rc<RefCell<Vec<usize>>>,
}

impl Drop for Homebound {
    fn drop(&mut self) {
        assert_eq!(thread::current().id(), self.home);
        self.dropped.borrow_mut().push(self.number);
    }
}

#[test]
fn dropping_a_set_drops_its_tasks_in_the_order_of_spawning() {
    let _watchdog = watchdog();
    let dropped = Rc::new(RefCell::new(Vec::new()));
    let local = LocalSet::new();
    let mut ends = Vec::new();
    let tasks: Vec<_> = (0..30)
        .map(|number| {
            let value =
                Homebound { home: thread::current().id(), number, dropped: dropped.clone() };
            let (end, ended) = oneshot::channel::<()>();
            ends.push(end);
            local.spawn_local(async move {
                let _value = value;
                if number % 3 != 0 {
                    ended.await.unwrap();
                }
                pending::<()>().await;
            })
        })
        .collect();
    // Some have run, some wait, some were woken but not polled, and some are new.
    pollster::block_on(local.run_until(yield_now()));
    ends.into_iter().step_by(4).for_each(|end| end.send(()).unwrap());
    for number in 30..33 {
        let value = Homebound { home: thread::current().id(), number, dropped: dropped.clone() };
        local.spawn_local(async move { drop(value) });
    }
    assert!(dropped.borrow().is_empty());
    drop(local);
    assert_eq!(*dropped.borrow(), (0..33).collect::<Vec<_>>());
    for task in tasks {
        assert!(pollster::block_on(task).unwrap_err().is_cancelled());
    }
}

#[test]
fn a_set_that_is_gone_takes_no_tasks() {
    struct Spawns(Rc<Cell<usize>>);

    impl Drop for Spawns {
        fn drop(&mut self) {
            let held = self.0.clone();
            let refused = spawn_local(async move { held.set(100) });
            assert!(refused.is_finished());
            let error = pollster::block_on(refused).unwrap_err();
            assert!(error.is_cancelled());
            assert!(error.to_string().contains("its LocalSet has been dropped"), "{error}");
            self.0.set(self.0.get() + 1);
        }
    }

    let _watchdog = watchdog();
    let local = LocalSet::new();
    let _entered = local.enter();
    let count = Rc::new(Cell::new(0));
    for _ in 0..3 {
        let spawns = Spawns(count.clone());
        local.spawn_local(async move {
            let _spawns = spawns;
            pending::<()>().await;
        });
    }
    pollster::block_on(local.run_until(yield_now()));
    drop(local);
    assert_eq!(count.get(), 3);
    drop(Spawns(count.clone()));
    assert_eq!((count.get(), Rc::strong_count(&count)), (4, 1));
}

/// Destructors that wake other tasks of the set which are about to be dropped.
#[test]
fn tasks_that_are_dropped_wake_each_other() {
    let _watchdog = watchdog();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let local = LocalSet::new();
        let (senders, mut receivers): (Vec<_>, Vec<_>) =
            (0..3).map(|_| oneshot::channel::<()>()).map(|(s, r)| (Some(s), Some(r))).unzip();
        let mut senders = senders;
        for index in order {
            let ends = senders[index].take();
            let waits = receivers[(index + 1) % 3].take().unwrap();
            local.spawn_local(async move {
                _ = waits.await;
                drop(ends);
                unreachable!("nothing is sent before the set is dropped");
            });
        }
        pollster::block_on(local.run_until(yield_now()));
        drop(local);
    }
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
        assert!(aborted.spawned_at().file().ends_with("local_set.rs"));
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

/// Wakes by threads, in every state of the set, its end included.
#[test]
fn threads_wake_the_tasks() {
    let _watchdog = watchdog();
    let runtime = current_thread();
    for round in 0..200 {
        let local = LocalSet::new();
        let barrier = Arc::new(Barrier::new(3));
        let mut threads = Vec::new();
        let mut tasks = Vec::new();
        for _ in 0..2 {
            let (senders, receivers): (Vec<_>, Vec<_>) =
                (0..10).map(|_| oneshot::channel()).unzip();
            for (number, receiver) in receivers.into_iter().enumerate() {
                tasks.push(local.spawn_local(async move {
                    let sent: usize = receiver.await.unwrap();
                    assert_eq!(sent, number);
                    yield_now().await;
                }));
            }
            let barrier = barrier.clone();
            threads.push(thread::spawn(move || {
                barrier.wait();
                for (number, sender) in senders.into_iter().enumerate() {
                    // The receiver may have been dropped with the set.
                    _ = sender.send(number);
                }
            }));
        }
        let some = tasks.split_off(round % 20);
        barrier.wait();
        let joined = local.run_until(futures::future::join_all(tasks));
        let joined =
            if round % 2 == 0 { runtime.block_on(joined) } else { pollster::block_on(joined) };
        joined.into_iter().for_each(|joined| joined.unwrap());
        if round % 3 == 0 {
            pollster::block_on(local);
            assert!(some.iter().all(|task| task.is_finished()));
        } else {
            drop(local);
            for task in some {
                if let Err(error) = pollster::block_on(task) {
                    assert!(error.is_cancelled(), "{error}");
                }
            }
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
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

#[test]
fn a_set_in_a_thread_local_ends_with_its_thread() {
    thread_local!(static LOCAL: LocalSet = LocalSet::new());
    struct Tells(mpsc::Sender<()>);

    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }

    let _watchdog = watchdog();
    for on_runtime in [false, true] {
        let (sender, told) = mpsc::channel();
        let end = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn(move || {
            LOCAL.with(|local| {
                let tells = Tells(sender);
                local.spawn_local(async move {
                    let _tells = tells;
                    pending::<()>().await;
                });
                if on_runtime {
                    local.block_on(&current_thread(), yield_now());
                } else {
                    pollster::block_on(local.run_until(yield_now()));
                }
            });
            end.store(true, SeqCst);
        });
        thread.join().unwrap();
        told.recv().unwrap();
    }
}

#[test]
fn a_task_that_blocks_by_another_executor_is_served() {
    let _watchdog = watchdog();
    for runtime in [current_thread(), multi_thread(1)] {
        let local = LocalSet::new();
        local.block_on(&runtime, async {
            let task = spawn_local(async {
                pollster::block_on(async {
                    let (mut client, server) = pair().await;
                    let served = minato::spawn(crate::kit::echo(server));
                    // The runtime's own thread may be this one.
                    drop(served);
                    sleep(Duration::from_millis(2)).await;
                    use minato::io::AsyncWriteExt;
                    client.write_all(b"x").await.unwrap();
                });
                // A set within the poll of that set, driven by an executor that blocks.
                let inner = LocalSet::new();
                pollster::block_on(inner.run_until(async {
                    spawn_local(sleep(Duration::from_millis(2))).await.unwrap();
                }));
            });
            task.await.unwrap();
        });
    }
}

#[test]
fn on_a_runtime_no_thread_is_hidden() {
    in_child(own_name!(on_a_runtime_no_thread_is_hidden), || {
        current_thread().block_on(async {
            let local = LocalSet::new();
            local
                .run_until(async {
                    let tasks: Vec<_> = (0..3)
                        .map(|_| {
                            spawn_local(async {
                                let (mut client, server) = pair().await;
                                spawn_local(crate::kit::echo(server));
                                ping(&mut client, 5).await.unwrap();
                                sleep(Duration::from_millis(5)).await;
                            })
                        })
                        .collect();
                    for task in tasks {
                        task.await.unwrap();
                    }
                })
                .await;
            let names = thread_names();
            assert!(!names.iter().any(|name| name.starts_with("minato-")), "{names:?}");
        });
    });
}

#[test]
fn in_a_simulation_it_is_the_same_each_time() {
    let _watchdog = watchdog();
    let run = |seed| {
        let world = World::builder().seed(seed).build();
        let engine = Engine::sim(world.host("alone"));
        let runtime = Builder::new_current_thread().engine(engine).build().unwrap();
        let log = Rc::new(RefCell::new(Vec::new()));
        let local = LocalSet::new();
        local.block_on(&runtime, async {
            let tasks: Vec<_> = (0..5)
                .map(|number| {
                    let log = log.clone();
                    spawn_local(async move {
                        let (mut client, server) = pair().await;
                        spawn_local(crate::kit::echo(server));
                        sleep(Duration::from_secs(3600 * (7 - number))).await;
                        ping(&mut client, 3).await.unwrap();
                        log.borrow_mut().push(number);
                    })
                })
                .collect();
            log.borrow_mut().extend(tasks.iter().map(|task| task.id().to_string().len() as u64));
            let first = tasks[0].id().to_string();
            for task in tasks {
                task.await.unwrap();
            }
            (first, world.trace_hash())
        })
    };
    assert_eq!(run(1), run(1));
    assert!(run(2).0.starts_with("0."), "{:?}", run(2));
}

/// A panic that nobody asks for ends a simulation, as that of any other task does.
#[test]
fn in_a_simulation_a_lost_panic_is_told() {
    let _watchdog = watchdog();
    let run = |joined: bool| {
        let mut simulation = Simulation::new(1);
        // A host's program must be `Send`, so the set is made and driven within one poll of it.
        let main = simulation.spawn("host", async move {
            let local = LocalSet::new();
            let task = local.spawn_local(async { panic!("nobody hears this") });
            let joined = joined.then_some(task);
            let mut driven = Box::pin(local.run_until(async {
                yield_now().await;
                if let Some(task) = joined {
                    task.await.unwrap_err();
                }
            }));
            let mut cx = Context::from_waker(Waker::noop());
            while driven.as_mut().poll(&mut cx).is_pending() {}
        });
        simulation.block_on(main.unwrap()).unwrap();
    };
    run(true);
    let text = panic_text(|| run(false));
    assert!(text.contains("nobody hears this") && text.contains("local_set.rs"), "{text}");
}

#[test]
fn the_drop_of_a_waker_may_use_the_set() {
    let _watchdog = watchdog();
    let drops = Arc::new(AtomicUsize::new(0));
    let local = LocalSet::new();
    let count = drops.clone();
    let waker = crate::kit::foreign::calling(move || {
        count.fetch_add(1, SeqCst);
    });
    let task = local.spawn_local(yield_now());
    for _ in 0..2 {
        let mut run = Box::pin(local.run_until(pending::<()>()));
        assert!(run.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert!(task.is_finished() && drops.load(SeqCst) > 0);
}
