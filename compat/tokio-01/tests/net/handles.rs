//! Reactors that are named, turned by hand, run in the background, and gone.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures::{Async, Future, Stream, future};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::reactor::{Handle, Reactor};

use crate::kit::{loopback, tcp_and_std};

fn listener(handle: &Handle) -> TcpListener {
    let listener = std::net::TcpListener::bind(loopback()).unwrap();
    TcpListener::from_std(listener, handle).unwrap()
}

#[test]
fn a_socket_whose_reactor_is_gone_fails_and_does_not_hang() {
    let reactor = Reactor::new().unwrap();
    let listener = listener(&reactor.handle());
    drop(reactor);
    assert!(listener.incoming().wait().next().unwrap().is_err());
}

#[test]
fn dropping_a_reactor_notifies_whoever_waits() {
    let reactor = Reactor::new().unwrap();
    let mut listener = listener(&reactor.handle());
    let (waiting, waits) = mpsc::channel();
    let waiter = thread::spawn(move || {
        let accepting = future::poll_fn(|| {
            let polled = listener.poll_accept();
            if let Ok(Async::NotReady) = polled {
                waiting.send(()).unwrap();
            }
            polled
        });
        accepting.wait().map(drop)
    });
    waits.recv().unwrap();
    drop(reactor);
    assert!(waiter.join().unwrap().is_err());
}

#[test]
fn a_reactor_can_be_turned_by_hand() {
    let mut reactor = Reactor::new().unwrap();
    assert!(reactor.is_idle());
    let listener = listener(&reactor.handle());
    let address = listener.local_addr().unwrap();
    let (accepted, is_accepted) = mpsc::channel();
    let waiter = thread::spawn(move || {
        let accepting = listener.incoming().into_future().map_err(|(error, _)| error);
        let (socket, incoming) = accepting.wait().unwrap();
        accepted.send(()).unwrap();
        drop(incoming);
        socket.unwrap().peer_addr().unwrap()
    });
    let client = std::net::TcpStream::connect(address).unwrap();
    while is_accepted.try_recv() == Err(mpsc::TryRecvError::Empty) {
        reactor.turn(Some(Duration::from_millis(5))).unwrap();
    }
    assert_eq!(waiter.join().unwrap(), client.local_addr().unwrap());
    assert!(reactor.is_idle());
}

/// As in tokio 0.1: only the listener belongs to the reactor that it was given.
#[test]
fn connections_of_a_listener_with_a_handle_find_their_own_reactor() {
    let background = Reactor::new().unwrap().background().unwrap();
    let mut tcp = listener(background.handle());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("harbour");
    let unix = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let unix = UnixListener::from_std(unix, background.handle()).unwrap();

    let client = std::net::TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
    let (server, _) = future::poll_fn(|| tcp.poll_accept()).wait().unwrap();
    let unix_client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    let (unix_server, _) = future::poll_fn(|| unix.poll_accept()).wait().unwrap();
    drop(background);

    // They have to wait, since nothing comes before they have been polled once.
    let mut ends = tokio::io::read_to_end(server, Vec::new())
        .join(tokio::io::read_to_end(unix_server, Vec::new()));
    future::lazy(|| {
        assert!(ends.poll()?.is_not_ready());
        drop((client, unix_client));
        Ok::<_, tokio::io::Error>(())
    })
    .wait()
    .unwrap();
    let ((_, tcp_bytes), (_, unix_bytes)) = ends.wait().unwrap();
    assert_eq!((tcp_bytes, unix_bytes), (vec![], vec![]));
    assert!(future::poll_fn(|| tcp.poll_accept()).wait().is_err(), "the listener's has ended");
}

#[test]
fn a_reactor_in_the_background_ends_when_it_is_idle() {
    let background = Reactor::new().unwrap().background().unwrap();
    let (client, server) = tcp_and_std();
    drop(client);
    let server = TcpStream::from_std(server, background.handle()).unwrap();
    let (server, _) = tokio::io::read_to_end(server, Vec::new()).wait().unwrap();
    let mut ended = background.shutdown_on_idle();
    drop(server);
    future::poll_fn(|| ended.poll()).wait().unwrap();

    let background = Reactor::new().unwrap().background().unwrap();
    let (one, _two) = UnixStream::pair().unwrap();
    let waits = thread::spawn(move || {
        let mut one = one;
        future::poll_fn(|| tokio::io::AsyncRead::poll_read(&mut one, &mut [0])).wait()
    });
    background.shutdown_now().wait().unwrap();
    drop(_two);
    assert_eq!(waits.join().unwrap().unwrap(), 0, "it was on another reactor");
    Reactor::new().unwrap().background().unwrap().forget();
}

/// A socket without a handle outlives the runtime whose reactor it found.
#[test]
fn a_socket_finds_another_reactor_when_its_own_has_ended() {
    let (client, mut server) = tcp_and_std();
    let runtime = minato::runtime::Builder::new_current_thread().build().unwrap();
    let mut reading = tokio::bridge::to_std(tokio::io::read_exact(client, [0; 4]));
    runtime.block_on(async {
        let polled = std::future::poll_fn(|cx| {
            let polled = std::future::Future::poll(std::pin::Pin::new(&mut reading), cx);
            std::task::Poll::Ready(polled.is_pending())
        });
        assert!(polled.await);
    });
    drop(runtime);
    std::io::Write::write_all(&mut server, b"ahoy").unwrap();
    let (_, buf) = pollster::block_on(reading).unwrap();
    assert_eq!(&buf, b"ahoy");
}

#[test]
#[allow(deprecated, reason = "it is still there")]
fn the_current_handle_is_the_default_one() {
    assert_eq!(format!("{:?}", Handle::current()), format!("{:?}", Handle::default()));
    let reactor = Reactor::new().unwrap();
    assert_ne!(format!("{:?}", reactor.handle()), format!("{:?}", Handle::default()));
}
