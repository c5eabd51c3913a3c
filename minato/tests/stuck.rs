//! No socket and no timer hangs because nobody turns its reactor.

mod kit;

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::TcpStream;
use minato::runtime::Runtime;
use minato::time::{Sleep, sleep};

use kit::{current_thread, echo, multi_thread, pair, ping, standard_echo_server, watchdog};

fn runtimes() -> [Runtime; 3] {
    [current_thread(), multi_thread(1), multi_thread(2)]
}

/// Connections to `address` that have waited on a core of `runtime` and are bound to it.
fn bound(runtime: &Runtime, address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let connecting = async move {
        let mut streams = Vec::new();
        for _ in 0..count {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let mut byte = [0; 1];
            assert!(futures::poll!(pin!(stream.read(&mut byte))).is_pending());
            ping(&mut stream, 2).await.unwrap();
            streams.push(stream);
        }
        streams
    };
    runtime.block_on(runtime.spawn(connecting)).unwrap()
}

/// A sleep that waits in the wheel of a core of `runtime`.
#[allow(clippy::async_yields_async, reason = "a sleep is what it is to give")]
fn waiting_sleep(runtime: &Runtime, time: Duration) -> std::pin::Pin<Box<Sleep>> {
    let begun = async move {
        let mut sleep = Box::pin(sleep(time));
        assert!(futures::poll!(&mut sleep).is_pending());
        sleep
    };
    runtime.block_on(runtime.spawn(begun)).unwrap()
}

/// Tasks that keep every worker of the runtime blocked until the senders are dropped.
fn block_all_workers(runtime: &Runtime) -> Vec<mpsc::Sender<()>> {
    let (begun, has_begun) = mpsc::channel();
    (0..runtime.handle().core_count())
        .map(|_| {
            let (release, released) = mpsc::channel::<()>();
            let begun = begun.clone();
            runtime.spawn(async move {
                begun.send(()).unwrap();
                _ = released.recv();
            });
            has_begun.recv().unwrap();
            release
        })
        .collect()
}

#[test]
fn sockets_after_block_on_has_returned() {
    let _watchdog = watchdog();
    let address = standard_echo_server();
    for runtime in runtimes() {
        for mut stream in bound(&runtime, address, 4) {
            pollster::block_on(ping(&mut stream, 20)).unwrap();
        }
        // Also when it is used again in between.
        let mut streams = bound(&runtime, address, 2);
        runtime.block_on(ping(&mut streams[0], 5)).unwrap();
        pollster::block_on(ping(&mut streams[1], 5)).unwrap();
        runtime.block_on(ping(&mut streams[1], 5)).unwrap();
        pollster::block_on(ping(&mut streams[0], 5)).unwrap();
    }
}

/// A wait that began while the core was held goes on when its holder has left.
#[test]
fn sockets_that_wait_while_block_on_returns() {
    let _watchdog = watchdog();
    for runtime in runtimes() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (mut stream, mut peer) = runtime.block_on(async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let mut byte = [0; 1];
            assert!(futures::poll!(pin!(stream.read(&mut byte))).is_pending());
            (stream, listener.accept().unwrap().0)
        });
        let (begun, has_begun) = futures::channel::oneshot::channel();
        let (leave, left) = futures::channel::oneshot::channel();
        let waiting = thread::spawn(move || {
            pollster::block_on(async {
                let mut byte = [0; 1];
                {
                    let mut read = pin!(stream.read(&mut byte));
                    assert!(futures::poll!(&mut read).is_pending());
                    begun.send(()).unwrap();
                    read.await.unwrap();
                }
                byte[0]
            })
        });
        thread::scope(|scope| {
            let runtime = &runtime;
            scope.spawn(move || {
                runtime.block_on(async {
                    has_begun.await.unwrap();
                    left.await.unwrap();
                });
            });
            leave.send(()).unwrap();
        });
        peer.write_all(b"!").unwrap();
        assert_eq!(waiting.join().unwrap(), b'!');
    }
}

#[test]
fn timers_after_block_on_has_returned() {
    let _watchdog = watchdog();
    for runtime in runtimes() {
        let long = waiting_sleep(&runtime, Duration::from_millis(40));
        let short = waiting_sleep(&runtime, Duration::from_millis(10));
        let longer = thread::spawn(move || pollster::block_on(long));
        pollster::block_on(short);
        longer.join().unwrap();
        // A deadline that comes nearer while somebody looks after the core.
        let mut moved = waiting_sleep(&runtime, Duration::from_secs(3600));
        assert!(moved.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        moved.as_mut().reset(minato::time::Instant::now() + Duration::from_millis(5));
        pollster::block_on(moved);
    }
}

/// A thread that has entered the runtime, and nobody who runs it.
#[test]
fn within_an_enter_guard() {
    let _watchdog = watchdog();
    let address = standard_echo_server();
    for runtime in runtimes() {
        let _guard = runtime.enter();
        pollster::block_on(async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            ping(&mut stream, 10).await.unwrap();
            sleep(Duration::from_millis(5)).await;
            futures::join!(
                sleep(Duration::from_millis(20)),
                sleep(Duration::from_millis(10)),
                async { ping(&mut stream, 5).await.unwrap() },
            );
        });
    }
}

/// `pollster::block_on` in a task keeps the task's worker from turning.
#[test]
fn sockets_under_a_foreign_blocking_wait() {
    let _watchdog = watchdog();
    let address = standard_echo_server();
    for runtime in runtimes() {
        let mut streams = bound(&runtime, address, 2);
        let task = runtime.spawn(async move {
            for stream in &mut streams {
                pollster::block_on(ping(stream, 20)).unwrap();
            }
            // Also one that binds only now.
            pollster::block_on(async {
                let mut stream = TcpStream::connect(address).await.unwrap();
                ping(&mut stream, 20).await.unwrap();
            });
        });
        runtime.block_on(task).unwrap();
        // And in the root future itself.
        runtime.block_on(async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            ping(&mut stream, 2).await.unwrap();
            pollster::block_on(ping(&mut stream, 20)).unwrap();
        });
    }
}

#[test]
fn timers_under_a_foreign_blocking_wait() {
    let _watchdog = watchdog();
    for runtime in runtimes() {
        let begun = waiting_sleep(&runtime, Duration::from_millis(20));
        let task = runtime.spawn(async move {
            pollster::block_on(sleep(Duration::from_millis(5)));
            pollster::block_on(begun);
        });
        runtime.block_on(task).unwrap();
        runtime.block_on(async { pollster::block_on(sleep(Duration::from_millis(5))) });
    }
}

/// Plain threads wait on sockets and timers of a runtime all of whose workers are blocked.
#[test]
fn plain_threads_with_every_worker_blocked() {
    let _watchdog = watchdog();
    let address = standard_echo_server();
    for workers in [1, 2, 3] {
        let runtime = multi_thread(workers);
        let streams = bound(&runtime, address, 6);
        let begun = waiting_sleep(&runtime, Duration::from_millis(30));
        let blocked = block_all_workers(&runtime);
        let threads: Vec<_> = streams
            .into_iter()
            .map(|mut stream| {
                thread::spawn(move || pollster::block_on(ping(&mut stream, 20)).unwrap())
            })
            .collect();
        pollster::block_on(begun);
        for thread in threads {
            thread.join().unwrap();
        }
        drop(blocked);
        runtime.wait_idle();
    }
}

/// So does the thread in `block_on`, which is no worker.
#[test]
fn block_on_with_every_worker_blocked() {
    let _watchdog = watchdog();
    let address = standard_echo_server();
    for workers in [1, 2] {
        let runtime = multi_thread(workers);
        let mut streams = bound(&runtime, address, 4);
        let blocked = block_all_workers(&runtime);
        runtime.block_on(async {
            for stream in &mut streams {
                ping(stream, 10).await.unwrap();
            }
            let mut fresh = TcpStream::connect(address).await.unwrap();
            ping(&mut fresh, 10).await.unwrap();
            sleep(Duration::from_millis(5)).await;
        });
        drop(blocked);
        runtime.wait_idle();
    }
}

/// A task of another runtime waits on a socket whose own runtime nobody runs, or is stuck.
#[test]
fn tasks_of_another_runtime() {
    let _watchdog = watchdog();
    let address = standard_echo_server();
    for owner in runtimes() {
        for other in runtimes() {
            let mut streams = bound(&owner, address, 2);
            let blocked = match owner.handle().core_count() {
                1 => Vec::new(),
                _ => block_all_workers(&owner),
            };
            other
                .block_on(other.spawn(async move {
                    for stream in &mut streams {
                        ping(stream, 5).await.unwrap();
                    }
                }))
                .unwrap();
            drop(blocked);
            owner.wait_idle();
        }
    }
}

/// A task blocks its worker on a channel that is fed only when connections bound to that very
/// worker have done a thousand echoes.
#[test]
fn a_task_blocks_its_worker_on_what_the_workers_sockets_must_bring() {
    let _watchdog = watchdog();
    for busy in [false, true] {
        let runtime = multi_thread(2);
        // Both ends of these connections are served by tasks, all begun on one worker.
        let (feed, fed) = mpsc::channel();
        let task = runtime.spawn(async move {
            let mut drivers = Vec::new();
            for _ in 0..10 {
                let (mut one, other) = pair().await;
                minato::spawn(echo(other));
                // Its first wait binds it to the core of this worker.
                let mut byte = [0; 1];
                assert!(futures::poll!(pin!(one.read(&mut byte))).is_pending());
                let feed = feed.clone();
                drivers.push(async move {
                    for _ in 0..100 {
                        ping(&mut one, 1).await.unwrap();
                        feed.send(()).unwrap();
                    }
                });
            }
            if busy {
                // The other worker is never idle.
                minato::spawn(async {
                    loop {
                        minato::task::yield_now().await;
                    }
                });
            }
            for driver in drivers {
                minato::spawn(driver);
            }
            for _ in 0..1_000 {
                fed.recv().unwrap();
            }
        });
        pollster::block_on(task).unwrap();
    }
}

/// The same when everything has been asleep for so long that nobody looks any more.
#[test]
fn a_task_blocks_its_worker_after_a_long_silence() {
    let _watchdog = watchdog();
    let address = standard_echo_server();
    for workers in [2, 3] {
        let runtime = Arc::new(multi_thread(workers));
        for _ in 0..3 {
            let mut streams = bound(&runtime, address, 4);
            // By then the standby worker and the monitor sleep.
            thread::sleep(Duration::from_millis(1300));
            let (begun, has_begun) = futures::channel::oneshot::channel::<()>();
            let (feed, fed) = mpsc::channel();
            let task = runtime.spawn(async move {
                let mut first = streams.pop().unwrap();
                ping(&mut first, 1).await.unwrap();
                for mut stream in streams {
                    let feed = feed.clone();
                    minato::spawn(async move {
                        ping(&mut stream, 20).await.unwrap();
                        feed.send(()).unwrap();
                    });
                }
                begun.send(()).unwrap();
                drop(feed);
                assert_eq!(fed.iter().count(), 3);
            });
            pollster::block_on(has_begun).unwrap();
            pollster::block_on(task).unwrap();
        }
    }
}

/// The standby worker does not expect to be woken by a turn that a timer ends: it looks by itself.
#[test]
fn a_task_blocks_its_worker_right_after_its_timer() {
    let _watchdog = watchdog();
    let address = standard_echo_server();
    let runtime = multi_thread(2);
    for pause in [1, 2, 5, 30, 60] {
        let mut streams = bound(&runtime, address, 2);
        let task = runtime.spawn(async move {
            for _ in 0..3 {
                sleep(Duration::from_millis(pause)).await;
                let (feed, fed) = mpsc::channel();
                let mut stream = streams.pop().unwrap();
                drop(minato::spawn(async move {
                    ping(&mut stream, 3).await.unwrap();
                    feed.send(stream).unwrap();
                }));
                streams.push(fed.recv().unwrap());
            }
        });
        runtime.block_on(task).unwrap();
    }
}

/// The same for the monitor: the thread in `block_on` blocks on what a plain thread must get.
#[test]
fn block_on_blocks_right_after_its_timer() {
    let _watchdog = watchdog();
    let address = standard_echo_server();
    let runtime = current_thread();
    let mut stream = bound(&runtime, address, 1).pop().unwrap();
    pollster::block_on(ping(&mut stream, 1)).unwrap();
    for pause in [1, 2, 5, 30, 60] {
        stream = runtime.block_on(async move {
            sleep(Duration::from_millis(pause)).await;
            thread::spawn(move || {
                pollster::block_on(ping(&mut stream, 3)).unwrap();
                stream
            })
            .join()
            .unwrap()
        });
    }
}

/// The monitor sleeps while nothing turns, and wakes with the next turn.
#[test]
fn a_plain_thread_after_a_long_silence() {
    let _watchdog = watchdog();
    let address = standard_echo_server();
    for runtime in runtimes() {
        let mut streams = bound(&runtime, address, 2);
        pollster::block_on(ping(&mut streams[0], 2)).unwrap();
        thread::sleep(Duration::from_millis(1300));
        pollster::block_on(ping(&mut streams[0], 5)).unwrap();
        let blocked = match runtime.handle().core_count() {
            _ if runtime.block_on(async { false }) => Vec::new(),
            _ if is_multi_thread(&runtime) => block_all_workers(&runtime),
            _ => Vec::new(),
        };
        pollster::block_on(ping(&mut streams[1], 5)).unwrap();
        drop(blocked);
        runtime.wait_idle();
    }
}

fn is_multi_thread(runtime: &Runtime) -> bool {
    let here = thread::current().id();
    runtime.block_on(runtime.spawn(async move { thread::current().id() != here })).unwrap()
}

/// A worker that watches a sibling's reactor hands its own core over: what it had begun to watch
/// is watched by its successor.
#[test]
fn a_standby_worker_that_blocks_in_place_passes_its_watch_on() {
    let _watchdog = watchdog();
    let runtime = multi_thread(2);
    let (feed, fed) = mpsc::channel();
    let task = runtime.spawn(async move {
        let mut streams = Vec::new();
        for _ in 0..8 {
            let (one, other) = pair().await;
            minato::spawn(echo(other));
            streams.push(one);
        }
        for mut one in streams {
            let feed = feed.clone();
            minato::spawn(async move {
                for _ in 0..20 {
                    ping(&mut one, 1).await.unwrap();
                    minato::task::block_in_place(thread::yield_now);
                }
                feed.send(()).unwrap();
            });
        }
        for _ in 0..8 {
            fed.recv().unwrap();
        }
    });
    pollster::block_on(task).unwrap();
}

/// More than a thousand events at once on a core that nobody holds.
#[test]
fn more_events_than_one_wait_reports() {
    let _watchdog = watchdog();
    let runtime = current_thread();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    runtime.block_on(async {
        for _ in 0..1_200 {
            let (one, other) = std::os::unix::net::UnixStream::pair().unwrap();
            one.set_nonblocking(true).unwrap();
            let mut one = minato::net::UnixStream::from_std(one).unwrap();
            let mut byte = [0; 1];
            assert!(futures::poll!(pin!(one.read(&mut byte))).is_pending());
            ours.push(one);
            theirs.push(other);
        }
    });
    let all = thread::spawn(move || {
        pollster::block_on(futures::future::join_all(ours.iter_mut().map(|one| async {
            let mut byte = [0; 1];
            one.read_exact(&mut byte).await.unwrap();
            one.write_all(&byte).await.unwrap();
        })));
        ours
    });
    for other in &mut theirs {
        other.write_all(b"!").unwrap();
    }
    drop(all.join().unwrap());
    for other in &mut theirs {
        other.read_exact(&mut [0; 1]).unwrap();
    }
}
