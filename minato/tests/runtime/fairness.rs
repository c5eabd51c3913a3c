//! Nobody keeps the others from running.

use std::future::poll_fn;
use std::io::Write;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::runtime::{Builder, Runtime};
use minato::task::coop::{consume_budget, has_budget_remaining};
use minato::task::{LocalSet, spawn_local, yield_now};

use crate::kit::{current_thread, multi_thread, pair, ping, standard_echo_server, watchdog};

fn runtimes() -> [Runtime; 2] {
    [current_thread(), multi_thread(1)]
}

/// Gives way in one of the two ways there are.
async fn give_way(by_budget: bool) {
    if by_budget {
        while has_budget_remaining() {
            consume_budget().await;
        }
        consume_budget().await;
    } else {
        yield_now().await;
    }
}

/// Wakes the task, without saying that it gives way.
async fn wake_itself() {
    let mut woken = false;
    poll_fn(|cx| {
        cx.waker().wake_by_ref();
        if std::mem::replace(&mut woken, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// A byte has come for a waiting task. One that then yields until the other has it sees that happen
/// at once, and not only when the reactor has its turn anyway.
#[test]
fn who_yields_lets_the_reactor_be_looked_at() {
    async fn case(yields: usize, by_budget: bool) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut stream = minato::net::TcpStream::connect(address).await.unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        let reads = Arc::new(AtomicUsize::new(0));
        let count = reads.clone();
        let reader = minato::spawn(async move {
            for _ in 0..5 {
                count.fetch_add(1, Ordering::SeqCst);
                stream.read_u8().await.unwrap();
            }
        });
        for round in 1..=5 {
            // Everything that is ready has run before.
            while reads.load(Ordering::SeqCst) < round {
                yield_now().await;
            }
            peer.write_all(&[1]).unwrap();
            for _ in 0..yields {
                give_way(by_budget).await;
            }
            let reads = reads.load(Ordering::SeqCst);
            assert!(reads > round || reader.is_finished(), "{round}, by budget: {by_budget}");
        }
        reader.await.unwrap();
    }

    let _watchdog = watchdog();
    for runtime in runtimes() {
        for by_budget in [false, true] {
            runtime.block_on(runtime.spawn(case(1, by_budget))).unwrap();
        }
    }
    for by_budget in [false, true] {
        // The future of a `block_on` runs before the tasks that the look has woken.
        current_thread().block_on(case(2, by_budget));
        let local = LocalSet::new();
        let in_set = async { spawn_local(case(2, by_budget)).await.unwrap() };
        local.block_on(&current_thread(), in_set);
    }
}

/// A task that yields runs as often as the future of the `block_on` gives way.
#[test]
fn a_task_that_yields_takes_turns_with_the_root() {
    let _watchdog = watchdog();
    for (by_budget, operations) in [(false, 1), (true, 128)] {
        let rounds = Arc::new(AtomicUsize::new(0));
        let count = rounds.clone();
        current_thread().block_on(async {
            minato::spawn(async move {
                loop {
                    count.fetch_add(1, Ordering::SeqCst);
                    yield_now().await;
                }
            });
            yield_now().await;
            assert_eq!(rounds.load(Ordering::SeqCst), 1);
            for _ in 0..operations * 200 {
                if by_budget { consume_budget().await } else { yield_now().await }
            }
        });
        let rounds = rounds.load(Ordering::SeqCst);
        assert!((200..=202).contains(&rounds), "{rounds}");
    }
}

/// It is only who yields that waits for the reactor: a task that wakes itself goes on at once.
#[test]
fn who_only_wakes_itself_waits_for_nobody() {
    let _watchdog = watchdog();
    let order = Arc::new(Mutex::new(Vec::new()));
    let task = |name: char, yields: bool| {
        let order = order.clone();
        async move {
            for _ in 0..3 {
                order.lock().unwrap().push(name);
                if yields {
                    yield_now().await;
                } else {
                    wake_itself().await;
                }
            }
        }
    };
    let runtime = current_thread();
    let (one, two) = (runtime.spawn(task('y', true)), runtime.spawn(task('w', false)));
    runtime.block_on(async {
        one.await.unwrap();
        two.await.unwrap();
    });
    assert_eq!(String::from_iter(&*order.lock().unwrap()), "ywwwyy");
}

/// Tasks that have yielded, and wait for a reactor whose thread is blocked.
#[test]
fn tasks_that_have_yielded_on_a_worker_that_is_blocked() {
    let _watchdog = watchdog();
    let runtime = multi_thread(2);
    for tasks in [1, 2, 7] {
        let (release, released) = mpsc::channel();
        let blocks = async move {
            let yields = (0..tasks).map(|_| {
                let release = release.clone();
                minato::spawn(async move {
                    yield_now().await;
                    yield_now().await;
                    release.send(()).unwrap();
                })
            });
            let yields: Vec<_> = yields.collect();
            // It wakes itself, so that the others run and yield before it goes on.
            wake_itself().await;
            (0..tasks).for_each(|_| released.recv().unwrap());
            yields
        };
        runtime.block_on(async {
            for task in runtime.spawn(blocks).await.unwrap() {
                task.await.unwrap();
            }
        });
    }
}

#[test]
fn yielding_tasks_take_turns() {
    let _watchdog = watchdog();
    for runtime in runtimes() {
        let order: Arc<Mutex<Vec<usize>>> = Arc::default();
        runtime.block_on(async {
            // Both stand in the queue before the first one runs.
            let noted = order.clone();
            let both = minato::spawn(async move {
                let task = |number| {
                    let order = noted.clone();
                    minato::spawn(async move {
                        for _ in 0..4 {
                            order.lock().unwrap().push(number);
                            yield_now().await;
                        }
                    })
                };
                let (one, two) = (task(1), task(2));
                one.await.unwrap();
                two.await.unwrap();
            });
            both.await.unwrap();
        });
        let order = order.lock().unwrap();
        assert_eq!(order.len(), 8);
        for turn in order.chunks(2) {
            assert_ne!(turn[0], turn[1], "{order:?}");
        }
    }
}

/// A task that wakes itself for ever keeps neither tasks nor sockets nor the root from going on.
#[test]
fn a_task_that_always_yields_starves_nobody() {
    let _watchdog = watchdog();
    for runtime in runtimes() {
        let address = standard_echo_server();
        runtime.block_on(async {
            let stop = Arc::new(AtomicBool::new(false));
            let stops = stop.clone();
            let yields = minato::spawn(async move {
                while !stops.load(Ordering::SeqCst) {
                    yield_now().await;
                }
            });
            let mut stream = minato::net::TcpStream::connect(address).await.unwrap();
            ping(&mut stream, 20).await.unwrap();
            minato::spawn(async move { ping(&mut stream, 20).await }).await.unwrap().unwrap();
            stop.store(true, Ordering::SeqCst);
            yields.await.unwrap();
        });
    }
}

#[test]
fn a_root_that_always_yields_starves_nobody() {
    let _watchdog = watchdog();
    for runtime in runtimes() {
        let address = standard_echo_server();
        runtime.block_on(async {
            let task = minato::spawn(async move {
                let mut stream = minato::net::TcpStream::connect(address).await.unwrap();
                ping(&mut stream, 20).await
            });
            while !task.is_finished() {
                yield_now().await;
            }
            task.await.unwrap().unwrap();
        });
    }
}

/// Two tasks that wake each other for ever use the LIFO slot; the queue has its turn all the same.
#[test]
fn two_that_wake_each_other_starve_nobody() {
    let _watchdog = watchdog();
    for runtime in runtimes() {
        runtime.block_on(async {
            let (one_to_two, mut two) = futures::channel::mpsc::unbounded::<()>();
            let (two_to_one, mut one) = futures::channel::mpsc::unbounded::<()>();
            use futures::StreamExt;
            let back = one_to_two.clone();
            let first = minato::spawn(async move {
                while one.next().await.is_some() && back.unbounded_send(()).is_ok() {}
            });
            let second = minato::spawn(async move {
                while two.next().await.is_some() && two_to_one.unbounded_send(()).is_ok() {}
            });
            one_to_two.unbounded_send(()).unwrap();
            let third = minato::spawn(async {
                for _ in 0..100 {
                    yield_now().await;
                }
            });
            third.await.unwrap();
            first.abort();
            second.abort();
        });
    }
}

/// Reads a socket that always has data, in one poll's loop: the budget ends the poll.
#[test]
fn a_socket_that_is_always_ready_cannot_starve_the_others() {
    let _watchdog = watchdog();
    for runtime in runtimes() {
        // Within a task, so that both tasks stand in the worker's own queue.
        let task = runtime.spawn(async {
            let (mut reader, mut writer) = pair().await;
            writer.write_all(&vec![1; 60_000]).await.unwrap();
            let (reads, ran) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let (counted, seen) = (reads.clone(), ran.clone());
            let starving = minato::spawn(async move {
                let mut buf = [0; 1];
                // How many reads fit between two polls of the other task.
                let (mut longest, mut begun, mut last) = (0, 0, 0);
                for _ in 0..20_000 {
                    reader.read_exact(&mut buf).await.unwrap();
                    let now = counted.fetch_add(1, Ordering::SeqCst);
                    let others = seen.load(Ordering::SeqCst);
                    if others != last {
                        (begun, last) = (now, others);
                    }
                    longest = longest.max(now - begun);
                }
                longest
            });
            let other = minato::spawn(async move {
                while reads.load(Ordering::SeqCst) < 20_000 {
                    ran.fetch_add(1, Ordering::SeqCst);
                    yield_now().await;
                }
            });
            let longest = starving.await.unwrap();
            other.await.unwrap();
            // Twice the budget leaves room for the order of the two tasks.
            assert!(longest <= 256, "{longest} reads without a poll of the other task");
        });
        runtime.block_on(task).unwrap();
    }
}

#[test]
fn the_budget_can_be_chosen() {
    let _watchdog = watchdog();
    for (budget, reads) in [(0, 1000), (1, 1), (5, 5), (128, 128)] {
        let runtime = Builder::new_current_thread().budget(budget).build().unwrap();
        let done = runtime.block_on(async {
            let (mut reader, mut writer) = pair().await;
            writer.write_all(&[1; 1000]).await.unwrap();
            // All of it has arrived before the poll that is counted.
            while reader.peek(&mut [0; 1000]).await.unwrap() < 1000 {
                yield_now().await;
            }
            yield_now().await;
            minato::spawn(async move {
                let mut done = 0;
                {
                    let mut all = pin!(async {
                        let mut buf = [0; 1];
                        while done < 1000 {
                            reader.read_exact(&mut buf).await.unwrap();
                            done += 1;
                        }
                    });
                    poll_fn(|cx| {
                        _ = all.as_mut().poll(cx);
                        Poll::Ready(())
                    })
                    .await;
                }
                done
            })
            .await
            .unwrap()
        });
        assert_eq!(done, reads, "with a budget of {budget}");
    }
}

/// A foreign block_on within a task keeps polling within our one poll: its budget comes back.
#[test]
fn a_foreign_block_on_within_a_task_is_not_stopped_by_the_budget() {
    let _watchdog = watchdog();
    for runtime in runtimes() {
        let address = standard_echo_server();
        runtime.block_on(async move {
            let task = minato::spawn(async move {
                pollster::block_on(async move {
                    let mut stream = minato::net::TcpStream::connect(address).await.unwrap();
                    ping(&mut stream, 300).await.unwrap();
                });
            });
            task.await.unwrap();
        });
    }
}

/// Spawning far more tasks than any queue's first size loses none.
#[test]
fn a_flood_of_tasks_all_run() {
    let _watchdog = watchdog();
    for runtime in [current_thread(), multi_thread(1), multi_thread(3)] {
        let count = Arc::new(AtomicUsize::new(0));
        for _ in 0..3 {
            let count = count.clone();
            runtime.spawn(async move {
                for _ in 0..3_000 {
                    let count = count.clone();
                    drop(minato::spawn(async move {
                        yield_now().await;
                        count.fetch_add(1, Ordering::SeqCst);
                    }));
                }
            });
        }
        runtime.wait_idle();
        assert_eq!(count.load(Ordering::SeqCst), 9_000);
    }
}
