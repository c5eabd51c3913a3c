//! The reactor on a background thread: started lazily, by default, and replaceable.

use std::fs;
use std::task::{Context, Waker};
use std::thread;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream, UdpSocket};
use minato::reactor::Reactor;
use minato::runtime::Builder;

use crate::kit::child::{in_child, own_name};
use crate::kit::counting::Counting;
use crate::kit::{net, tally};

/// The names of this process's threads; `None` where they cannot be had.
fn threads() -> Option<Vec<String>> {
    let tasks = fs::read_dir("/proc/self/task").ok()?;
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    Some(names.map(|name| name.trim().to_owned()).collect())
}

/// How many background reactors run in this process.
fn background_threads() -> usize {
    let names = threads().unwrap_or_default();
    names.iter().filter(|name| *name == "minato-reactor").count()
}

fn lists_threads(name: &str) -> bool {
    let lists = threads().is_some();
    if !lists {
        tally::skipped_because(name, "this system has no list of threads");
    }
    lists
}

/// An exchange in which each side has to wait for the other.
async fn exchange() {
    let (mut client, mut server) = net::pair().await;
    let serving = async {
        let byte = server.read_u8().await.unwrap();
        server.write_all(&[byte + 1]).await.unwrap();
    };
    let asking = async {
        client.write_all(&[41]).await.unwrap();
        client.read_u8().await.unwrap()
    };
    assert_eq!(futures::join!(serving, asking).1, 42);
}

#[test]
fn the_background_thread_starts_with_the_first_wait() {
    let name = own_name!(the_background_thread_starts_with_the_first_wait);
    if !lists_threads(&name) {
        return;
    }
    in_child(name, || {
        let before = threads().unwrap().len();
        let listener = pollster::block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let socket = pollster::block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
        let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut stream = pollster::block_on(listener.accept()).unwrap().0;
        // What need not wait starts nothing.
        pollster::block_on(stream.write_all(b"at once")).unwrap();
        pollster::block_on(socket.send_to(b"at once", socket.local_addr().unwrap())).unwrap();
        assert_eq!(pollster::block_on(socket.recv(&mut [0; 16])).unwrap(), 7);
        assert_eq!(threads().unwrap().len(), before);

        let reader = thread::spawn(move || pollster::block_on(stream.read(&mut [0; 8])));
        while background_threads() == 0 {
            thread::yield_now();
        }
        drop(peer);
        // 0 for the end of the stream, or a reset, since the peer did not read what it was sent.
        _ = reader.join().unwrap();
        pollster::block_on(exchange());
        assert_eq!(background_threads(), 1, "one is enough for all");
    });
}

#[test]
fn within_a_runtime_no_background_thread_is_needed() {
    let name = own_name!(within_a_runtime_no_background_thread_is_needed);
    if !lists_threads(&name) {
        return;
    }
    in_child(name, || {
        Builder::new_current_thread().build().unwrap().block_on(exchange());
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        runtime.block_on(runtime.spawn(exchange())).unwrap();
        assert_eq!(background_threads(), 0);
    });
}

#[test]
fn a_program_may_turn_a_reactor_itself() {
    let mut reactor = Reactor::new().unwrap();
    let handle = reactor.handle();
    let listener = pollster::block_on(TcpListener::bind_on(&handle, "127.0.0.1:0")).unwrap();
    let (count, waker) = Counting::new();
    assert!(reactor.is_idle());
    assert!(listener.poll_accept(&mut Context::from_waker(&waker)).is_pending());
    assert!(!reactor.is_idle());
    let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    assert_eq!(count.count(), 0, "nobody else turns it");
    while count.count() == 0 {
        reactor.turn(None).unwrap();
    }
    assert!(listener.poll_accept(&mut Context::from_waker(Waker::noop())).is_ready());
    drop(peer);
}

#[test]
fn a_program_may_put_its_own_in_the_background_ones_place() {
    let name = own_name!(a_program_may_put_its_own_in_the_background_ones_place);
    in_child(name, || {
        let mut reactor = Reactor::new().unwrap();
        reactor.set_fallback().unwrap();
        assert!(Reactor::new().unwrap().set_fallback().is_err(), "the first one stays");
        let handle = reactor.handle();
        let done = std::sync::atomic::AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::SeqCst) {
                    reactor.turn(None).unwrap();
                }
            });
            pollster::block_on(exchange());
            done.store(true, std::sync::atomic::Ordering::SeqCst);
            handle.unpark();
        });
        assert_eq!(background_threads(), 0);
    });
}

#[test]
fn one_connection_may_be_used_on_several_threads_and_runtimes() {
    let (mut client, mut server) = pollster::block_on(net::pair());
    // First waits bind both ends outside every runtime; they go on wherever they are polled.
    pollster::block_on(async {
        let reading = server.read_u8();
        let writing = async { TcpStream::write_all(&mut client, b"a").await.unwrap() };
        assert_eq!(futures::join!(reading, writing).0.unwrap(), b'a');
    });
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let reading = runtime.spawn(async move { server.read_u8().await.unwrap() });
    Builder::new_current_thread().build().unwrap().block_on(client.write_all(b"b")).unwrap();
    assert_eq!(pollster::block_on(reading).unwrap(), b'b');
}
