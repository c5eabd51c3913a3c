//! The ends of local sets and of threads around them; simulations.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
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
use minato::task::{LocalSet, spawn_local, yield_now};
use minato::time::sleep;

use crate::kit::child::own_name;
use crate::kit::{
    current_thread, in_child, multi_thread, pair, panic_text, ping, thread_names, watchdog,
};

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

/// A task of the set drives the set on an executor that blocks: what others wake comes to it.
#[test]
fn a_task_that_blocks_drives_its_own_set() {
    let _watchdog = watchdog();
    let local = Rc::new(LocalSet::new());
    for on_runtime in [false, true] {
        let inner = local.clone();
        let task = local.spawn_local(async move {
            let (sender, receiver) = oneshot::channel();
            let waits = inner.spawn_local(async { receiver.await.unwrap() });
            let sends = thread::spawn(move || {
                thread::sleep(Duration::from_millis(10));
                sender.send(5).unwrap();
            });
            assert_eq!(pollster::block_on(inner.run_until(waits)).unwrap(), 5);
            sends.join().unwrap();
        });
        if on_runtime {
            local.block_on(&current_thread(), task).unwrap();
        } else {
            pollster::block_on(local.run_until(task)).unwrap();
        }
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
    assert!(text.contains("nobody hears this") && text.contains("local_set"), "{text}");
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
