//! Registration and events.

use super::common::*;
use minato_sim::{Readiness, World};

#[test]
fn an_unconnected_stream_is_hung_up() {
    let world = World::new(1);
    let socket = stream(&world.host("a"));
    let hung_up = Readiness::WRITABLE | Readiness::READ_CLOSED | Readiness::WRITE_CLOSED;
    assert_eq!(socket.readiness(), hung_up);
}

#[test]
fn each_arrival_is_an_edge_and_edges_merge() {
    let Pair { world, b, client, server, .. } = pair();
    server.register(7).unwrap();
    assert_eq!(events(&b), [(7, Readiness::WRITABLE)]);
    assert!(!b.has_events());
    for _ in 0..3 {
        client.send(b"x").unwrap();
        settle(&world);
    }
    assert!(b.has_events());
    assert_eq!(events(&b), [(7, Readiness::READABLE | Readiness::WRITABLE)]);
    assert_eq!(events(&b), [], "unread bytes alone are no edge");
    client.send(b"x").unwrap();
    settle(&world);
    assert_eq!(events(&b).len(), 1, "new bytes are one, though the old ones were not read");
}

#[test]
fn a_host_with_new_events_is_told_of_once() {
    let Pair { world, b, client, server, .. } = pair();
    let notified = |world: &World| {
        let mut hosts = Vec::new();
        world.take_notified(&mut hosts);
        hosts
    };
    server.register(7).unwrap();
    events(&b);
    notified(&world);
    for _ in 0..3 {
        client.send(b"x").unwrap();
        settle(&world);
    }
    assert_eq!(notified(&world), [b.number()]);
    assert_eq!(notified(&world), []);
    assert_eq!(events(&b).len(), 1);
    client.send(b"x").unwrap();
    settle(&world);
    assert_eq!(notified(&world), [b.number()]);
}

#[test]
fn registering_has_rules() {
    let Pair { world, b, client, server, .. } = pair();
    assert_eq!(errno(server.rearm()), 2, "ENOENT");
    assert_eq!(errno(server.deregister()), 2, "ENOENT");
    server.register(1).unwrap();
    assert_eq!(errno(server.register(2)), 17, "EEXIST");
    server.deregister().unwrap();
    assert_eq!(events(&b), [], "events that were not taken are gone");
    client.send(b"x").unwrap();
    settle(&world);
    assert_eq!(events(&b), []);
    server.register(3).unwrap();
    assert_eq!(events(&b), [(3, Readiness::READABLE | Readiness::WRITABLE)]);
    server.rearm().unwrap();
    assert_eq!(events(&b), [(3, Readiness::READABLE | Readiness::WRITABLE)]);
}

#[test]
fn a_closed_socket_has_no_events_and_its_successor_none_of_its() {
    let Pair { world, b, client, server, .. } = pair();
    for round in 0..1000 {
        let socket = datagram(&b);
        socket.register(round).unwrap();
    }
    server.register(1).unwrap();
    client.send(b"x").unwrap();
    settle(&world);
    drop(server);
    let next = datagram(&b);
    assert_eq!(events(&b), []);
    drop(next);
}

#[test]
fn news_come_in_the_order_in_which_they_happened() {
    let world = World::new(1);
    let a = world.host("a");
    let sockets: Vec<_> = (0..4).map(|_| datagram(&a)).collect();
    for (key, socket) in sockets.iter().enumerate().rev() {
        socket.register(key as u64).unwrap();
    }
    let keys: Vec<u64> = events(&a).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [3, 2, 1, 0]);
}
