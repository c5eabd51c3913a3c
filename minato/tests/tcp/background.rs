//! The hidden reactor and those that replace it: each test in a process of its own, since there is
//! one per process.

use std::future::Future;
use std::io::ErrorKind;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use minato::io::AsyncWriteExt;
use minato::net::{TcpListener, TcpStream};
use minato::reactor::Reactor;

use crate::kit::child::{in_child, own_name};
use crate::kit::counting::{Counting, poll_once};
use crate::kit::{foreign, net};

/// The names of this process's threads.
fn threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm"));
    tasks.filter_map(|task| name(task.unwrap()).ok()).map(|name| name.trim().to_owned()).collect()
}

fn reactor_threads() -> usize {
    threads().iter().filter(|name| *name == "minato-reactor").count()
}

/// Waits until there are `count` of the reactors' threads: one names itself after it has started,
/// and its entry goes away a moment after it has been joined.
fn wait_for_reactor_threads(count: usize) {
    while reactor_threads() != count {
        std::thread::yield_now();
    }
}

/// An exchange in which both ends have to wait.
async fn exchange() {
    let (mut client, mut server) = net::pair().await;
    assert!(futures::poll!(std::pin::pin!(server.readable())).is_pending());
    client.write_all(b"exchange").await.unwrap();
    assert_eq!(net::read_all(&mut server, 8).await, b"exchange");
}

#[test]
fn the_hidden_thread_starts_at_the_first_wait() {
    in_child(own_name!(the_hidden_thread_starts_at_the_first_wait), || {
        let before = threads().len();
        let listener = pollster::block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = pollster::block_on(listener.accept()).unwrap();
        assert_eq!(server.try_write(b"x").unwrap(), 1);
        assert_eq!(threads().len(), before, "sockets that never wait started {:?}", threads());
        drop(peer);
        pollster::block_on(exchange());
        wait_for_reactor_threads(1);
    });
}

/// A fallback that its owner turns serves sockets and timers of other threads, and says how long
/// it may be left alone.
#[test]
fn a_fallback_turned_by_hand() {
    in_child(own_name!(a_fallback_turned_by_hand), || {
        let mut reactor = Reactor::new().unwrap();
        reactor.set_fallback().unwrap();
        let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (is_done, handle) = (done.clone(), reactor.handle());
        let other = std::thread::spawn(move || {
            pollster::block_on(async {
                exchange().await;
                minato::time::sleep(Duration::from_millis(20)).await;
            });
            is_done.store(true, std::sync::atomic::Ordering::SeqCst);
            handle.unpark();
        });
        let mut had_deadline = false;
        while !done.load(std::sync::atomic::Ordering::SeqCst) {
            reactor.turn(None).unwrap();
            had_deadline |= reactor.next_deadline().is_some();
        }
        other.join().unwrap();
        assert!(had_deadline, "the sleep was not seen");
        assert_eq!(reactor_threads(), 0, "{:?}", threads());
        assert!(reactor.is_idle());
    });
}

#[test]
fn a_fallback_of_ones_own() {
    in_child(own_name!(a_fallback_of_ones_own), || {
        let reactor = Reactor::new().unwrap();
        reactor.set_fallback().unwrap();
        let second = Reactor::new().unwrap();
        let refused = second.set_fallback().unwrap_err();
        assert!(refused.to_string().contains("fallback"), "{refused}");
        let background = reactor.background().unwrap();
        pollster::block_on(exchange());
        wait_for_reactor_threads(1);
        drop(background);
        wait_for_reactor_threads(0);
        // Its place is free again, and so the hidden one starts.
        pollster::block_on(exchange());
        wait_for_reactor_threads(1);
    });
}

#[test]
fn a_fallback_comes_too_late_after_the_first_wait() {
    in_child(own_name!(a_fallback_comes_too_late_after_the_first_wait), || {
        pollster::block_on(exchange());
        Reactor::new().unwrap().set_fallback().unwrap_err();
    });
}

#[test]
fn a_background_reactor_shut_down_now() {
    in_child(own_name!(a_background_reactor_shut_down_now), || {
        let background = Reactor::new().unwrap().background().unwrap();
        let handle = background.handle().clone();
        let listener = pollster::block_on(TcpListener::bind_on(&handle, "127.0.0.1:0")).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        let waiting = std::thread::spawn(move || {
            sender.send(()).unwrap();
            pollster::block_on(listener.accept()).map(drop)
        });
        receiver.recv().unwrap();
        std::thread::sleep(Duration::from_millis(5));
        pollster::block_on(background.shutdown_now());
        let error = waiting.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Other);
        assert!(error.to_string().contains("shut down"), "{error}");
    });
}

#[test]
fn a_background_reactor_shut_down_on_idle() {
    in_child(own_name!(a_background_reactor_shut_down_on_idle), || {
        let background = Reactor::new().unwrap().background().unwrap();
        let handle = background.handle().clone();
        let (mut client, mut server) = pollster::block_on(async {
            let listener = TcpListener::bind_on(&handle, "127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let connecting = TcpStream::connect_on(&handle, address);
            let (client, accepted) = futures::join!(connecting, listener.accept());
            (client.unwrap(), accepted.unwrap().0)
        });
        let mut ended = Box::pin(background.shutdown_on_idle());
        // It serves on for as long as there is somebody to serve.
        pollster::block_on(async {
            for _ in 0..10 {
                assert!(futures::poll!(&mut ended).is_pending());
                let reading = async { net::read_all(&mut server, 2).await };
                let writing = async {
                    minato::task::yield_now().await;
                    client.write_all(b"on").await.unwrap();
                };
                assert_eq!(futures::join!(reading, writing).0, b"on");
            }
        });
        drop((client, server));
        pollster::block_on(ended);
    });
}

#[test]
fn a_forgotten_background_reactor_runs_on() {
    in_child(own_name!(a_forgotten_background_reactor_runs_on), || {
        let reactor = Reactor::new().unwrap();
        reactor.set_fallback().unwrap();
        reactor.background().unwrap().forget();
        for _ in 0..3 {
            pollster::block_on(exchange());
        }
        wait_for_reactor_threads(1);
    });
}

#[test]
fn a_dropped_background_reactor_joins_its_thread() {
    in_child(own_name!(a_dropped_background_reactor_joins_its_thread), || {
        for _ in 0..10 {
            let background = Reactor::new().unwrap().background().unwrap();
            wait_for_reactor_threads(1);
            drop(background);
            wait_for_reactor_threads(0);
        }
    });
}

#[test]
fn the_end_of_a_background_reactor_wakes_the_last_waker_and_keeps_no_other() {
    let name = own_name!(the_end_of_a_background_reactor_wakes_the_last_waker_and_keeps_no_other);
    in_child(name, || {
        let background = Reactor::new().unwrap().background().unwrap();
        let handle = background.handle().clone();
        // What is registered keeps it from its end for now.
        let listener = pollster::block_on(TcpListener::bind_on(&handle, "127.0.0.1:0")).unwrap();
        let mut accepts = Box::pin(listener.accept());
        assert!(poll_once(&mut accepts).is_pending());
        let mut ended = Box::pin(background.shutdown_on_idle());
        let panicking = foreign::panicking();
        assert!(ended.as_mut().poll(&mut Context::from_waker(&panicking)).is_pending());
        for _ in 0..100 {
            let (count, waker) = Counting::new();
            assert!(ended.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            drop(waker);
            // The test's own, and the one that is kept until the next.
            assert_eq!(Arc::strong_count(&count), 2);
        }
        let ending = std::thread::spawn(move || pollster::block_on(ended));
        drop(accepts);
        drop(listener);
        ending.join().unwrap();
    });
}
