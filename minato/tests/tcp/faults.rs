//! What a kernel rarely says to a listener: every error of an accept, resets in the queue that are
//! reported, a registration that cannot be renewed.

use std::future::poll_fn;
use std::io;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use minato::net::{TcpListener, TcpStream};
use minato::sim::Verb;

use crate::kit::{At, Need, cases, in_worlds, net};

cases! {
    every_error_of_an_accept_comes_out_as_it_is [World];
    incoming_skips_what_one_connection_died_of [World];
    incoming_waits_out_every_shortage [World];
    incoming_gives_errors_of_the_listener_out [World];
    a_connection_survives_a_failing_rearm [World];
    who_else_accepts_learns_of_a_failing_rearm [World];
}

/// Errors of the connection that was to be accepted.
const OF_ONE: [i32; 9] = [
    libc::ECONNABORTED,
    libc::ECONNRESET,
    libc::EPROTO,
    libc::ENETDOWN,
    libc::EHOSTDOWN,
    libc::EHOSTUNREACH,
    libc::ENETUNREACH,
    libc::ENOPROTOOPT,
    libc::EOPNOTSUPP,
];

/// Errors that pass when something is given back.
const SHORTAGES: [i32; 4] = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];

fn fail(at: &At, verb: Verb, listener: &TcpListener, errors: &[i32]) {
    let port = listener.local_addr().unwrap().port();
    at.world.host("alone").fail(verb, port, errors.iter().copied());
}

fn number<T>(result: io::Result<T>) -> Option<i32> {
    result.err().and_then(|error| error.raw_os_error())
}

/// By each way to accept, before the listener is registered and after.
async fn every_error_of_an_accept_comes_out_as_it_is(at: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    for registered in [false, true] {
        if registered {
            assert!(listener.accept().now_or_never().is_none());
        }
        for error in OF_ONE.into_iter().chain(SHORTAGES) {
            let client = TcpStream::connect(address).await.unwrap();
            at.deliver().await;
            fail(&at, Verb::Accept, &listener, &[error; 3]);
            assert_eq!(number(listener.accept().await), Some(error));
            assert_eq!(number(poll_fn(|cx| listener.poll_accept(cx)).await), Some(error));
            assert_eq!(number(listener.try_accept()), Some(error));
            let (_, from) = listener.accept().await.unwrap();
            assert_eq!(from, client.local_addr().unwrap());
        }
    }
}

async fn incoming_skips_what_one_connection_died_of(at: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    fail(&at, Verb::Accept, &listener, &OF_ONE);
    let mut incoming = listener.incoming();
    let client = TcpStream::connect(address).await.unwrap();
    at.deliver().await;
    let before = at.world.now();
    let accepted = incoming.next().await.unwrap().unwrap();
    assert_eq!(accepted.peer_addr().unwrap(), client.local_addr().unwrap());
    assert_eq!(at.world.now(), before, "none of them is a reason to pause");
}

async fn incoming_waits_out_every_shortage(at: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    fail(&at, Verb::Accept, &listener, &SHORTAGES);
    let mut incoming = listener.incoming();
    let client = TcpStream::connect(address).await.unwrap();
    at.deliver().await;
    let before = at.world.now();
    let accepted = incoming.next().await.unwrap().unwrap();
    assert_eq!(accepted.peer_addr().unwrap(), client.local_addr().unwrap());
    let pauses = at.world.now() - before;
    assert!(pauses >= Duration::from_millis(5 + 10 + 20 + 40), "{pauses:?}");
}

async fn incoming_gives_errors_of_the_listener_out(at: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    fail(&at, Verb::Accept, &listener, &[libc::ECONNABORTED, libc::EINVAL, libc::EMFILE]);
    let mut incoming = listener.incoming();
    let _client = TcpStream::connect(address).await.unwrap();
    assert_eq!(number(incoming.next().await.unwrap()), Some(libc::EINVAL));
    // The stream goes on after it.
    incoming.next().await.unwrap().unwrap();
}

/// Where the system reports them, resets in the queue are errors, and the others lose nothing.
#[test]
fn resets_in_the_queue_are_survived_where_they_are_reported() {
    async fn case(at: At) {
        let listener = net::listener().await;
        let address = listener.local_addr().unwrap();
        assert!(listener.accept().now_or_never().is_none(), "so that an event must come");
        let mut live = Vec::new();
        for round in 0..6 {
            let client = TcpStream::connect(address).await.unwrap();
            if round % 2 == 0 {
                client.set_linger(Some(Duration::ZERO)).unwrap();
            } else {
                live.push(client);
            }
        }
        at.deliver().await;
        assert_eq!(number(listener.accept().await), Some(libc::ECONNABORTED));
        let (_, from) = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
        assert_eq!(from, live[0].local_addr().unwrap());
        let mut incoming = listener.incoming();
        for client in &live[1..] {
            let accepted = incoming.next().await.unwrap().unwrap();
            assert_eq!(accepted.peer_addr().unwrap(), client.local_addr().unwrap());
        }
        assert!(incoming.next().now_or_never().is_none());
        let connecting = at.beside(async move { TcpStream::connect(address).await.unwrap() });
        incoming.next().await.unwrap().unwrap();
        drop(connecting.await);
    }
    let name = "resets_in_the_queue_are_survived_where_they_are_reported";
    in_worlds(name, &[Need::World], &|world| world.reports_aborted(true), case);
}

/// One event for three connections, and each attempt to have the rest reported fails.
async fn a_connection_survives_a_failing_rearm(at: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    assert!(listener.accept().now_or_never().is_none());
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(TcpStream::connect(address).await.unwrap());
    }
    at.deliver().await;
    fail(&at, Verb::Rearm, &listener, &[libc::ENOMEM; 4]);
    for client in &clients {
        let (_, from) = listener.accept().await.unwrap();
        assert_eq!(from, client.local_addr().unwrap());
    }
    // It found out by trying that nobody is left, and hears of the next one by an event.
    assert!(listener.accept().now_or_never().is_none());
    let connecting = at.beside(async move { TcpStream::connect(address).await.unwrap() });
    drop(listener.accept().await.unwrap());
    drop(connecting.await);
}

/// A task that waits while another one's re-arm fails must not wait on.
async fn who_else_accepts_learns_of_a_failing_rearm(at: At) {
    let listener = std::sync::Arc::new(net::listener().await);
    let address = listener.local_addr().unwrap();
    fail(&at, Verb::Rearm, &listener, &[libc::ENOMEM; 8]);
    let accepting: Vec<_> = (0..4)
        .map(|_| {
            let listener = listener.clone();
            at.beside(async move { listener.accept().await.map(drop) })
        })
        .collect();
    at.deliver().await;
    let connecting: Vec<_> = (0..4).map(|_| Box::pin(TcpStream::connect(address))).collect();
    let clients = futures::future::join_all(connecting).await;
    for accepted in futures::future::join_all(accepting).await {
        accepted.unwrap();
    }
    drop(clients);
}
