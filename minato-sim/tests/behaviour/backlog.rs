//! The queue of a listener.

use super::common::*;
use minato_sim::{Readiness, SocketOption, World};
use std::time::Duration;

#[test]
fn a_listener_is_readable_when_a_connection_waits() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let listener = listener(&b, 7000, 4);
    listener.register(1).unwrap();
    assert_eq!(events(&b), []);
    assert_eq!(errno(listener.accept()), EAGAIN);
    let _clients = (connecting(&a, &b, 7000), connecting(&a, &b, 7000));
    settle(&world);
    assert_eq!(events(&b), [(1, Readiness::READABLE)], "two edges, one event");
    listener.accept().unwrap();
    listener.rearm().unwrap();
    assert_eq!(events(&b), [(1, Readiness::READABLE)]);
    listener.accept().unwrap();
    listener.rearm().unwrap();
    assert_eq!(events(&b), []);
}

#[test]
fn a_full_backlog_drops_the_first_packet_which_is_sent_again() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let listener = listener(&b, 7000, 1);
    let clients: Vec<_> = (0..3).map(|_| connecting(&a, &b, 7000)).collect();
    let connected =
        || clients.iter().filter(|c| c.readiness().contains(Readiness::WRITABLE)).count();
    while world.advance(Some(Duration::from_millis(900))) {}
    assert_eq!(connected(), 2, "one more than the backlog");
    listener.accept().unwrap();
    settle(&world);
    assert_eq!(connected(), 3);
}

#[test]
fn a_backlog_that_stays_full_is_a_timeout() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let _listener = listener(&b, 7000, 0);
    let _first = connecting(&a, &b, 7000);
    settle(&world);
    let second = connecting(&a, &b, 7000);
    settle(&world);
    assert_eq!(second.take_error().unwrap().unwrap().raw_os_error(), Some(ETIMEDOUT));
    assert!(world.now() >= Duration::from_secs(127));
}

#[test]
fn a_client_that_leaves_before_the_accept() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let listener = listener(&b, 7000, 4);
    let (polite, rude) = (connecting(&a, &b, 7000), connecting(&a, &b, 7000));
    settle(&world);
    let polite_port = polite.local_addr().unwrap().port();
    polite.send(b"bye").unwrap();
    drop(polite);
    rude.set_option(SocketOption::Linger(Some(Duration::ZERO))).unwrap();
    drop(rude);
    settle(&world);
    for _ in 0..2 {
        let (server, peer) = listener.accept().unwrap();
        if peer.port() == polite_port {
            assert_eq!(receive(&server, 64).unwrap(), b"bye");
            assert_eq!(receive(&server, 64).unwrap(), b"");
        } else {
            assert_eq!(errno(receive(&server, 64)), ECONNRESET);
        }
    }
}

#[test]
fn closing_a_listener_resets_those_that_wait() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let listener = listener(&b, 7000, 4);
    let waiting = connecting(&a, &b, 7000);
    settle(&world);
    let on_its_way = connecting(&a, &b, 7000);
    drop(listener);
    settle(&world);
    assert_eq!(errno(receive(&waiting, 1)), ECONNRESET);
    assert_eq!(errno(receive(&on_its_way, 1)), ECONNREFUSED);
    drop((waiting, on_its_way));
    assert_eq!(world.open_connections(), 0);
}

#[test]
fn bytes_may_come_before_the_accept() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let listener = listener(&b, 7000, 4);
    let client = connecting(&a, &b, 7000);
    settle(&world);
    client.send(b"early").unwrap();
    settle(&world);
    let (server, _) = listener.accept().unwrap();
    server.register(5).unwrap();
    assert_eq!(events(&b), [(5, Readiness::READABLE | Readiness::WRITABLE)]);
    assert_eq!(receive(&server, 64).unwrap(), b"early");
}

#[test]
fn without_a_descriptor_the_connection_goes_on_waiting() {
    let world = World::builder().descriptor_limit(2).build();
    let (a, b) = (world.host("a"), world.host("b"));
    let listener = listener(&b, 7000, 4);
    let spare = stream(&b);
    assert_eq!(errno(b.socket(minato_sim::Family::V4, minato_sim::Kind::Datagram)), EMFILE);
    assert_eq!(errno(listener.accept()), EMFILE, "as on Linux, also when nobody waits");
    let _client = connecting(&a, &b, 7000);
    settle(&world);
    assert_eq!(errno(listener.accept()), EMFILE);
    drop(spare);
    listener.accept().unwrap();
}

#[test]
fn listeners_that_share_a_port_share_its_connections() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let listeners: Vec<_> = (0..3)
        .map(|_| {
            let socket = stream(&b);
            socket.set_option(SocketOption::ReusePort(true)).unwrap();
            socket.bind(address("0.0.0.0:7000")).unwrap();
            socket.listen(100).unwrap();
            socket
        })
        .collect();
    let _clients: Vec<_> = (0..60).map(|_| connecting(&a, &b, 7000)).collect();
    settle(&world);
    let mut sum = 0;
    for listener in &listeners {
        let count = std::iter::from_fn(|| listener.accept().ok()).count();
        assert!(count > 0, "each gets some");
        sum += count;
    }
    assert_eq!(sum, 60);
}
