//! Rules over packets, and single packets that are lost by name.

use super::common::*;
use minato_sim::{FaultKind, Packet, PacketKind, PacketName, Verdict, World};
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MS: fn(u64) -> Duration = Duration::from_millis;

/// What a rule has seen, and the rule that notes it.
fn noting(world: &World) -> (Arc<Mutex<Vec<String>>>, minato_sim::Rule) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = seen.clone();
    let rule = world.rule(move |packet| {
        notes.lock().unwrap().push(format!(
            "{} {:?} {}",
            packet.name(),
            packet.kind(),
            packet.len()
        ));
        Verdict::Pass
    });
    (seen, rule)
}

#[test]
fn a_rule_sees_every_packet_with_its_name() {
    let world = World::new(1);
    let (seen, _rule) = noting(&world);
    let Pair { world, a, b, client, server, .. } = pair_in(world);
    client.send(b"four").unwrap();
    settle(&world);
    receive(&server, 9).unwrap();
    datagram(&a).send_to(b"x", (b.ip(), 7000).into()).unwrap();
    drop(client);
    settle(&world);
    let seen = seen.lock().unwrap();
    let expected = [
        "a>b#0>0 Syn 0",
        "a>b#0<0 SynAck 0",
        "a>b#0>1 Ack 0",
        "a>b#0>2 Data 4",
        "a>b#0<1 Ack 0",
        "a>b~0 Datagram 1",
        "a>b#0>3 Fin 0",
    ];
    assert_eq!(*seen, expected);
}

#[test]
fn a_rule_reads_addresses_and_bytes() {
    let world = World::new(1);
    let found = Arc::new(Mutex::new(Vec::new()));
    let notes = found.clone();
    let _rule = world.rule(move |packet: &Packet<'_>| {
        if packet.payload().windows(5).any(|window| window == b"needl") {
            let text = format!("{packet:?}");
            assert!(text.contains("a>b#0>"), "{text}");
            assert_eq!((packet.from(), packet.to()), ("a", "b"));
            assert_eq!(packet.wire_len(), packet.len() + 40);
            assert!(packet.is_stream() && !packet.is_syn() && !packet.is_empty());
            assert_eq!(packet.draw(1000), packet.draw(1000));
            notes.lock().unwrap().push((packet.now(), packet.source(), packet.destination()));
        }
        Verdict::Pass
    });
    let Pair { world, client, server, .. } = pair_in(world);
    let sent_at = world.now();
    client.send(b"hay hay needle hay").unwrap();
    settle(&world);
    // The bytes of the ring wrap around after a while.
    receive(&server, 99).unwrap();
    let addresses = (client.local_addr().unwrap(), server.local_addr().unwrap());
    assert_eq!(*found.lock().unwrap(), [(sent_at, addresses.0, addresses.1)]);
}

#[test]
fn a_dropped_rule_has_ended_and_frees_what_it_holds() {
    let Pair { world, a, b, .. } = pair();
    let (sender, receiver) = (datagram(&a), bound(&b, 7000));
    let held = Arc::new(());
    let holds = held.clone();
    let rule = world.rule(move |packet| {
        let _holds = &holds;
        if packet.kind() == PacketKind::Datagram { Verdict::Drop } else { Verdict::Pass }
    });
    let to = (b.ip(), 7000).into();
    sender.send_to(b"one", to).unwrap();
    drop(rule);
    assert_eq!(Arc::strong_count(&held), 1);
    sender.send_to(b"two", to).unwrap();
    settle(&world);
    assert_eq!(receive(&receiver, 9).unwrap(), b"two");
    assert_eq!(errno(receive(&receiver, 9)), EAGAIN);
    assert_eq!(world.strikes().get(FaultKind::Rule), 1);
    world.rule(|_| Verdict::Drop).keep();
    sender.send_to(b"three", to).unwrap();
    settle(&world);
    assert_eq!(errno(receive(&receiver, 9)), EAGAIN, "it is kept");
}

#[test]
fn datagrams_meet_every_verdict() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let (sender, receiver) = (datagram(&a), bound(&b, 7000));
    let _rule = world.rule(|packet| match packet.payload() {
        b"drop" => Verdict::Drop,
        b"delay" => Verdict::Delay(MS(50)),
        b"twice" => Verdict::Duplicate(MS(20)),
        b"corrupt" | b"" => Verdict::Corrupt,
        b"reset" => Verdict::Reset,
        _ => Verdict::Pass,
    });
    for text in ["drop", "delay", "twice", "corrupt", "", "reset", "pass"] {
        sender.send_to(text.as_bytes(), (b.ip(), 7000).into()).unwrap();
    }
    let mut arrived = Vec::new();
    while world.advance(None) {
        while let Ok(bytes) = receive(&receiver, 9) {
            arrived.push((world.now() / 10_000_000 * 10, bytes));
        }
    }
    arrived.sort();
    let texts: Vec<_> = arrived.iter().map(|(_, bytes)| bytes.clone()).collect();
    let corrupted = texts.iter().find(|text| text.len() == 7).unwrap();
    assert_ne!(corrupted, b"corrupt");
    assert_eq!(texts.iter().filter(|text| *text == b"twice").count(), 2);
    assert_eq!(texts.last().unwrap(), b"delay");
    assert_eq!(texts.len(), 5, "{texts:?}");
    assert!(world.now() >= MS(50));
    assert_eq!(world.strikes().get(FaultKind::Rule), 6);
}

#[test]
fn a_stream_meets_every_verdict() {
    for (verdict, at_least) in [
        (Verdict::Drop, MS(200)),
        (Verdict::Corrupt, MS(200)),
        (Verdict::Delay(MS(70)), MS(70)),
        (Verdict::Duplicate(MS(1)), MS(0)),
    ] {
        let Pair { world, client, server, .. } = pair();
        let begun = world.now();
        let mut first = true;
        let _rule = world.rule(move |packet| {
            let hit = packet.kind() == PacketKind::Data && std::mem::take(&mut first);
            if hit { verdict } else { Verdict::Pass }
        });
        client.send(b"one ").unwrap();
        client.send(b"two").unwrap();
        let mut received = Vec::new();
        while received.len() < 7 {
            assert!(world.advance(None), "{verdict:?}");
            received.extend(receive(&server, 9).unwrap_or_default());
        }
        assert_eq!(received, b"one two");
        let took = world.now() - begun;
        assert!((at_least..at_least + MS(10)).contains(&took), "{verdict:?}: {took:?}");
    }
    let Pair { world, client, server, .. } = pair();
    let _rule = world
        .rule(|packet| if packet.payload() == b"poison" { Verdict::Reset } else { Verdict::Pass });
    client.send(b"good").unwrap();
    client.send(b"poison").unwrap();
    settle(&world);
    assert_eq!(receive(&server, 99).unwrap(), b"good");
    assert_eq!(errno(receive(&server, 99)), ECONNRESET);
    assert_eq!(errno(receive(&client, 99)), ECONNRESET);
    assert_eq!(world.strikes().get(FaultKind::Reset), 1);
}

/// A rule that resets whatever it sees also sees resets that hosts send.
#[test]
fn a_rule_that_resets_everything_comes_to_an_end() {
    let world = World::new(1);
    let _rule = world.rule(|_| Verdict::Reset);
    let (a, b) = (world.host("a"), world.host("b"));
    let client = connecting(&a, &b, 7000);
    settle(&world);
    assert_eq!(errno(receive(&client, 1)), ECONNREFUSED);
    drop(client);
    settle(&world);
    assert_eq!(world.open_connections(), 0);
}

#[test]
fn rules_are_asked_in_order_until_one_loses_the_packet() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let (sender, receiver) = (datagram(&a), bound(&b, 7000));
    let _slow = world.rule(|_| Verdict::Delay(MS(10)));
    let _slower = world.rule(|_| Verdict::Delay(MS(20)));
    let _drop = world.rule(|packet| match packet.payload() {
        b"lost" => Verdict::Drop,
        _ => Verdict::Pass,
    });
    let (seen, _noting) = noting(&world);
    for text in ["lost", "kept"] {
        sender.send_to(text.as_bytes(), (b.ip(), 7000).into()).unwrap();
    }
    settle(&world);
    assert_eq!(receive(&receiver, 9).unwrap(), b"kept");
    assert!((MS(30)..MS(32)).contains(&world.now()));
    assert_eq!(*seen.lock().unwrap(), ["a>b~1 Datagram 4"]);
}

#[test]
fn a_packet_to_nobody_can_be_lost_too() {
    let world = World::new(1);
    let a = world.host("a");
    let rule =
        world.rule(|packet| if packet.to().is_empty() { Verdict::Drop } else { Verdict::Pass });
    let client = stream(&a);
    assert_eq!(errno(client.connect(address("192.0.2.1:7"))), EINPROGRESS);
    settle(&world);
    assert_eq!(errno(receive(&client, 1)), ETIMEDOUT);
    assert_eq!(world.now().as_secs(), 127);
    drop(rule);
    let client = stream(&a);
    assert_eq!(errno(client.connect(address("192.0.2.1:7"))), EINPROGRESS);
    settle(&world);
    assert_eq!(errno(receive(&client, 1)), EHOSTUNREACH);
}

#[test]
fn one_packet_is_lost_by_its_name() {
    for (name, waits) in [("a>b#0>0", 1000), ("a>b#0<0", 1000), ("a>b#0>2", 200), ("a>b#0>9", 0)] {
        let world = World::new(1);
        let _hosts = (world.host("a"), world.host("b"));
        world.lose(&name.parse().unwrap()).unwrap();
        let Pair { world, client, server, .. } = pair_in(world);
        client.send(b"x").unwrap();
        let mut received = receive(&server, 1);
        while received.is_err() {
            assert!(world.advance(None));
            received = receive(&server, 1);
        }
        let lost = world.strikes().get(FaultKind::Lose);
        assert_eq!(lost, u64::from(waits > 0), "{name}");
        assert!(world.now() >= MS(waits), "{name}: {:?}", world.now());
    }
    let world = World::new(1);
    world.host("a");
    let unknown: PacketName = "a>z~0".parse().unwrap();
    let error = world.lose(&unknown).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("'z'"), "{error}");
}

/// What a rule does panics instead of waiting for ever, and the world can be used after it.
#[test]
fn a_rule_that_calls_its_world_is_told_so() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let sender = datagram(&a);
    let other = World::new(2);
    for number in 0..3 {
        let (world_of_rule, host, other) = (world.clone(), a.clone(), other.clone());
        let rule = world.rule(move |_| {
            match number {
                0 => drop(world_of_rule.now()),
                1 => drop(host.name()),
                _ => drop(other.now()),
            }
            Verdict::Pass
        });
        let send = || sender.send_to(b"x", (b.ip(), 7000).into());
        let result = catch_unwind(AssertUnwindSafe(send));
        if number == 2 {
            assert!(result.is_ok(), "another world may be asked");
        } else {
            let panic = result.unwrap_err();
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or(panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            assert!(text.unwrap().contains("a rule called into its own world"));
        }
        drop(rule);
        settle(&world);
    }
}
