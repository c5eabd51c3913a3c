//! Reactors: turned by hand, given by handle, ended under their sockets.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd};
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use minato::engine::Engine;
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpSocket, TcpStream};
use minato::reactor::{Handle, Reactor};
use minato::runtime::Builder;
use minato::sim::World;

use crate::kit::counting::{Counting, unpark_here};
use crate::kit::{At, cases, net, outcome_text, watchdog};

cases! {
    a_wait_on_a_reactor_that_ended_is_an_error [Descriptors];
    a_reactor_that_ends_wakes_its_waiters [Descriptors];
    what_needs_no_wait_works_after_the_end [Descriptors];
}

/// Polls `future` on this thread, and turns `reactor` in between.
fn turn_until<F: Future>(reactor: &mut Reactor, future: F) -> F::Output {
    let mut future = pin!(future);
    let (count, waker) = Counting::new();
    let mut cx = Context::from_waker(&waker);
    let mut seen = usize::MAX;
    loop {
        if count.count() != seen {
            seen = count.count();
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
        }
        if count.count() == seen {
            reactor.turn(None).unwrap();
        }
    }
}

/// A connection whose both ends belong to the reactor of `handle`.
async fn pair_on(handle: &Handle) -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind_on(handle, "127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, accepted) =
        futures::join!(TcpStream::connect_on(handle, address), listener.accept());
    (client.unwrap(), accepted.unwrap().0)
}

async fn echo_on(handle: &Handle) {
    let (mut client, mut server) = pair_on(handle).await;
    let serving = async {
        let bytes = net::read_all(&mut server, 4).await;
        server.write_all(&bytes).await.unwrap();
    };
    let driving = async {
        client.write_all(b"hand").await.unwrap();
        assert_eq!(net::read_all(&mut client, 4).await, b"hand");
    };
    futures::join!(driving, serving);
}

#[test]
fn a_reactor_turned_by_hand() {
    let _watched = watchdog::watch("a_reactor_turned_by_hand".into());
    let mut reactor = Reactor::new().unwrap();
    assert!(reactor.is_idle());
    assert_eq!(reactor.next_deadline(), None);
    let handle = reactor.handle();
    turn_until(&mut reactor, echo_on(&handle));
    assert!(reactor.is_idle(), "a closed socket stayed");
}

#[test]
fn a_simulated_reactor_turned_by_hand() {
    let _watched = watchdog::watch("a_simulated_reactor_turned_by_hand".into());
    for deferring in [false, true] {
        let world = World::new(3);
        let mut engine = Engine::sim(world.host("hand"));
        if deferring {
            engine = engine.deferring_sends();
        }
        let mut reactor = Reactor::with_engine(engine).unwrap();
        let handle = reactor.handle();
        turn_until(&mut reactor, echo_on(&handle));
        assert!(reactor.is_idle());
        assert_eq!(world.open_sockets(), 0, "{}", world.netstat());
    }
}

/// Waits until `reactor`'s descriptor is readable, as a foreign event loop does.
fn poll_descriptor(reactor: &Reactor, timeout: Duration) -> bool {
    let mut entry =
        libc::pollfd { fd: reactor.as_fd().as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry, which lives through the call.
    let ready = unsafe { libc::poll(&mut entry, 1, timeout.as_millis() as i32) };
    assert!(ready >= 0, "{}", io::Error::last_os_error());
    ready == 1
}

#[test]
fn a_reactor_embedded_by_its_descriptor() {
    let _watched = watchdog::watch("a_reactor_embedded_by_its_descriptor".into());
    let mut reactor = Reactor::new().unwrap();
    let handle = reactor.handle();
    let (count, waker) = Counting::new();
    let mut cx = Context::from_waker(&waker);
    let mut seen = usize::MAX;
    let mut echo = pin!(echo_on(&handle));
    loop {
        if count.count() != seen {
            seen = count.count();
            if echo.as_mut().poll(&mut cx).is_ready() {
                break;
            }
        }
        if count.count() == seen {
            assert!(poll_descriptor(&reactor, Duration::from_secs(30)), "nothing to be turned for");
            reactor.turn(Some(Duration::ZERO)).unwrap();
        }
    }
    reactor.turn(Some(Duration::ZERO)).unwrap();
    assert!(!poll_descriptor(&reactor, Duration::ZERO), "readable with nothing to do");
}

/// Whoever watches the descriptor hears every unpark, however the reactor is turned in between.
#[test]
fn every_unpark_shows_at_the_descriptor() {
    let mut reactor = Reactor::new().unwrap();
    for round in 0..5 {
        assert!(!poll_descriptor(&reactor, Duration::ZERO), "round {round}");
        reactor.handle().unpark();
        assert!(poll_descriptor(&reactor, Duration::from_secs(30)), "round {round}");
        let timeout = if round % 2 == 0 { Some(Duration::ZERO) } else { None };
        reactor.turn(timeout).unwrap();
    }
}

#[test]
fn an_unpark_before_the_turn_ends_it() {
    let _watched = watchdog::watch("an_unpark_before_the_turn_ends_it".into());
    let mut reactor = Reactor::new().unwrap();
    reactor.handle().unpark();
    reactor.turn(None).unwrap();
    let handle = reactor.handle();
    let unparking = std::thread::spawn(move || handle.unpark());
    reactor.turn(None).unwrap();
    unparking.join().unwrap();
}

/// A pending read of a socket that belongs to `handle`.
fn pending_read(mut server: TcpStream) -> Pin<Box<dyn Future<Output = io::Result<usize>> + Send>> {
    Box::pin(async move { server.read(&mut [0; 4]).await })
}

fn assert_ended<T: std::fmt::Debug>(result: io::Result<T>) {
    let error = result.expect_err("the wait was not refused");
    let text = error.to_string();
    assert!(text.contains("reactor") && text.contains("shut down"), "{text}");
    assert_eq!(error.kind(), ErrorKind::Other, "{}", outcome_text::<()>(&Err(error)));
}

async fn a_wait_on_a_reactor_that_ended_is_an_error(_: At) {
    let mut reactor = Reactor::new().unwrap();
    let handle = reactor.handle();
    let (client, server) = turn_until(&mut reactor, async { pair_on(&handle).await });
    drop(reactor);
    assert_ended(server.readable().await);
    assert_ended(server.peek(&mut [0; 4]).await);
    assert_ended(pending_read(server).await);
    // A connect would have to wait as well.
    let listener = net::listener().await;
    let refused = TcpStream::connect_on(&handle, listener.local_addr().unwrap()).await;
    assert_ended(refused);
    let socket = TcpSocket::new_v4_on(&handle).unwrap();
    assert_ended(socket.connect(listener.local_addr().unwrap()).await);
    assert_ended(TcpListener::bind_on(&handle, "127.0.0.1:0").await.unwrap().accept().await);
    drop(client);
}

async fn a_reactor_that_ends_wakes_its_waiters(at: At) {
    let mut reactor = Reactor::new().unwrap();
    let handle = reactor.handle();
    let (client, server) = turn_until(&mut reactor, async { pair_on(&handle).await });
    let mut waiting: Vec<_> = vec![at.beside(pending_read(server))];
    let client = Arc::new(client);
    for _ in 0..3 {
        let client = client.clone();
        waiting.push(at.beside(async move { client.peek(&mut [0; 4]).await }));
    }
    at.deliver().await;
    drop(reactor);
    for waiter in waiting {
        // One of them ends by the other end's close instead, if that comes first.
        match waiter.await {
            Ok(read) => assert_eq!(read, 0),
            error => assert_ended(error),
        }
    }
}

async fn what_needs_no_wait_works_after_the_end(at: At) {
    let mut reactor = Reactor::new().unwrap();
    let handle = reactor.handle();
    let (mut client, mut server) = turn_until(&mut reactor, async { pair_on(&handle).await });
    // Both have waited, so that their readiness is known, and known to be none.
    assert!(futures::poll!(pin!(server.read(&mut [0; 4]))).is_pending());
    let mut left = net::fill(&client);
    drop(reactor);
    assert_ended(client.write(b"no room").await);
    let mut all = vec![0; 64 * 1024];
    while left > 0 {
        let most = all.len().min(left);
        match server.read(&mut all[..most]).await {
            Ok(read) => left -= read,
            error => {
                assert_ended(error);
                at.deliver().await;
            }
        }
    }
    client.write_all(b"no wait").await.unwrap();
    at.deliver().await;
    assert_eq!(net::read_all(&mut server, 7).await, b"no wait");
    // Nor is anything lost for who goes on by other means.
    client.write_all(b"std").await.unwrap();
    let mut standard = server.into_std().unwrap();
    standard.set_nonblocking(false).unwrap();
    let mut rest = [0; 3];
    io::Read::read_exact(&mut standard, &mut rest).unwrap();
    assert_eq!(&rest, b"std");
}

#[test]
fn a_simulated_socket_whose_runtime_ended_says_so() {
    let world = World::new(5);
    let build = || {
        let engine = Engine::sim(world.host("one"));
        Builder::new_current_thread().engine(engine).build().unwrap()
    };
    let runtime = build();
    let listener = runtime.block_on(net::listener());
    let mut server = runtime.block_on(async {
        let (client, mut server) = net::pair_with(&listener).await;
        let mut buf = [0; 4];
        assert!(futures::poll!(std::pin::pin!(server.read(&mut buf))).is_pending());
        drop(client);
        server
    });
    drop(runtime);
    assert_ended(pollster::block_on(listener.accept()).map(drop));
    let read = pollster::block_on(server.read(&mut [0; 4]));
    assert!(read.is_err() || read.is_ok_and(|read| read == 0));
    drop((listener, server));
    assert_eq!(world.open_sockets(), 0, "{}", world.netstat());
}

static LISTENER: OnceLock<TcpListener> = OnceLock::new();

/// A static socket outlives the runtime that first polled it: it binds anew in the next.
#[test]
fn a_static_socket_works_in_the_next_runtime() {
    let _watched = watchdog::watch("a_static_socket_works_in_the_next_runtime".into());
    let builders = [Builder::new_current_thread, Builder::new_multi_thread];
    let client = OnceLock::new();
    let server = OnceLock::new();
    for round in 0..6 {
        let runtime = builders[round % 2]().worker_threads(2).build().unwrap();
        runtime.block_on(async {
            let listener = match LISTENER.get() {
                Some(listener) => listener,
                None => {
                    let listener = net::listener().await;
                    LISTENER.get_or_init(|| listener)
                }
            };
            // Waits first, so that it is bound here.
            assert!(futures::poll!(pin!(listener.accept())).is_pending());
            let (one, two) = net::pair_with(listener).await;
            let client = client.get_or_init(|| one);
            let server = server.get_or_init(|| two);
            assert!(futures::poll!(pin!(server.peek(&mut [0; 4]))).is_pending());
            assert_eq!(client.try_write(b"over and over").unwrap(), 13);
            let mut buf = [0; 64];
            loop {
                server.readable().await.unwrap();
                match server.try_read(&mut buf) {
                    Ok(read) => break assert_eq!(&buf[..read], b"over and over"),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                }
            }
        });
    }
}

/// The same with a wait that is under way while the runtime ends: it goes on elsewhere.
#[test]
fn a_wait_that_is_under_way_moves_to_the_background() {
    let _watched = watchdog::watch("a_wait_that_is_under_way".into());
    let runtime = Builder::new_current_thread().build().unwrap();
    let (client, mut server) = runtime.block_on(net::pair());
    let mut reading = Box::pin(async move { net::read_all(&mut server, 5).await });
    runtime.block_on(async { assert!(futures::poll!(&mut reading).is_pending()) });
    let waker = unpark_here();
    let mut cx = Context::from_waker(&waker);
    assert!(reading.as_mut().poll(&mut cx).is_pending());
    drop(runtime);
    let sending = std::thread::spawn(move || {
        client.try_write(b"still").unwrap();
        client
    });
    let bytes = loop {
        match reading.as_mut().poll(&mut cx) {
            Poll::Ready(bytes) => break bytes,
            Poll::Pending => std::thread::park(),
        }
    };
    assert_eq!(bytes, b"still");
    drop(sending.join().unwrap());
}

/// The runtime lives on, but nobody is in it: the wait is looked after all the same.
#[test]
fn a_wait_goes_on_after_block_on_returned() {
    let _watched = watchdog::watch("a_wait_goes_on_after_block_on_returned".into());
    for workers in [0, 1] {
        let runtime = match workers {
            0 => Builder::new_current_thread().build().unwrap(),
            count => Builder::new_multi_thread().worker_threads(count).build().unwrap(),
        };
        let (client, mut server) = runtime.block_on(net::pair());
        let mut reading = Box::pin(async move { net::read_all(&mut server, 5).await });
        runtime.block_on(async { assert!(futures::poll!(&mut reading).is_pending()) });
        let sending = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(10));
            client.try_write(b"still").unwrap();
            client
        });
        assert_eq!(pollster::block_on(reading), b"still");
        drop(sending.join().unwrap());
        drop(runtime);
    }
}

/// What most programs hold is the handle of a runtime.
#[test]
fn a_socket_is_bound_to_a_runtime_by_its_handle() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let handle = runtime.handle().clone();
    let elsewhere = Builder::new_current_thread().build().unwrap();
    elsewhere.block_on(async {
        let listener = TcpListener::bind_on(&handle, "127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connecting = TcpStream::connect_on(handle.clone(), address);
        let (client, accepted) = futures::join!(connecting, listener.accept());
        let (mut client, (mut server, _)) = (client.unwrap(), accepted.unwrap());
        let mut buf = [0; 4];
        let exchange = futures::future::join(client.read_exact(&mut buf), async {
            minato::task::yield_now().await;
            server.write_all(b"ahoy").await.unwrap();
        });
        exchange.await.0.unwrap();
        drop(runtime);
        // They belong to the runtime, and do not move on when that has ended.
        let ended = server.readable().await.unwrap_err();
        assert!(ended.to_string().contains("shut down"), "{ended}");
    });
    let mut reactor = Reactor::new().unwrap();
    let by_value = TcpListener::bind_on(reactor.handle(), "127.0.0.1:0");
    let listener = pollster::block_on(by_value).unwrap();
    let handle = reactor.handle();
    let by_reference = TcpSocket::new_v4_on(&handle).unwrap();
    drop((listener, by_reference));
    reactor.turn(Some(Duration::ZERO)).unwrap();
}
