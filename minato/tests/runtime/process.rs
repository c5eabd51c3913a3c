//! What concerns the whole process: hidden threads, forks, signals, thread-local destructors. Each
//! in a process of its own.

use std::cell::RefCell;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::thread;

use minato::io::AsyncReadExt;
use minato::net::{TcpListener, TcpStream};
use minato::runtime::{Handle, forbid_implicit};

use crate::kit::{
    current_thread, echo, in_child, in_child_with, multi_thread, pair, ping, standard_echo_server,
    thread_names, watchdog,
};

fn check_forbidden() {
    let before = thread_names().len();
    let address = standard_echo_server();
    // Making sockets needs nothing; waiting does.
    let error = pollster::block_on(async {
        let mut stream = TcpStream::connect(address).await?;
        stream.read(&mut [0; 1]).await
    })
    .unwrap_err();
    assert!(error.to_string().contains("hidden threads are forbidden"), "{error}");
    let panic = thread::spawn(|| drop(minato::spawn(async {}))).join().unwrap_err();
    let text = panic.downcast::<String>().unwrap();
    assert!(text.contains("hidden threads are forbidden"), "{text}");
    assert!(text.contains("process.rs"), "it names the call: {text}");
    let panic = thread::spawn(|| drop(Handle::current())).join().unwrap_err();
    let text = panic.downcast::<String>().unwrap();
    assert!(text.contains("process.rs"), "it names the call: {text}");
    let error = Handle::current_or_default().unwrap_err();
    assert!(error.to_string().contains("process.rs"), "it names the call: {error}");
    // Within a runtime all is as ever, whatever the waiting future looks like.
    for runtime in [current_thread(), multi_thread(2)] {
        runtime.block_on(async {
            let task = minato::spawn(async {
                use futures::stream::{FuturesUnordered, StreamExt};
                let both: FuturesUnordered<_> = (0..2)
                    .map(|_| async {
                        let (mut one, other) = pair().await;
                        let server = minato::spawn(echo(other));
                        ping(&mut one, 3).await.unwrap();
                        drop(one);
                        server.await.unwrap().unwrap();
                    })
                    .collect();
                both.collect::<Vec<_>>().await;
            });
            task.await.unwrap();
            let mut stream = TcpStream::connect(address).await.unwrap();
            ping(&mut stream, 3).await.unwrap();
        });
    }
    assert!(!thread_names().iter().any(|name| name.starts_with("minato")), "{:?}", thread_names());
    // The server's threads are all there is.
    assert!(thread_names().len() <= before + 5, "{:?}", thread_names());
}

#[test]
fn hidden_threads_can_be_forbidden() {
    in_child("process::hidden_threads_can_be_forbidden", || {
        forbid_implicit();
        check_forbidden();
    });
}

#[test]
fn hidden_threads_can_be_forbidden_from_outside() {
    in_child_with(
        "process::hidden_threads_can_be_forbidden_from_outside",
        |command| _ = command.env("MINATO_FORBID_IMPLICIT", "1"),
        check_forbidden,
    );
}

/// The mask of blocked signals of each thread named so.
fn blocked_signals(name: &str) -> Vec<u64> {
    let mut masks = Vec::new();
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        let field = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            line.trim().to_owned()
        };
        if field("Name:") == name {
            masks.push(u64::from_str_radix(&field("SigBlk:"), 16).unwrap());
        }
    }
    masks
}

#[test]
fn the_background_thread_blocks_all_signals() {
    in_child("process::the_background_thread_blocks_all_signals", || {
        let (mut one, _other) = pollster::block_on(pair());
        let mut buf = [0; 1];
        let mut reads = pin!(one.read(&mut buf));
        assert!(reads.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let masks = loop {
            // The thread gives itself its name, a moment after it has started.
            let masks = blocked_signals("minato-reactor");
            if !masks.is_empty() {
                break masks;
            }
            thread::yield_now();
        };
        assert_eq!(masks.len(), 1);
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGCHLD, libc::SIGUSR1, libc::SIGALRM] {
            assert_ne!(masks[0] & (1 << (signal - 1)), 0, "signal {signal} is not blocked");
        }
        // The one who started it has its own mask back.
        assert_eq!(blocked_signals("process::the_ba").first().copied().unwrap_or(0), 0);
    });
}

/// Runs `body` in a forked child of this process, whose other threads are gone there; true if it
/// came to its end.
fn forked(body: impl FnOnce()) -> bool {
    // SAFETY: the child runs only the calling thread, and leaves by `_exit`. Glibc keeps its
    // allocator usable after a fork of a program with threads.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).is_ok();
        // SAFETY: ends the child without running the destructors of the parent's threads.
        unsafe { libc::_exit(if done { 7 } else { 8 }) };
    }
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
    in_child("process::after_a_fork_the_child_gets_a_fresh_background_reactor", || {
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
    in_child("process::after_a_fork_the_default_runtime_is_a_fresh_one", || {
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
    in_child("process::after_a_fork_the_parents_sockets_live_on", || {
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
    in_child("process::after_a_fork_the_parents_runtimes_are_errors", || {
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
                assert!(text.contains("fork") && text.contains("process.rs"), "{text}");
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

/// An exchange on a fresh connection, which binds to the background reactor. No thread of std's
/// starts or ends for it: at such a moment std holds locks of its own, which a fork would leave.
fn exchange() {
    pollster::block_on(async {
        let (mut one, other) = pair().await;
        let echoed = async { echo(other).await.unwrap() };
        futures::join!(echoed, async move { ping(&mut one, 1).await.unwrap() });
    });
}

/// A thread forks while others are in the middle of using the background reactor.
#[test]
fn a_fork_at_any_moment_leaves_no_lock_behind() {
    in_child("process::a_fork_at_any_moment_leaves_no_lock_behind", || {
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

/// Uses sockets in the destructor of a thread-local, after the library's own may be gone.
struct UsesSockets(std::net::SocketAddr);

impl Drop for UsesSockets {
    fn drop(&mut self) {
        pollster::block_on(async {
            let mut stream = TcpStream::connect(self.0).await.unwrap();
            ping(&mut stream, 2).await.unwrap();
        });
        let runtime = current_thread();
        runtime.block_on(async {
            let mut stream = TcpStream::connect(self.0).await.unwrap();
            ping(&mut stream, 2).await.unwrap();
            let task = minato::spawn(async { 3 });
            assert_eq!(task.await.unwrap(), 3);
        });
    }
}

thread_local! {
    static EARLY: RefCell<Option<UsesSockets>> = const { RefCell::new(None) };
    static LATE: RefCell<Option<UsesSockets>> = const { RefCell::new(None) };
}

#[test]
fn destructors_of_thread_locals_may_use_sockets() {
    let _watchdog = watchdog();
    let address = standard_echo_server();
    thread::spawn(move || {
        EARLY.with(|early| *early.borrow_mut() = Some(UsesSockets(address)));
        // The library's own thread-local is made in between.
        pollster::block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            assert!(futures::poll!(pin!(listener.accept())).is_pending());
        });
        current_thread().block_on(async {});
        LATE.with(|late| *late.borrow_mut() = Some(UsesSockets(address)));
    })
    .join()
    .unwrap();
}
