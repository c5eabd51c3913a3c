//! What a fork leaves to the child: nothing of the parent's reactors and runtimes, and no lock.
//! Each test in a process of its own.

use std::future::Future;
use std::os::fd::AsRawFd;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use minato::io::AsyncReadExt;
use minato::net::{TcpListener, TcpStream};
use minato::reactor::Reactor;

use crate::kit::counting::Counting;
use crate::kit::{current_thread, echo, in_child, multi_thread, pair, ping};

/// Runs `body` in a forked child of this process, whose other threads are gone there; true if it
/// came to its end.
pub(crate) fn forked(body: impl FnOnce()) -> bool {
    // SAFETY: the child runs only the calling thread, and leaves by `_exit`. Glibc keeps its
    // allocator usable after a fork of a program with threads.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).is_ok();
        // SAFETY: ends the child without running the destructors of the parent's threads.
        unsafe { libc::_exit(if done { 7 } else { 8 }) };
    }
    ended_well(child)
}

/// Waits for a forked child; true if it came to its end.
fn ended_well(child: libc::pid_t) -> bool {
    let mut status = 0;
    for _ in 0..3_000 {
        // SAFETY: `child` is a child of ours that was not waited for yet; the pointer is to a
        // live local.
        if unsafe { libc::waitpid(child, &mut status, libc::WNOHANG) } == child {
            return libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 7;
        }
        thread::sleep(std::time::Duration::from_millis(10));
    }
    // SAFETY: the child is ours and still runs.
    unsafe { libc::kill(child, libc::SIGKILL) };
    panic!("the forked child hangs");
}

#[test]
fn after_a_fork_the_child_gets_a_fresh_background_reactor() {
    in_child("forks::after_a_fork_the_child_gets_a_fresh_background_reactor", || {
        let (mut one, other) = pollster::block_on(pair());
        let server = thread::spawn(move || pollster::block_on(echo(other)));
        pollster::block_on(ping(&mut one, 3)).unwrap();
        assert!(forked(|| {
            let (mut one, other) = pollster::block_on(pair());
            let server = thread::spawn(move || pollster::block_on(echo(other)));
            pollster::block_on(ping(&mut one, 3)).unwrap();
            drop(one);
            server.join().unwrap().unwrap();
            assert_eq!(pollster::block_on(minato::spawn(async { 4 })).unwrap(), 4);
        }));
        pollster::block_on(ping(&mut one, 3)).unwrap();
        drop(one);
        server.join().unwrap().unwrap();
    });
}

#[test]
fn after_a_fork_the_default_runtime_is_a_fresh_one() {
    in_child("forks::after_a_fork_the_default_runtime_is_a_fresh_one", || {
        assert_eq!(pollster::block_on(minato::spawn(async { 3 })).unwrap(), 3);
        assert!(forked(|| {
            assert_eq!(pollster::block_on(minato::spawn(async { 4 })).unwrap(), 4);
        }));
        assert_eq!(pollster::block_on(minato::spawn(async { 5 })).unwrap(), 5);
    });
}

/// What the child does with the parent's sockets does not reach into the parent's reactor.
#[test]
fn after_a_fork_the_parents_sockets_live_on() {
    in_child("forks::after_a_fork_the_parents_sockets_live_on", || {
        use std::os::fd::AsFd;
        let (mut one, other) = pollster::block_on(pair());
        // Lent, so that it is deregistered when it is dropped.
        let _ = other.as_fd();
        let runtime = current_thread();
        let (mut inside, inside_other) = runtime.block_on(pair());
        let _ = inside.as_fd();
        runtime.block_on(async {
            let mut byte = [0; 1];
            assert!(futures::poll!(pin!(inside.read(&mut byte))).is_pending());
        });
        let mut other = Some(other);
        {
            let mut byte = [0; 1];
            let mut reads = pin!(other.as_mut().unwrap().read(&mut byte));
            assert!(reads.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        let mut inside = Some(inside);
        assert!(forked(|| {
            drop(other.take());
            // Waits anew, on a reactor of the child's.
            let mut inside = inside.take().unwrap();
            let mut byte = [0; 1];
            let mut reads = pin!(inside.read(&mut byte));
            assert!(reads.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }));
        let other = other.take().unwrap();
        let server = thread::spawn(move || pollster::block_on(echo(other)));
        pollster::block_on(ping(&mut one, 3)).unwrap();
        drop(one);
        server.join().unwrap().unwrap();
        let mut inside = inside.take().unwrap();
        runtime.block_on(async move {
            let server = minato::spawn(echo(inside_other));
            ping(&mut inside, 3).await.unwrap();
            drop(inside);
            server.await.unwrap().unwrap();
        });
    });
}

/// The parent's runtimes have no threads in the child: nothing there waits for them.
#[test]
fn after_a_fork_the_parents_runtimes_are_errors() {
    in_child("forks::after_a_fork_the_parents_runtimes_are_errors", || {
        let mut runtimes = vec![current_thread(), multi_thread(2)];
        for runtime in &runtimes {
            runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
        }
        let task = runtimes[1].spawn(std::future::pending::<()>());
        assert!(forked(|| {
            for runtime in &runtimes {
                let error = pollster::block_on(runtime.spawn(async {})).unwrap_err();
                assert!(error.to_string().contains("fork"), "{error}");
                let error = pollster::block_on(runtime.spawn_blocking(|| ())).unwrap_err();
                assert!(error.to_string().contains("fork"), "{error}");
                let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    runtime.block_on(async {});
                }))
                .unwrap_err();
                let text = panic.downcast_ref::<String>().unwrap();
                assert!(text.contains("fork") && text.contains("forks.rs"), "{text}");
            }
            runtimes.clear();
            // Runtimes of the child's own work.
            for runtime in [current_thread(), multi_thread(2)] {
                runtime.block_on(async {
                    let (mut one, other) = pair().await;
                    let server = minato::spawn(echo(other));
                    ping(&mut one, 3).await.unwrap();
                    drop(one);
                    server.await.unwrap().unwrap();
                });
            }
        }));
        assert!(!task.is_finished());
        for runtime in &runtimes {
            assert_eq!(runtime.block_on(runtime.spawn(async { 3 })).unwrap(), 3);
        }
    });
}

/// Whether the descriptor of a reactor is readable.
fn is_readable(reactor: &Reactor) -> bool {
    let mut entry = libc::pollfd { fd: reactor.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry, which lives through the call.
    let ready = unsafe { libc::poll(&mut entry, 1, 0) };
    assert!(ready >= 0, "{}", std::io::Error::last_os_error());
    ready == 1
}

/// The event queue of a reactor is one for parent and child: an event that the child took would be
/// missing in the parent.
#[test]
fn after_a_fork_the_child_neither_turns_nor_unparks_the_parents_reactor() {
    in_child("forks::after_a_fork_the_child_neither_turns_nor_unparks_the_parents_reactor", || {
        let mut reactor = Some(Reactor::new().unwrap());
        let handle = reactor.as_ref().unwrap().handle();
        let listener = pollster::block_on(TcpListener::bind_on(&handle, "127.0.0.1:0")).unwrap();
        let (count, waker) = Counting::new();
        let mut accepts = pin!(listener.accept());
        assert!(accepts.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        reactor.as_mut().unwrap().turn(Some(Duration::ZERO)).unwrap();
        assert!(forked(|| {
            handle.unpark();
            assert!(!is_readable(reactor.as_ref().unwrap()));
        }));
        assert!(!is_readable(reactor.as_ref().unwrap()), "the child unparked the parent's reactor");

        let _peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(forked(|| {
            let mut reactor = reactor.take().unwrap();
            assert!(reactor.is_idle());
            for timeout in [Some(Duration::ZERO), None] {
                let error = reactor.turn(timeout).unwrap_err();
                assert!(error.to_string().contains("forked"), "{error}");
            }
            let error = reactor.background().unwrap_err();
            assert!(error.to_string().contains("forked"), "{error}");
        }));
        assert!(is_readable(reactor.as_ref().unwrap()), "the child took the parent's event");
        while count.count() == 0 {
            reactor.as_mut().unwrap().turn(None).unwrap();
        }
    });
}

#[test]
fn after_a_fork_background_reactors_of_the_parent_end_at_once_and_live_on_there() {
    let name =
        "forks::after_a_fork_background_reactors_of_the_parent_end_at_once_and_live_on_there";
    in_child(name, || {
        let background = || Some(Reactor::new().unwrap().background().unwrap());
        let (mut now, mut idle, mut dropped) = (background(), background(), background());
        let (mut begun, mut forgotten) = (background(), background());
        let handles: Vec<_> = [&now, &idle, &dropped, &forgotten]
            .map(|background| background.as_ref().unwrap().handle().clone())
            .into();
        let mut ending = begun.take().unwrap().shutdown_on_idle();
        assert!(forked(|| {
            pollster::block_on(now.take().unwrap().shutdown_now());
            pollster::block_on(idle.take().unwrap().shutdown_on_idle());
            pollster::block_on(&mut ending);
            drop(dropped.take());
            forgotten.take().unwrap().forget();
        }));
        pollster::block_on(ending);
        for handle in &handles {
            pollster::block_on(async {
                let listener = TcpListener::bind_on(handle, "127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                let connecting = TcpStream::connect_on(handle, address);
                let (client, accepted) = futures::join!(connecting, listener.accept());
                drop((client.unwrap(), accepted.unwrap()));
            });
        }
        for background in [now, idle, dropped, forgotten] {
            pollster::block_on(background.unwrap().shutdown_now());
        }
    });
}

/// The child goes on in the middle of the parent's `block_on`, and holds copies of its tasks.
#[test]
fn after_a_fork_a_block_on_that_was_under_way_panics_in_the_child() {
    in_child("forks::after_a_fork_a_block_on_that_was_under_way_panics_in_the_child", || {
        for runtime in [current_thread(), multi_thread(2)] {
            let (sender, receiver) = futures::channel::oneshot::channel();
            let task = runtime.spawn(async { receiver.await.unwrap() });
            let mut sender = Some(sender);
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                runtime.block_on(async {
                    // SAFETY: as in `forked`.
                    let child = unsafe { libc::fork() };
                    if child == 0 {
                        sender.take().unwrap().send(3).unwrap();
                        minato::task::yield_now().await;
                        std::future::pending::<()>().await;
                    }
                    child
                })
            }));
            match result {
                Ok(child) => assert!(ended_well(child), "the child's block_on goes on"),
                Err(panic) => {
                    let text = panic.downcast_ref::<String>();
                    let is_told = text.is_some_and(|text| text.contains("fork"));
                    // SAFETY: ends the child, which this is.
                    unsafe { libc::_exit(if is_told { 7 } else { 8 }) };
                }
            }
            sender.take().unwrap().send(4).unwrap();
            assert_eq!(runtime.block_on(task).unwrap(), 4);
        }
    });
}

async fn exchange_here() {
    let (mut one, other) = pair().await;
    let echoed = async { echo(other).await.unwrap() };
    futures::join!(echoed, async move { ping(&mut one, 1).await.unwrap() });
}

/// An exchange on a fresh connection, which binds to the background reactor. No thread of std's
/// starts or ends for it: at such a moment std holds locks of its own, which a fork would leave.
fn exchange() {
    pollster::block_on(exchange_here());
}

/// A thread forks while others are in the middle of using the background reactor.
#[test]
fn a_fork_at_any_moment_leaves_no_lock_behind() {
    in_child("forks::a_fork_at_any_moment_leaves_no_lock_behind", || {
        let stop = Arc::new(AtomicBool::new(false));
        let busy: Vec<_> = (0..2)
            .map(|_| {
                let stop = stop.clone();
                thread::spawn(move || {
                    exchange();
                    while !stop.load(Ordering::SeqCst) {
                        exchange();
                    }
                })
            })
            .collect();
        exchange();
        for _ in 0..30 {
            assert!(forked(exchange));
        }
        stop.store(true, Ordering::SeqCst);
        for busy in busy {
            busy.join().unwrap();
        }
    });
}
