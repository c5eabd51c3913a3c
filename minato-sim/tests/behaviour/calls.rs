//! Calls that fail because they were told to, descriptors that run out, and names.

use super::common::*;
use minato_sim::{FaultKind, LookupFailure, Verb, World};
use std::time::Duration;

const ENOMEM: i32 = 12;
const ENOBUFS: i32 = 105;
const SECOND: Duration = Duration::from_secs(1);

#[test]
fn each_verb_fails_as_often_as_it_was_told_to() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    b.fail(Verb::Bind, 7000, [EADDRINUSE]);
    b.fail(Verb::Listen, 7000, [ENOBUFS]);
    a.fail(Verb::Connect, 7000, [ENOBUFS, EADDRNOTAVAIL]);
    let listener = stream(&b);
    assert_eq!(errno(listener.bind(address("0.0.0.0:7000"))), EADDRINUSE);
    assert_eq!(errno(listener.bind(address("0.0.0.0:7000"))), 0);
    assert_eq!(errno(listener.listen(4)), ENOBUFS);
    assert_eq!(errno(listener.listen(4)), 0);
    let client = stream(&a);
    let to = (b.ip(), 7000).into();
    assert_eq!(errno(client.connect(to)), ENOBUFS);
    assert_eq!(errno(client.connect(to)), EADDRNOTAVAIL);
    assert_eq!(errno(client.connect(to)), EINPROGRESS);
    settle(&world);
    let (server, _) = listener.accept().unwrap();
    // By the port of the peer, by the socket's own, and by none.
    a.fail(Verb::Send, 7000, [ENOBUFS]);
    b.fail(Verb::Recv, 7000, [ENOMEM]);
    b.fail(Verb::Send, 0, [ENOMEM]);
    assert_eq!(errno(client.send(b"ahoy")), ENOBUFS);
    assert_eq!(client.send(b"ahoy").unwrap(), 4);
    settle(&world);
    assert_eq!(errno(receive(&server, 9)), ENOMEM);
    assert_eq!(receive(&server, 9).unwrap(), b"ahoy", "nothing was lost");
    assert_eq!(errno(server.send(b"x")), ENOMEM);
    assert_eq!(errno(server.send(b"x")), 0);
    assert_eq!(world.strikes().get(FaultKind::CallError), 7);
}

#[test]
fn datagrams_are_sent_and_received_again_after_an_error() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let (sender, receiver) = (datagram(&a), bound(&b, 7000));
    a.fail(Verb::Send, 0, [ENOBUFS]);
    b.fail(Verb::Recv, 7000, [ENOMEM]);
    let to = (b.ip(), 7000).into();
    assert_eq!(errno(sender.send_to(b"one", to)), ENOBUFS);
    sender.send_to(b"two", to).unwrap();
    settle(&world);
    assert_eq!(errno(receive(&receiver, 9)), ENOMEM);
    assert_eq!(receive(&receiver, 9).unwrap(), b"two");
    assert_eq!(errno(receive(&receiver, 9)), EAGAIN);
}

#[test]
fn who_is_told_to_wait_is_woken() {
    let Pair { world, b, client, server, .. } = pair();
    server.register(1).unwrap();
    events(&b);
    client.send(b"x").unwrap();
    settle(&world);
    assert_eq!(events(&b).len(), 1);
    b.fail(Verb::Recv, 7000, [EAGAIN]);
    assert_eq!(errno(receive(&server, 9)), EAGAIN);
    assert_eq!(events(&b).len(), 1);
    assert_eq!(receive(&server, 9).unwrap(), b"x");
}

#[test]
fn calls_fail_by_chance_and_then_no_more() {
    let Pair { world, a, client, .. } = pair();
    a.fail_by_chance(Verb::Send, ENOBUFS, 0.1).unwrap();
    let failed = (0..1000).filter(|_| client.send(b"x").is_err()).count();
    assert!((60..150).contains(&failed), "{failed}");
    assert_eq!(world.strikes().get(FaultKind::CallError), failed as u64);
    a.fail_no_more();
    assert!((0..1000).all(|_| client.send(b"x").is_ok()));
    let error = a.fail_by_chance(Verb::Send, ENOBUFS, 2.0).unwrap_err().to_string();
    assert!(error.contains("a failed call") && error.contains('2'), "{error}");
}

#[test]
fn descriptors_run_out_while_a_host_runs_and_nobody_is_lost() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let listener = listener(&b, 7000, 4);
    let client = connecting(&a, &b, 7000);
    settle(&world);
    b.limit_descriptors(Some(1));
    assert_eq!(errno(b.socket(minato_sim::Family::V4, minato_sim::Kind::Stream)), EMFILE);
    assert_eq!(errno(listener.accept()), EMFILE);
    assert_eq!(errno(listener.accept()), EMFILE);
    assert_eq!(world.strikes().get(FaultKind::Descriptors), 3);
    client.send(b"still here").unwrap();
    b.limit_descriptors(None);
    let (server, _) = listener.accept().unwrap();
    settle(&world);
    assert_eq!(receive(&server, 99).unwrap(), b"still here");
    b.limit_descriptors(Some(0));
    assert_eq!(server.send(b"those that it has stay").unwrap(), 22);
}

#[test]
fn names_change_fail_and_take_time() {
    let world = World::new(1);
    let a = world.host("a");
    let dns = world.dns();
    let (one, two) = ([10, 0, 0, 7].into(), [10, 0, 0, 8].into());
    dns.insert_at(20 * SECOND, "Service.", []);
    dns.insert("service", [one, two]);
    dns.insert_at(10 * SECOND, "SERVICE", [two]);
    assert_eq!(a.lookup("service").unwrap(), [one, two]);
    world.advance(Some(10 * SECOND));
    assert_eq!(a.lookup("service").unwrap(), [two]);
    assert_eq!(a.lookup_delay("service"), Duration::ZERO);
    dns.delay(SECOND..=2 * SECOND).unwrap();
    let delays: Vec<_> = (0..100).map(|_| a.lookup_delay("service")).collect();
    assert!(delays.iter().all(|delay| (SECOND..=2 * SECOND).contains(delay)));
    assert!(delays.iter().any(|delay| *delay != delays[0]));
    assert_eq!(a.lookup_delay("10.0.0.1"), Duration::ZERO);
    assert_eq!(a.lookup_delay("localhost"), Duration::ZERO);
    assert_eq!(world.strikes().get(FaultKind::Dns), 100);
    world.advance(Some(20 * SECOND));
    let unknown = a.lookup("service").unwrap_err().to_string();
    assert!(unknown.ends_with("Name or service not known"), "{unknown}");
    assert_eq!(world.strikes().get(FaultKind::Dns), 100, "that is no fault");

    dns.insert("service", [one]);
    dns.fail("service", LookupFailure::Temporary);
    let temporary = a.lookup("service").unwrap_err().to_string();
    assert!(temporary.ends_with("Temporary failure in name resolution"), "{temporary}");
    assert!(a.lookup("a").is_ok() && a.lookup("10.0.0.1").is_ok() && a.lookup("localhost").is_ok());
    dns.mend("service");
    assert!(a.lookup("service").is_ok());
    dns.fail_by_chance(LookupFailure::Unknown, 0.5).unwrap();
    let failed = (0..100).filter(|_| a.lookup("service").is_err()).count();
    assert!((30..70).contains(&failed), "{failed}");
    assert!(dns.fail_by_chance(LookupFailure::Unknown, -1.0).is_err());
    dns.heal();
    assert!((0..100).all(|_| a.lookup("service").is_ok()));
    assert_eq!(a.lookup_delay("service"), Duration::ZERO);
}
