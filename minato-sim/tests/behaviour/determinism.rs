//! The same seed does the same; the record tells.

use super::common::*;
use minato_sim::{Family, Host, Kind, Verdict, World};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A bit of everything.
fn run(seed: u64) -> World {
    let Pair { world, a, b, client, server, listener } = pair_in(World::new(seed));
    let receiver = bound(&b, 7000);
    let sender = datagram(&a);
    for round in 0..20 {
        client.send(&[round; 100]).unwrap();
        sender.send_to(&[round], (b.ip(), 7000).into()).unwrap();
        if round == 10 {
            world.partition(&a, &b);
        }
        if round == 15 {
            world.heal(&a, &b);
        }
        for _ in 0..world.choose("steps", 0, 4) {
            world.advance(None);
        }
        let _ = (receive(&server, 1000), receive(&receiver, 1000));
    }
    drop((client, server, listener));
    settle(&world);
    world
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let (first, second) = (run(7), run(7));
    assert_eq!(first.trace_hash(), second.trace_hash());
    assert_eq!(first.record().count(), second.record().count());
    assert_eq!(first.record().text(), second.record().text());
    assert_eq!(first.now(), second.now());
    assert_ne!(first.trace_hash(), run(8).trace_hash());
}

/// Something besides seed and calls decides: here, how often the test program ran it before.
#[test]
fn the_canary_lets_something_else_decide_and_is_found() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let canary = || {
        let Pair { world, client, .. } = pair_in(World::new(7));
        client.send(&vec![1; 1 + RUNS.fetch_add(1, Ordering::Relaxed) as usize]).unwrap();
        settle(&world);
        world.trace_hash()
    };
    assert_ne!(canary(), canary());
}

/// Which verb carries the bytes.
#[derive(Clone, Copy, Debug)]
enum Carrier {
    Stream,
    Forced,
    Datagram,
    Message,
}

fn hash_of(carrier: Carrier, bytes: &[u8]) -> u64 {
    let Pair { world, a, b, client, .. } = pair_in(World::new(1));
    let sender = datagram(&a);
    let to = (b.ip(), 7000).into();
    match carrier {
        Carrier::Stream => assert_eq!(client.send(bytes).unwrap(), bytes.len()),
        Carrier::Forced => client.force_send(bytes).unwrap(),
        Carrier::Datagram => assert_eq!(sender.send_to(bytes, to).unwrap(), bytes.len()),
        Carrier::Message => drop(sender.send_message(bytes, to, 0, None).unwrap()),
    }
    settle(&world);
    world.trace_hash()
}

#[test]
fn each_bit_that_is_sent_changes_the_hash() {
    for carrier in [Carrier::Stream, Carrier::Forced, Carrier::Datagram, Carrier::Message] {
        // Lengths around the width of the hash.
        for len in [1, 7, 8, 9, 31, 32, 33, 63, 64, 65] {
            let mut bytes = vec![0; len];
            let mut hashes = vec![hash_of(carrier, &bytes)];
            for bit in 0..8 * len {
                bytes[bit / 8] ^= 1 << (bit % 8);
                hashes.push(hash_of(carrier, &bytes));
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            hashes.sort_unstable();
            hashes.dedup();
            assert_eq!(hashes.len(), 8 * len + 1, "{carrier:?} of {len} bytes");
        }
    }
}

#[test]
fn the_order_of_words_changes_the_hash() {
    let words: Vec<u8> = (0_u64..64).flat_map(u64::to_le_bytes).collect();
    let mut swapped = words.clone();
    for (one, other) in [(0, 8), (0, 32), (8, 256), (64, 504)] {
        swapped.copy_from_slice(&words);
        for at in 0..8 {
            swapped.swap(one + at, other + at);
        }
        let (straight, crossed) =
            (hash_of(Carrier::Stream, &words), hash_of(Carrier::Stream, &swapped));
        assert_ne!(straight, crossed, "the words at {one} and {other}");
    }
}

#[test]
fn the_line_of_a_record_changes_the_hash() {
    let hash = |line: &str| {
        let world = World::new(1);
        world.note(line);
        world.trace_hash()
    };
    assert_ne!(hash("one"), hash("two"));
    assert_ne!(hash(""), hash("\0"));
}

#[test]
fn every_record_changes_the_hash() {
    let world = World::new(1);
    let mut hashes = vec![world.trace_hash()];
    world.choose("site", 0, 2);
    hashes.push(world.trace_hash());
    world.note("a line");
    hashes.push(world.trace_hash());
    drop(listener(&world.host("a"), 7000, 1));
    hashes.push(world.trace_hash());
    hashes.dedup();
    assert_eq!(hashes.len(), 4);
    let other = World::new(1);
    other.advance(Some(Duration::from_nanos(1)));
    other.choose("site", 0, 2);
    assert_ne!(other.trace_hash(), hashes[1], "the time counts");
}

#[test]
fn the_tail_is_readable_and_bounded() {
    let world = World::builder().recorded_events(3).build();
    for n in 0..10 {
        world.note(format!("line {n}"));
    }
    assert_eq!(world.record().tail(2), ["0.000000000s line 8", "0.000000000s line 9"]);
    assert_eq!(world.record().tail(100).len(), 3);
    assert_eq!(world.record().count(), 10);
}

#[test]
fn netstat_lists_every_socket_and_the_counters_find_leaks() {
    let Pair { world, client, server, listener, .. } = pair();
    client.send(b"four").unwrap();
    settle(&world);
    let udp = bound(&world.host("a"), 9000);
    let text = world.netstat();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert_eq!(world.open_sockets(), 4);
    for expected in [
        "a tcp 10.0.0.1:32768 10.0.0.2:7000 ESTABLISHED receive-queue 0 send-queue",
        "b tcp 10.0.0.2:7000 10.0.0.1:32768 ESTABLISHED receive-queue 4 send-queue 0",
        "b tcp 0.0.0.0:7000 *:* LISTEN receive-queue 0 send-queue 0",
        "a udp 0.0.0.0:9000 *:* UNCONNECTED",
    ] {
        assert!(lines.iter().any(|line| line.starts_with(expected)), "{expected} in\n{text}");
    }
    drop((client, server, listener, udp));
    settle(&world);
    assert_eq!((world.open_sockets(), world.open_connections()), (0, 0));
}

#[test]
fn worlds_hosts_and_sockets_go_to_any_thread() {
    fn check<T: Send + Sync + 'static>() {}
    check::<World>();
    check::<minato_sim::Host>();
    check::<minato_sim::Socket>();
    let Pair { world, client, server, .. } = pair();
    std::thread::spawn(move || client.send(b"x").unwrap()).join().unwrap();
    // The socket was dropped on its thread: the byte and the end of the stream are under way.
    settle(&world);
    assert_eq!(receive(&server, 8).unwrap(), b"x");
}

/// What makes a world look closer at each packet, and changes none.
#[derive(Clone, Copy, Debug)]
enum Slowly {
    /// A rule that lets everything pass.
    Rule,
    /// Bytes that are kept, too.
    Capture,
}

/// Streams of one family between two hosts, within one, and from a socket to itself.
fn streams(family: Family, slowly: Option<Slowly>) -> World {
    let capture = if matches!(slowly, Some(Slowly::Capture)) { 10 } else { 0 };
    let world = World::builder().seed(9).capture(capture).build();
    let (a, b) = (world.host("a"), world.host("b"));
    let _rule = matches!(slowly, Some(Slowly::Rule)).then(|| world.rule(|_| Verdict::Pass));
    let any = address(if family == Family::V4 { "0.0.0.0:7000" } else { "[::]:7000" });
    let ip = |host: &Host| if family == Family::V4 { host.ip() } else { host.ip_v6() };
    let new = |host: &Host| host.socket(family, Kind::Stream).unwrap();
    let listener = new(&b);
    listener.bind(any).unwrap();
    listener.listen(4).unwrap();
    let mut sockets = vec![new(&a), new(&b), new(&a)];
    sockets[0].connect((ip(&b), 7000).into()).unwrap_err();
    sockets[1].connect((ip(&b), 7000).into()).unwrap_err();
    sockets[2].bind(any).unwrap();
    sockets[2].connect((ip(&a), 7000).into()).unwrap_err();
    settle(&world);
    sockets.extend([listener.accept().unwrap().0, listener.accept().unwrap().0]);
    for round in 1..=30_usize {
        for (index, socket) in sockets.iter().enumerate() {
            socket.send(&vec![round as u8; round * (index + 50)]).unwrap();
        }
        world.advance(None);
        if round % 4 == 0 {
            sockets.iter().for_each(|socket| drop(receive(socket, 10_000)));
        }
    }
    settle(&world);
    sockets.pop().unwrap().shutdown(std::net::Shutdown::Write).unwrap();
    drop(sockets);
    settle(&world);
    world
}

#[test]
fn packets_of_streams_go_the_same_way_however_it_is_decided() {
    for family in [Family::V4, Family::V6] {
        let plain = streams(family, None);
        for slowly in [Slowly::Rule, Slowly::Capture] {
            let other = streams(family, Some(slowly));
            assert_eq!(plain.trace_hash(), other.trace_hash(), "{family:?}, {slowly:?}");
            assert_eq!(plain.now(), other.now(), "{family:?}, {slowly:?}");
        }
        assert!(plain.trace_count() > 300, "{}", plain.record().text());
    }
}
