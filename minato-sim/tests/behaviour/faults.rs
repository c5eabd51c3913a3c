//! Slow and broken links.

use super::common::*;
use minato_sim::{Socket, SocketOption, Verb, World};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

#[test]
fn a_link_can_be_slow() {
    let world = World::new(1);
    let (a, b, c) = (world.host("a"), world.host("b"), world.host("c"));
    let day = Duration::from_secs(86_400);
    world.set_link_latency(&a, &b, day, day);
    let (_near, _far) = (bound(&c, 7000), bound(&b, 7000));
    let sender = datagram(&a);
    sender.send_to(b"x", (b.ip(), 7000).into()).unwrap();
    assert_eq!(world.next_event(), Some(day));
    sender.send_to(b"x", (c.ip(), 7000).into()).unwrap();
    assert!(world.next_event().unwrap() < Duration::from_secs(1));
}

#[test]
fn a_healed_partition_loses_no_byte_of_a_stream() {
    let Pair { world, a, b, client, server, .. } = pair();
    client.send(b"before ").unwrap();
    world.partition(&a, &b);
    client.send(b"during ").unwrap();
    while world.advance(Some(Duration::from_secs(60))) {}
    assert_eq!(receive(&server, 64).unwrap(), b"before ", "it was under way already");
    assert_eq!(errno(receive(&server, 64)), EAGAIN);
    world.heal(&a, &b);
    client.send(b"after").unwrap();
    settle(&world);
    assert_eq!(receive(&server, 64).unwrap(), b"during after");
    assert!(world.now() < Duration::from_secs(600));
}

#[test]
fn a_partition_that_lasts_is_a_timeout_for_who_sends() {
    let Pair { world, a, b, client, server, .. } = pair();
    world.partition(&a, &b);
    client.send(b"x").unwrap();
    settle(&world);
    assert!(world.now() >= Duration::from_secs(900));
    assert_eq!(errno(receive(&client, 1)), ETIMEDOUT);
    assert_eq!(errno(receive(&server, 1)), EAGAIN, "the other end cannot know");
    world.heal(&a, &b);
    server.send(b"x").unwrap();
    settle(&world);
    assert_eq!(errno(receive(&server, 1)), ECONNRESET, "until it speaks");
}

#[test]
fn lost_acknowledgements_and_window_updates_come_after_healing() {
    let world = World::builder().send_buffer(100).receive_buffer(100).build();
    let Pair { world, a, b, client, server, .. } = pair_in(world);
    client.send(&[1; 100]).unwrap();
    world.partition(&a, &b);
    while world.advance(Some(Duration::from_secs(1))) {}
    assert_eq!(errno(client.send(&[2; 100])), EAGAIN, "nothing was acknowledged");
    assert_eq!(receive(&server, 1000).unwrap(), [1; 100]);
    world.heal(&a, &b);
    settle(&world);
    assert_eq!(client.send(&[2; 100]).unwrap(), 100);
    while world.advance(Some(world.now() + Duration::from_secs(1))) {}
    client.send(&[3; 100]).unwrap();
    settle(&world);
    world.partition(&a, &b);
    assert_eq!(receive(&server, 1000).unwrap(), [2; 100]);
    while world.advance(Some(world.now() + Duration::from_secs(1))) {}
    world.heal(&a, &b);
    settle(&world);
    assert_eq!(receive(&server, 1000).unwrap(), [3; 100]);
}

#[test]
fn connecting_through_a_partition() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let listener = listener(&b, 7000, 4);
    world.partition(&a, &b);
    let early = connecting(&a, &b, 7000);
    settle(&world);
    assert_eq!(early.take_error().unwrap().unwrap().raw_os_error(), Some(ETIMEDOUT));
    let late = connecting(&a, &b, 7000);
    world.heal(&a, &b);
    settle(&world);
    assert!(late.take_error().unwrap().is_none());
    listener.accept().unwrap();
}

#[test]
fn a_partition_at_every_instant_of_a_connections_life_leaves_nothing_behind() {
    for cut_at in 0..30_u64 {
        for heals in [false, true] {
            let world = World::new(cut_at);
            let (a, b) = (world.host("a"), world.host("b"));
            let listener = listener(&b, 7000, 4);
            let client = connecting(&a, &b, 7000);
            let limit = Duration::from_micros(100 * cut_at);
            let mut server = None;
            let mut step = |until: Duration| {
                while world.advance(Some(until)) {
                    if server.is_none() {
                        server = listener.accept().ok().map(|(socket, _)| socket);
                        let _ = client
                            .send(b"hello")
                            .and_then(|_| client.shutdown(std::net::Shutdown::Write));
                    }
                }
            };
            step(limit);
            world.partition(&a, &b);
            step(limit + Duration::from_secs(5));
            if heals {
                world.heal(&a, &b);
            }
            step(Duration::from_secs(7200));
            if let (Some(server), true) = (&server, heals) {
                assert_eq!(receive(server, 64).unwrap(), b"hello", "cut at {limit:?}");
                assert_eq!(receive(server, 64).unwrap(), b"");
            }
            drop((client, server, listener));
            settle(&world);
            assert_eq!(world.open_connections(), 0, "cut at {limit:?}, heals: {heals}");
        }
    }
}

#[test]
fn datagrams_are_lost_for_good() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let (sender, receiver) = (datagram(&a), bound(&b, 7000));
    world.partition(&a, &b);
    sender.send_to(b"x", (b.ip(), 7000).into()).unwrap();
    world.heal(&a, &b);
    settle(&world);
    assert_eq!(errno(receive(&receiver, 8)), EAGAIN);
}

#[test]
fn an_accept_fails_as_often_as_it_was_told_to_and_loses_nobody() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let (told, other) = (listener(&b, 7000, 4), listener(&b, 7001, 4));
    b.fail(Verb::Accept, 7000, [EMFILE, ECONNABORTED]);
    assert_eq!(errno(told.accept()), EAGAIN, "nobody waits");
    let _clients = [connecting(&a, &b, 7000), connecting(&a, &b, 7001)];
    settle(&world);
    assert_eq!(errno(other.accept()), 0, "that is another port");
    assert_eq!(errno(told.accept()), EMFILE);
    assert_eq!(errno(told.accept()), ECONNABORTED);
    assert_eq!(errno(told.accept()), 0);
    assert_eq!(errno(told.accept()), EAGAIN);
}

#[test]
fn a_rearm_that_fails_reports_nothing() {
    const ENOMEM: i32 = 12;
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let listener = listener(&b, 7000, 4);
    listener.register(1).unwrap();
    let _client = connecting(&a, &b, 7000);
    settle(&world);
    assert_eq!(events(&b).len(), 1);
    b.fail(Verb::Rearm, 7000, [ENOMEM]);
    assert_eq!(errno(listener.rearm()), ENOMEM);
    assert_eq!(events(&b), []);
    listener.rearm().unwrap();
    assert_eq!(events(&b).len(), 1);
}

/// One that is reset in the queue between two that live.
#[test]
fn a_reset_in_the_queue_is_reported_where_it_is() {
    for reported in [false, true] {
        let world = World::builder().reports_aborted(reported).build();
        let (a, b) = (world.host("a"), world.host("b"));
        let listener = listener(&b, 7000, 4);
        let before = connecting(&a, &b, 7000);
        settle(&world);
        let aborted = connecting(&a, &b, 7000);
        settle(&world);
        let after = connecting(&a, &b, 7000);
        settle(&world);
        aborted.set_option(SocketOption::Linger(Some(Duration::ZERO))).unwrap();
        drop(aborted);
        settle(&world);
        let peer = |accepted: io::Result<(Socket, SocketAddr)>| accepted.unwrap().1;
        assert_eq!(peer(listener.accept()), before.local_addr().unwrap());
        let dead = listener.accept();
        if reported {
            assert_eq!(errno(dead), ECONNABORTED);
        } else {
            assert_eq!(errno(receive(&dead.unwrap().0, 1)), ECONNRESET);
        }
        assert_eq!(peer(listener.accept()), after.local_addr().unwrap());
        assert_eq!(errno(listener.accept()), EAGAIN);
        drop((before, after, listener));
        settle(&world);
        assert_eq!((world.open_sockets(), world.open_connections()), (0, 0));
    }
}
