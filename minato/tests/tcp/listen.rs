//! Listeners: their queue, their stream of connections, and several tasks at one of them.

use std::os::fd::AsFd;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures::{FutureExt, StreamExt};
use minato::net::{TcpListener, TcpSocket, TcpStream};

use crate::kit::{At, cases, net};

cases! {
    incoming_gives_one_connection_after_the_other [];
    incoming_gives_the_listener_back [];
    accepts_in_several_tasks [];
    accepts_by_poll_in_several_tasks [];
    a_burst_is_accepted_whole [];
    connections_that_somebody_else_took_are_not_waited_for [Descriptors];
    a_full_backlog_loses_nobody [];
    an_aborted_connection_is_survived [];
    the_port_is_free_after_a_drop [];
    what_connections_leave_of_a_port [];
}

async fn incoming_gives_one_connection_after_the_other(at: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let mut incoming = listener.incoming();
    let connecting = at.beside(async move {
        let mut clients = Vec::new();
        for _ in 0..5 {
            clients.push(TcpStream::connect(address).await.unwrap());
        }
        clients
    });
    let mut served = Vec::new();
    for _ in 0..5 {
        served.push(incoming.next().await.unwrap().unwrap().peer_addr().unwrap());
    }
    let clients = connecting.await;
    let connected: Vec<_> = clients.iter().map(|client| client.local_addr().unwrap()).collect();
    assert_eq!(served, connected);
}

async fn incoming_gives_the_listener_back(_: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let mut incoming = listener.incoming();
    assert!(incoming.next().now_or_never().is_none());
    assert_eq!(incoming.get_ref().local_addr().unwrap(), address);
    let listener = incoming.into_inner();
    drop(net::pair_with(&listener).await);
}

async fn accepts_in_several_tasks(at: At) {
    let listener = Arc::new(net::listener().await);
    let address = listener.local_addr().unwrap();
    let accepting: Vec<_> = (0..12)
        .map(|_| {
            let listener = listener.clone();
            at.beside(async move { listener.accept().await.unwrap().1 })
        })
        .collect();
    at.deliver().await;
    let mut clients = Vec::new();
    for _ in 0..12 {
        clients.push(TcpStream::connect(address).await.unwrap());
    }
    let mut accepted = futures::future::join_all(accepting).await;
    let mut connected: Vec<_> = clients.iter().map(|c| c.local_addr().unwrap()).collect();
    accepted.sort();
    connected.sort();
    assert_eq!(accepted, connected);
}

async fn accepts_by_poll_in_several_tasks(at: At) {
    let listener = Arc::new(net::listener().await);
    let address = listener.local_addr().unwrap();
    let accepting: Vec<_> = (0..12)
        .map(|_| {
            let listener = listener.clone();
            let accepted = std::future::poll_fn(move |cx| listener.poll_accept(cx));
            at.beside(async move { accepted.await.unwrap().1 })
        })
        .collect();
    at.deliver().await;
    let mut clients = Vec::new();
    for _ in 0..12 {
        clients.push(TcpStream::connect(address).await.unwrap());
    }
    futures::future::join_all(accepting).await;
}

/// One event for many connections: every one of them is accepted.
async fn a_burst_is_accepted_whole(at: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    // So that it is registered, and an event must come.
    assert!(listener.accept().now_or_never().is_none());
    let connecting: Vec<_> = (0..20).map(|_| Box::pin(TcpStream::connect(address))).collect();
    let clients = futures::future::join_all(connecting).await;
    at.deliver().await;
    for _ in &clients {
        listener.accept().await.unwrap();
    }
    at.note_result("nobody is left", &listener.try_accept().map(drop));
}

/// The listener has learned how many wait when another one of the same queue takes them.
async fn connections_that_somebody_else_took_are_not_waited_for(at: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let other = std::net::TcpListener::from(listener.as_fd().try_clone_to_owned().unwrap());
    assert!(listener.accept().now_or_never().is_none());
    for _ in 0..3 {
        let connect = || std::net::TcpStream::connect(address).unwrap();
        let clients: Vec<_> = (0..5).map(|_| connect()).collect();
        at.deliver().await;
        let first = listener.accept().await.unwrap().1;
        assert_eq!(first, clients[0].local_addr().unwrap());
        for client in &clients[1..] {
            assert_eq!(other.accept().unwrap().1, client.local_addr().unwrap());
        }
        assert!(listener.accept().now_or_never().is_none());
        let late = connect();
        assert_eq!(listener.accept().await.unwrap().1, late.local_addr().unwrap());
    }
}

async fn a_full_backlog_loses_nobody(at: At) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Two fit; the third is tried again by its system until there is room.
    let clients: Vec<_> = (0..3)
        .map(|_| at.beside(async move { TcpStream::connect(address).await.unwrap() }))
        .collect();
    at.deliver().await;
    let mut accepted = Vec::new();
    for _ in 0..3 {
        accepted.push(listener.accept().await.unwrap());
    }
    futures::future::join_all(clients).await;
}

async fn an_aborted_connection_is_survived(at: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let client = TcpStream::connect(address).await.unwrap();
    client.set_linger(Some(std::time::Duration::ZERO)).unwrap();
    drop(client);
    at.deliver().await;
    let mut incoming = listener.incoming();
    // Linux gives the dead connection out; others say ECONNABORTED, which is skipped.
    let next = incoming.next().now_or_never();
    at.note(format!("the dead one: {}", next.is_some()));
    let connecting = at.beside(async move { TcpStream::connect(address).await.unwrap() });
    let live = incoming.next().await.unwrap().unwrap();
    assert_eq!(live.peer_addr().unwrap(), connecting.await.local_addr().unwrap());
}

async fn the_port_is_free_after_a_drop(_: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let pending = async {
        let mut accept = pin!(listener.accept());
        std::future::poll_fn(|cx| {
            assert!(accept.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
    };
    pending.await;
    drop(listener);
    let again = TcpListener::bind(address).await.unwrap();
    drop(net::pair_with(&again).await);
}

/// Which binds conflict with a connection, while it lives and in the minute after its close.
///
/// The addresses are of no other test: those run at the same time, and their ports are drawn from
/// the same range.
async fn what_connections_leave_of_a_port(at: At) {
    for closed in [false, true] {
        for shares in [false, true] {
            let listener = TcpSocket::new_v4().unwrap();
            listener.set_reuseaddr(shares).unwrap();
            listener.bind("127.83.0.2:0".parse().unwrap()).unwrap();
            let listener = listener.listen(8).unwrap();
            let (client, server) = net::pair_with(&listener).await;
            let (port, from) =
                (listener.local_addr().unwrap().port(), client.local_addr().unwrap());
            at.note(format!("the client connects from {}", from.ip()));
            drop(listener);
            let mut open = Some((server, client));
            if closed && let Some((server, client)) = open.take() {
                drop(server);
                at.deliver().await;
                drop(client);
                at.deliver().await;
            }
            for reuse in [false, true] {
                for ip in ["127.83.0.1", "127.83.0.2", "0.0.0.0", "[::]"] {
                    if ip == "0.0.0.0" && shares && reuse {
                        continue;
                    }
                    let address = format!("{ip}:{port}").parse().unwrap();
                    let v6 = ip.starts_with('[');
                    let socket = if v6 { TcpSocket::new_v6() } else { TcpSocket::new_v4() };
                    let socket = socket.unwrap();
                    if v6 {
                        socket.set_only_v6(true).unwrap();
                    }
                    socket.set_reuseaddr(reuse).unwrap();
                    let what = format!("closed {closed}, shares {shares}, reuse {reuse}, {ip}");
                    at.note_result(&what, &socket.bind(address));
                }
            }
        }
    }
}
