//! What concerns the whole process: hidden threads, forks, signals, thread-local destructors. Each
//! in a process of its own.

use std::cell::RefCell;
use std::future::Future;
use std::os::fd::{AsRawFd, FromRawFd};
use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

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

/// Puts `/dev/null` in the place of every event queue of this process: waiting fails from now on.
fn break_event_queues() {
    let null = std::fs::File::open("/dev/null").unwrap();
    for entry in std::fs::read_dir("/proc/self/fd").unwrap().flatten() {
        let link = std::fs::read_link(entry.path()).unwrap_or_default();
        if link.to_str().is_some_and(|link| link.contains("eventpoll")) {
            let number = entry.file_name().to_str().unwrap().parse().unwrap();
            // SAFETY: both are descriptors of this process, and nobody but the kernel follows what
            // the second is.
            assert!(unsafe { libc::dup2(null.as_raw_fd(), number) } >= 0);
        }
    }
}

/// Runs `body`, and returns what was written to the standard error stream meanwhile.
fn standard_error_of(body: impl FnOnce()) -> String {
    // SAFETY: the name is a C string. The result is checked, and a descriptor of ours alone.
    let file = unsafe {
        let number = libc::memfd_create(c"stderr".as_ptr(), 0);
        assert!(number >= 0);
        std::fs::File::from_raw_fd(number)
    };
    // SAFETY: both are descriptors of this process.
    let (before, replaced) = unsafe { (libc::dup(2), libc::dup2(file.as_raw_fd(), 2)) };
    assert!(replaced >= 0);
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
    // SAFETY: as above.
    assert!(unsafe { libc::dup2(before, 2) } >= 0);
    let mut bytes = vec![0; file.metadata().unwrap().len() as usize];
    std::os::unix::fs::FileExt::read_exact_at(&file, &mut bytes, 0).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(result.is_ok(), "{text}");
    text
}

/// The descriptor of an event queue was closed by the program, or its place taken.
#[test]
fn a_worker_whose_event_queue_fails_says_so_once_and_goes_on() {
    fails_and_goes_on("process::a_worker_whose_event_queue_fails_says_so_once_and_goes_on", 1);
}

#[test]
fn workers_whose_event_queues_fail_say_so_once_each_and_go_on() {
    fails_and_goes_on("process::workers_whose_event_queues_fail_say_so_once_each_and_go_on", 2);
}

/// In a process of its own, whose background reactor starts after the event queues were broken.
fn fails_and_goes_on(name: &str, workers: usize) {
    in_child(name, || {
        let runtime = multi_thread(workers);
        runtime
            .block_on(runtime.spawn(async {
                let (_one, mut other) = pair().await;
                drop(minato::spawn(async move { other.read(&mut [0; 1]).await }));
            }))
            .unwrap();
        let told = standard_error_of(|| {
            break_event_queues();
            for _ in 0..20 {
                runtime.block_on(runtime.spawn(minato::task::yield_now())).unwrap();
                // Waits with timers and sockets go on elsewhere.
                let waits = async {
                    minato::time::sleep(Duration::from_millis(5)).await;
                    exchange_in_a_task().await;
                };
                runtime.block_on(runtime.spawn(waits)).unwrap();
            }
        });
        let lines = told.matches("cannot wait").count();
        assert!(1 <= lines && lines <= workers, "{lines} times:\n{told}");
    });
}

/// A background reactor ends when its event queue fails, says so once, and the next wait starts
/// another one.
#[test]
fn a_background_reactor_whose_event_queue_fails_says_so_once_and_is_replaced() {
    let name = "process::a_background_reactor_whose_event_queue_fails_says_so_once_and_is_replaced";
    in_child(name, || {
        let wait = || pollster::block_on(minato::time::sleep(Duration::from_millis(5)));
        wait();
        let told = standard_error_of(|| {
            break_event_queues();
            (0..20).for_each(|_| wait());
        });
        assert_eq!(told.matches("cannot wait").count(), 1, "{told}");
    });
}

async fn exchange_in_a_task() {
    let (mut one, other) = pair().await;
    let echoed = async { echo(other).await.unwrap() };
    futures::join!(echoed, async move { ping(&mut one, 1).await.unwrap() });
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
