//! Counts threads: making sockets starts none, the first wait outside every runtime starts one.
//!
//! One test, in a program of its own, since every other test would start threads of its own.

mod kit;

use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use kit::{current_thread, echo, multi_thread, pair, ping, thread_names};
use minato::io::AsyncReadExt;
use minato::net::{TcpListener, TcpSocket, UdpSocket, UnixDatagram, UnixListener, UnixStream};

/// The threads named so, once there are `count` of them in all: one that has just started or ended
/// takes a moment to be seen as such.
#[track_caller]
fn expect(count: usize, name: &str, named: usize) {
    for _ in 0..2_000 {
        if are_there(count, name, named) {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("expected {count} threads, {named} of them {name}; there are {:?}", thread_names());
}

fn are_there(count: usize, name: &str, named: usize) -> bool {
    let names = thread_names();
    names.len() == count && names.iter().filter(|other| *other == name).count() == named
}

#[test]
fn threads_start_when_something_waits_and_not_before() {
    let before = thread_names().len();

    pollster::block_on(what_never_waits());
    expect(before, "minato-reactor", 0);
    runtimes(before);
    let after = hidden_threads(before);
    the_canary_starts_one_more_and_is_counted(after);
}

/// One thread more than expected, under the name of one of ours.
fn the_canary_starts_one_more_and_is_counted(before: usize) {
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let waits = move || ended.recv().is_err();
    let canary = thread::Builder::new().name("minato-reactor".into()).spawn(waits).unwrap();
    expect(before + 1, "minato-reactor", 2);
    assert!(!are_there(before, "minato-reactor", 1));
    drop(end);
    canary.join().unwrap();
}

/// Making sockets, and whatever succeeds at once.
async fn what_never_waits() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = std::net::TcpStream::connect(address).unwrap();
    let (mut accepted, _) = listener.accept().await.unwrap();
    std::io::Write::write_all(&mut &client, b"here").unwrap();
    let mut buf = [0; 4];
    accepted.read_exact(&mut buf).await.unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    udp.send_to(b"x", other.local_addr().unwrap()).await.unwrap();
    other.recv_from(&mut buf).await.unwrap();
    TcpSocket::new_v4().unwrap();
    UnixStream::pair().unwrap();
    UnixDatagram::pair().unwrap();
    let folder = tempfile::tempdir().unwrap();
    UnixListener::bind(folder.path().join("socket")).unwrap();
    drop(minato::time::sleep(Duration::from_secs(1)));
    minato::time::sleep(Duration::ZERO).await;
}

fn runtimes(before: usize) {
    // A current-thread runtime is the thread that calls it.
    current_thread().block_on(async {
        let (mut one, other) = pair().await;
        let server = minato::spawn(echo(other));
        ping(&mut one, 3).await.unwrap();
        minato::time::sleep(Duration::from_millis(1)).await;
        drop(one);
        server.await.unwrap().unwrap();
    });
    expect(before, "minato-reactor", 0);

    // A multi-thread one has its workers, and its tasks need nothing else.
    let runtime = multi_thread(2);
    runtime
        .block_on(runtime.spawn(async {
            let (mut one, other) = pair().await;
            let server = minato::spawn(echo(other));
            ping(&mut one, 3).await.unwrap();
            minato::time::sleep(Duration::from_millis(1)).await;
            drop(one);
            server.await.unwrap().unwrap();
        }))
        .unwrap();
    expect(before + 2, "minato-worker", 2);
    drop(runtime);
    expect(before, "minato-worker", 0);
}

fn hidden_threads(before: usize) -> usize {
    // The first wait outside starts one thread, and all later ones use it.
    let listeners: Vec<_> =
        (0..20).map(|_| pollster::block_on(TcpListener::bind("127.0.0.1:0")).unwrap()).collect();
    let mut cx = Context::from_waker(Waker::noop());
    for listener in &listeners {
        assert!(pin!(listener.accept()).poll(&mut cx).is_pending());
    }
    expect(before + 1, "minato-reactor", 1);
    pollster::block_on(async {
        minato::time::sleep(Duration::from_millis(1)).await;
        let (mut one, other) = pair().await;
        let echoed = async { echo(other).await.unwrap() };
        futures::join!(echoed, async move { ping(&mut one, 3).await.unwrap() });
    });
    expect(before + 1, "minato-reactor", 1);

    // Looking names up outside every runtime starts one thread, and no runtime.
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let open = descriptors();
    drop(pollster::block_on(minato::net::lookup_host("localhost:80")).unwrap());
    expect(before + 2, "minato-resolver", 1);
    assert_eq!(descriptors(), open);

    // The first task outside starts the default runtime.
    pollster::block_on(minato::spawn(async {})).unwrap();
    let workers = thread::available_parallelism().unwrap().get();
    expect(before + 2 + workers, "minato-default", workers);
    before + 2 + workers
}
