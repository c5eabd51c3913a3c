//! Which threads there are, and when they start. One test, alone in its process.
//!
//! Threads are counted in `/proc`; elsewhere there is nothing to see.

#![cfg(target_os = "linux")]

use futures::{Async, Future, Stream, future};
use tokio::bridge::to_std;
use tokio::io::{self, AsyncRead};
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use tokio::reactor::{Handle, Reactor};

/// The names of the threads of this process.
fn threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let name = |task: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(task.ok()?.path().join("comm")).ok()
    };
    tasks.filter_map(name).map(|name| name.trim().to_owned()).collect()
}

#[test]
fn the_background_thread_starts_with_the_first_wait_and_there_is_one() {
    let before = threads().len();
    let loopback = "127.0.0.1:0".parse().unwrap();

    // Sockets, handles and futures start nothing.
    let listener = TcpListener::bind(&loopback).unwrap();
    let udp = UdpSocket::bind(&loopback).unwrap();
    let connecting = TcpStream::connect(&listener.local_addr().unwrap());
    let mut reactor = Reactor::new().unwrap();
    reactor.turn(Some(std::time::Duration::ZERO)).unwrap();
    let (mut unix, _peer) = UnixStream::pair().unwrap();
    assert_eq!(threads().len(), before);

    // Nor does what need not wait.
    let to = udp.local_addr().unwrap();
    let (udp, _) = udp.send_dgram(b"ahoy", &to).wait().unwrap();
    let (_, _, len, _) = udp.recv_dgram([0; 8]).wait().unwrap();
    assert_eq!((len, threads().len()), (4, before));

    // A runtime of Minato, and sockets of this crate on it: the thread turns its own reactor.
    let runtime = minato::runtime::Builder::new_current_thread().build().unwrap();
    let echo = TcpListener::bind(&loopback).unwrap();
    let address = echo.local_addr().unwrap();
    let serving = echo.incoming().take(1).for_each(|socket| {
        let (reader, writer) = socket.split();
        io::copy(reader, writer).map(drop)
    });
    let asking = TcpStream::connect(&address)
        .and_then(|socket| io::write_all(socket, b"ahoy"))
        .and_then(|(socket, _)| io::read_exact(socket, [0; 4]))
        .map(drop);
    let (served, asked) = (runtime.spawn(to_std(serving)), runtime.spawn(to_std(asking)));
    runtime.block_on(async {
        asked.await.unwrap().unwrap();
        served.await.unwrap().unwrap();
    });
    assert_eq!(threads().len(), before, "each task's own waker is the one that waits");

    // The first wait outside starts the thread, even if it waits in vain.
    let waited = future::lazy(|| unix.poll_read(&mut [0]));
    assert_eq!(waited.wait().unwrap(), Async::NotReady);
    assert_eq!(threads().len(), before + 1);
    // A thread names itself, a moment after it was started.
    let start = std::time::Instant::now();
    while !threads().iter().any(|name| name == "minato-reactor") {
        assert!(start.elapsed().as_secs() < 30, "{:?}", threads());
        std::thread::yield_now();
    }

    // No other wait starts another.
    let client = connecting.wait().unwrap();
    let server = listener.incoming().wait().next().unwrap().unwrap();
    let reading = std::thread::spawn(|| io::read_exact(server, [0; 4]).wait().unwrap().1);
    io::write_all(client, b"ahoy").wait().unwrap();
    assert_eq!(&reading.join().unwrap(), b"ahoy");
    assert_eq!(threads().len(), before + 1);

    // It is too late for another one to take its place.
    let error = reactor.set_fallback().unwrap_err();
    assert_eq!(error.to_string(), "attempted to set fallback reactor while already configured");
    drop(Handle::default());
}
