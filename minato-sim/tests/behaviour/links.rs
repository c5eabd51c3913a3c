//! What links do to packets: each fault strikes, and ends.

use super::common::*;
use minato_sim::{Family, FaultKind, Host, Kind, Latency, Socket, SocketOption, World};
use std::io::ErrorKind;
use std::time::Duration;

const MS: fn(u64) -> Duration = Duration::from_millis;

/// Two hosts, and a socket for datagrams on each, of which the one of `b` has the port 7000.
struct Ends {
    world: World,
    b: Host,
    sender: Socket,
    receiver: Socket,
}

fn ends(seed: u64) -> Ends {
    let world = World::new(seed);
    let (a, b) = (world.host("a"), world.host("b"));
    let (sender, receiver) = (datagram(&a), bound(&b, 7000));
    Ends { world, b, sender, receiver }
}

impl Ends {
    /// Sends datagrams with these numbers, one a millisecond, and returns what arrives.
    fn pass(&self, numbers: std::ops::Range<u32>) -> Vec<u32> {
        for number in numbers {
            self.sender.send_to(&number.to_be_bytes(), (self.b.ip(), 7000).into()).unwrap();
            run_for(&self.world, MS(1));
        }
        settle(&self.world);
        self.received()
    }

    fn received(&self) -> Vec<u32> {
        let numbers = std::iter::from_fn(|| receive(&self.receiver, 9).ok());
        numbers.map(|bytes| u32::from_be_bytes(bytes.try_into().unwrap())).collect()
    }

    fn struck(&self, kind: FaultKind) -> u64 {
        self.world.strikes().get(kind)
    }
}

/// Lets this much time pass.
pub(crate) fn run_for(world: &World, time: Duration) {
    let until = world.now() + time;
    while world.advance(Some(until)) {}
}

#[test]
fn loss_strikes_one_direction_as_often_as_it_says_and_ends() {
    for (probability, at_least, at_most) in [(0.01, 2, 25), (0.2, 150, 250), (1.0, 1000, 1000)] {
        let ends = ends(3);
        ends.world.link("a", "b").unwrap().loss(probability).unwrap();
        // The buffer of a socket has room for 256 of them.
        let arrived: usize = (0..10).map(|n| ends.pass(n * 100..n * 100 + 100).len()).sum();
        let lost = 1000 - arrived as u64;
        assert_eq!(ends.struck(FaultKind::Loss), lost);
        assert!((at_least..=at_most).contains(&lost), "{probability}: {lost}");
        ends.world.link("a", "b").unwrap().loss(0.0).unwrap();
        assert_eq!(ends.pass(0..100).len(), 100);
        assert_eq!(ends.struck(FaultKind::Loss), lost, "it has ended");
    }
    let ends = ends(3);
    ends.world.link("b", "a").unwrap().loss(1.0).unwrap();
    assert_eq!(ends.pass(0..10).len(), 10, "that is the other direction");
}

#[test]
fn a_duplicated_datagram_is_received_twice() {
    let ends = ends(1);
    ends.world.links().duplicate(1.0).unwrap();
    let mut arrived = ends.pass(0..50);
    arrived.sort_unstable();
    let twice: Vec<u32> = (0..50).flat_map(|number| [number, number]).collect();
    assert_eq!(arrived, twice);
    assert_eq!(ends.struck(FaultKind::Duplicate), 50);
    ends.world.links().duplicate(0.0).unwrap();
    assert_eq!(ends.pass(0..50).len(), 50);
}

#[test]
fn a_datagram_that_is_held_back_is_overtaken() {
    let ends = ends(1);
    let link = ends.world.link("a", "b").unwrap();
    link.latency(MS(1)).unwrap();
    assert_eq!(ends.pass(0..50), (0..50).collect::<Vec<_>>());
    link.reorder(0.2, MS(10)).unwrap();
    let arrived = ends.pass(0..50);
    assert_eq!(arrived.len(), 50);
    assert!(!arrived.is_sorted(), "{arrived:?}");
    assert!((3..20).contains(&ends.struck(FaultKind::Reorder)));
    link.reorder(0.0, MS(10)).unwrap();
    assert_eq!(ends.pass(0..50), (0..50).collect::<Vec<_>>());
}

#[test]
fn a_corrupted_datagram_is_lost_unless_nobody_notices() {
    let ends = ends(1);
    let link = ends.world.link("a", "b").unwrap();
    link.corrupt(1.0).unwrap();
    assert_eq!(ends.pass(0..10), []);
    link.corrupt(0.0).unwrap().corrupt_unnoticed(1.0).unwrap();
    for number in 0..10 {
        let arrived = ends.pass(number..number + 1);
        assert_eq!(arrived.len(), 1);
        assert_ne!(arrived, [number]);
    }
    assert_eq!(ends.struck(FaultKind::Corrupt), 20);
    ends.sender.send_to(&[], (ends.b.ip(), 7000).into()).unwrap();
    settle(&ends.world);
    assert_eq!(ends.received(), [], "without bytes only the header can be wrong");
    link.corrupt_unnoticed(0.0).unwrap();
    assert_eq!(ends.pass(0..3), [0, 1, 2]);
}

/// When a packet arrives that is sent now.
fn flight(ends: &Ends) -> Duration {
    let sent = ends.world.now();
    ends.sender.send_to(&[0; 4], (ends.b.ip(), 7000).into()).unwrap();
    settle(&ends.world);
    assert_eq!(ends.received().len(), 1);
    ends.world.now() - sent
}

#[test]
fn latency_is_by_direction_and_by_distribution() {
    let ends = ends(1);
    let link = ends.world.link("a", "b").unwrap();
    link.back().latency(MS(500)).unwrap();
    assert!(flight(&ends) <= MS(1), "that is the other direction");
    link.latency(MS(30)).unwrap();
    assert_eq!(flight(&ends), MS(30));
    link.slow(MS(12)).unwrap();
    assert_eq!(flight(&ends), MS(42));
    assert_eq!(ends.struck(FaultKind::Slow), 1);
    link.slow(Duration::ZERO).unwrap();
    assert_eq!(flight(&ends), MS(30));
    for (latency, mean, deviation) in [
        (Latency::uniform(MS(10), MS(30)), 20.0, 5.8),
        (Latency::normal(MS(50), MS(5)), 50.0, 5.0),
        (Latency::exponential(MS(8)).plus(MS(20)), 28.0, 8.0),
    ] {
        link.latency(latency).unwrap();
        let flights: Vec<f64> = (0..2000).map(|_| 1000.0 * flight(&ends).as_secs_f64()).collect();
        let average = flights.iter().sum::<f64>() / 2000.0;
        let square: f64 = flights.iter().map(|flight| (flight - average).powi(2)).sum();
        let spread = (square / 2000.0).sqrt();
        assert!((average - mean).abs() < 0.5, "{latency:?}: {average}");
        assert!((spread - deviation).abs() < 0.6, "{latency:?}: {spread}");
    }
    link.reset_to_default();
    assert!(flight(&ends) <= MS(1));
}

#[test]
fn what_a_link_is_told_comes_before_the_default() {
    let ends = ends(1);
    ends.world.links().latency(MS(5)).unwrap();
    ends.world.link("a", "b").unwrap().loss(0.0).unwrap();
    ends.world.links().loss(1.0).unwrap();
    assert_eq!(flight(&ends), MS(5));
    ends.world.link("a", "b").unwrap().reset_to_default();
    assert_eq!(ends.pass(0..3), []);
    ends.world.links().loss(0.0).unwrap().cut();
    assert_eq!(ends.pass(0..3), []);
    ends.world.links().mend();
    assert_eq!(ends.pass(0..3), [0, 1, 2]);
}

#[test]
fn a_megabyte_a_second_takes_ten_seconds_for_ten_megabytes() {
    const TOTAL: usize = 10_000_000;
    for mtu in [None, Some(1500)] {
        let Pair { world, client, server, .. } = pair();
        let link = world.link("a", "b").unwrap();
        link.rate(1_000_000).unwrap();
        if let Some(mtu) = mtu {
            link.mtu(mtu).unwrap();
        }
        let begun = world.now();
        let (mut sent, mut received) = (0, 0);
        while received < TOTAL {
            while sent < TOTAL {
                match client.send(&vec![7; (TOTAL - sent).min(65_536)]) {
                    Ok(count) => sent += count,
                    Err(_) => break,
                }
            }
            assert!(world.advance(None), "{received} of {TOTAL} bytes");
            while let Ok(bytes) = receive(&server, 65_536) {
                received += bytes.len();
            }
        }
        let took = (world.now() - begun).as_secs_f64();
        assert!((10.0..10.5).contains(&took), "{took} s");
        assert!(world.strikes().get(FaultKind::Rate) > 100);
    }
}

#[test]
fn a_queue_drops_what_finds_no_room() {
    let ends = ends(1);
    let link = ends.world.link("a", "b").unwrap();
    // A datagram has 32 bytes with its headers: one takes 32 ms, and ten may wait.
    link.rate(1000).unwrap().queue(320).unwrap();
    for number in 0..50_u32 {
        ends.sender.send_to(&number.to_be_bytes(), (ends.b.ip(), 7000).into()).unwrap();
    }
    settle(&ends.world);
    assert_eq!(ends.received(), (0..10).collect::<Vec<_>>());
    assert_eq!(ends.struck(FaultKind::Queue), 40);
    assert!((MS(320)..MS(322)).contains(&ends.world.now()), "{:?}", ends.world.now());
    assert_eq!(ends.pass(0..2), [0, 1], "there is room again");
    link.queue(u64::MAX).unwrap();
    assert_eq!(ends.pass(0..50).len(), 50);
}

#[test]
fn a_queue_smaller_than_a_segment_does_not_stop_a_stream() {
    let Pair { world, client, server, .. } = pair();
    world.link("a", "b").unwrap().rate(100_000).unwrap().queue(10).unwrap();
    client.send(&[7; 200_000]).unwrap();
    let mut received = 0;
    while received < 200_000 {
        assert!(world.advance(None), "{received} bytes");
        received += receive(&server, 65_536).map_or(0, |bytes| bytes.len());
    }
    assert!(world.strikes().get(FaultKind::Queue) > 0);
}

#[test]
fn segments_fit_the_mtu() {
    for (mtu, most) in [(68, 28), (1500, 1460), (9000, 8960)] {
        let Pair { world, client, server, .. } = pair();
        world.link("a", "b").unwrap().mtu(mtu).unwrap();
        let largest = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let noted = largest.clone();
        let _rule = world.rule(move |packet| {
            noted.fetch_max(packet.len(), std::sync::atomic::Ordering::Relaxed);
            minato_sim::Verdict::Pass
        });
        client.send(&[1; 20_000]).unwrap();
        settle(&world);
        assert_eq!(receive(&server, 30_000).unwrap(), [1; 20_000]);
        assert_eq!(largest.load(std::sync::atomic::Ordering::Relaxed), most);
    }
}

#[test]
fn a_datagram_above_the_mtu_goes_in_pieces_and_is_lost_with_any_of_them() {
    let ends = ends(1);
    let link = ends.world.link("a", "b").unwrap();
    link.mtu(1500).unwrap();
    let to = (ends.b.ip(), 7000).into();
    let send = |len: usize| {
        ends.sender.send_to(&vec![7; len], to).unwrap();
        settle(&ends.world);
        receive(&ends.receiver, 70_000).is_ok_and(|bytes| bytes == vec![7; len])
    };
    assert!(send(1472));
    assert_eq!(ends.struck(FaultKind::Mtu), 0);
    assert!(send(1473) && send(60_000));
    assert_eq!(ends.struck(FaultKind::Mtu), 2);
    link.loss(0.02).unwrap();
    let whole = (0..500).filter(|_| send(1472)).count();
    let pieces = (0..500).filter(|_| send(41 * 1480)).count();
    // One packet arrives with 0.98, and 42 pieces all arrive with 0.98 to the power of 42.
    assert!((475..=500).contains(&whole), "{whole}");
    assert!((170..=260).contains(&pieces), "{pieces}");
}

#[test]
fn a_datagram_that_must_not_be_split_is_refused() {
    let ends = ends(1);
    let to = (ends.b.ip(), 7000).into();
    ends.world.link("a", "b").unwrap().mtu(1500).unwrap();
    ends.sender.set_option(SocketOption::DontFragment(true)).unwrap();
    assert_eq!(errno(ends.sender.send_to(&[0; 1473], to)), EMSGSIZE);
    assert_eq!(ends.sender.send_to(&[0; 1472], to).unwrap(), 1472);
    assert_eq!(ends.struck(FaultKind::Mtu), 1);
    ends.sender.set_option(SocketOption::DontFragment(false)).unwrap();
    assert_eq!(ends.sender.send_to(&[0; 1473], to).unwrap(), 1473);
    let v6 = ends.world.host("a").socket(Family::V6, Kind::Datagram).unwrap();
    v6.set_option(SocketOption::DontFragment(true)).unwrap();
    ends.world.link("a", "b").unwrap().mtu(68).unwrap();
    let to = (ends.b.ip_v6(), 7000).into();
    assert_eq!(v6.send_to(&[0; 1232], to).unwrap(), 1232, "the least MTU of IPv6");
    assert_eq!(errno(v6.send_to(&[0; 1233], to)), EMSGSIZE);
}

#[test]
fn a_cut_is_one_way() {
    let Pair { world, client, server, .. } = pair();
    let link = world.link("a", "b").unwrap();
    link.cut();
    server.send(b"there").unwrap();
    client.send(b"back").unwrap();
    run_for(&world, MS(100));
    assert_eq!(receive(&client, 9).unwrap(), b"there");
    assert_eq!(errno(receive(&server, 9)), EAGAIN);
    assert!(world.strikes().get(FaultKind::Cut) > 0);
    link.mend();
    settle(&world);
    assert_eq!(receive(&server, 9).unwrap(), b"back");
}

#[test]
fn a_flapping_link_is_up_and_down_in_turns() {
    let ends = ends(1);
    let link = ends.world.link("a", "b").unwrap();
    run_for(&ends.world, MS(7));
    link.latency(Duration::ZERO).unwrap().flap(MS(10), MS(5)).unwrap();
    let up = (0..45).filter(|number| number % 15 < 10);
    assert_eq!(ends.pass(0..45), up.collect::<Vec<_>>());
    assert_eq!(ends.struck(FaultKind::Flap), 15);
    link.mend();
    assert_eq!(ends.pass(0..45).len(), 45);
}

#[test]
fn a_clogged_link_holds_packets_until_it_is_unclogged() {
    let Pair { world, a, b, client, server, .. } = pair();
    let (sender, receiver) = (datagram(&a), bound(&b, 7000));
    let link = world.link("a", "b").unwrap();
    link.clog();
    for part in [b"one ", b"two "] {
        client.send(part).unwrap();
        run_for(&world, MS(5));
    }
    sender.send_to(b"datagram", (b.ip(), 7000).into()).unwrap();
    server.send(b"free").unwrap();
    run_for(&world, Duration::from_secs(5));
    assert_eq!(receive(&client, 9).unwrap(), b"free");
    assert_eq!(errno(receive(&server, 9)), EAGAIN);
    assert_eq!(errno(receive(&receiver, 9)), EAGAIN);
    assert!(world.strikes().get(FaultKind::Clog) >= 3);
    let before = world.now();
    link.unclog();
    client.send(b"three").unwrap();
    settle(&world);
    assert_eq!(receive(&server, 99).unwrap(), b"one two three");
    assert_eq!(receive(&receiver, 99).unwrap(), b"datagram");
    assert!(world.now() - before < MS(10));
}

#[test]
fn the_end_of_a_stream_stays_behind_its_bytes_in_a_clogged_link() {
    let Pair { world, client, server, .. } = pair();
    world.links().clog();
    for part in [&b"one"[..], b" two", b" three"] {
        client.send(part).unwrap();
    }
    client.shutdown(std::net::Shutdown::Write).unwrap();
    run_for(&world, MS(50));
    world.links().unclog();
    let mut received = Vec::new();
    loop {
        match receive(&server, 99) {
            Ok(bytes) if bytes.is_empty() => break,
            Ok(bytes) => received.extend(bytes),
            Err(_) => assert!(world.advance(None)),
        }
    }
    assert_eq!(received, b"one two three");
}

#[test]
fn what_a_clogged_link_holds_of_a_closed_connection_is_no_leak() {
    let world = World::builder().send_buffer(100).build();
    let Pair { world, client, server, listener, .. } = pair_in(world);
    world.links().clog();
    client.send(&[1; 100]).unwrap();
    assert_eq!(errno(client.send(&[1; 100])), EAGAIN);
    world.links().unclog();
    world.link("b", "a").unwrap().clog();
    run_for(&world, MS(100));
    assert_eq!(receive(&server, 200).unwrap(), [1; 100]);
    assert_eq!(errno(client.send(&[2; 100])), EAGAIN, "the acknowledgement is held");
    world.link("b", "a").unwrap().unclog();
    settle(&world);
    assert_eq!(client.send(&[2; 100]).unwrap(), 100);
    world.links().clog();
    drop((client, server, listener));
    settle(&world);
    world.links().unclog();
    settle(&world);
    assert_eq!((world.open_sockets(), world.open_connections()), (0, 0));
}

#[test]
fn a_reset_ends_all_connections_between_two_hosts_at_both_ends() {
    let Pair { world, a, b, client, server, listener } = pair();
    let c = world.host("c");
    let other = connecting(&c, &b, 7000);
    let second = connecting(&b, &a, 7001);
    settle(&world);
    let (others, _) = listener.accept().unwrap();
    assert_eq!(errno(receive(&second, 1)), ECONNREFUSED, "nobody listens");
    client.send(b"last words").unwrap();
    assert_eq!(world.reset(&a, &b), 1);
    settle(&world);
    assert_eq!(receive(&server, 99).unwrap(), b"last words", "they were under way");
    assert_eq!(errno(receive(&server, 99)), ECONNRESET);
    assert_eq!(errno(receive(&client, 99)), ECONNRESET);
    other.send(b"here").unwrap();
    settle(&world);
    assert_eq!(receive(&others, 9).unwrap(), b"here");
    assert_eq!(world.strikes().get(FaultKind::Reset), 1);
    assert_eq!(world.reset(&a, &b), 0, "there is none left");
    for (name, exists) in [("c>b#1", false), ("b>c#0", false), ("x>b#0", false), ("c>b#0", true)] {
        assert_eq!(world.reset_connection(&name.parse().unwrap()), exists, "{name}");
        settle(&world);
    }
    assert_eq!(errno(receive(&others, 9)), ECONNRESET);
    assert_eq!(errno(receive(&other, 9)), ECONNRESET);
    drop((client, server, second, listener, other, others));
    settle(&world);
    assert_eq!(world.open_connections(), 0);
}

#[test]
fn a_reset_of_a_connect_refuses_it() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let _listener = listener(&b, 7000, 4);
    let client = connecting(&a, &b, 7000);
    assert_eq!(world.reset(&b, &a), 1);
    settle(&world);
    assert_eq!(errno(receive(&client, 1)), ECONNREFUSED);
}

#[test]
fn heal_all_ends_every_fault_and_leaves_the_network_as_it_is() {
    let ends = ends(1);
    let link = ends.world.link("a", "b").unwrap();
    link.latency(MS(3)).unwrap().rate(1000).unwrap();
    ends.world.links().loss(1.0).unwrap().clog();
    link.duplicate(1.0).unwrap().corrupt(1.0).unwrap().slow(MS(9)).unwrap().cut();
    link.reorder(1.0, MS(1)).unwrap().corrupt_unnoticed(1.0).unwrap();
    link.flap(MS(1), MS(1)).unwrap();
    ends.world.heal_all();
    assert_eq!(flight(&ends), MS(3) + MS(32));
    let struck = ends.world.strikes();
    assert_eq!(struck.to_string(), "rate 1");
}

#[test]
fn errors_name_what_is_wrong() {
    let world = World::new(1);
    world.host("a");
    world.host("b");
    let link = world.link("a", "b").unwrap();
    let cases = [
        (world.link("a", "c").map(drop), "no host is named 'c'; there are: a, b"),
        (world.link("d", "b").map(drop), "no host is named 'd'"),
        (world.link("a", "a").map(drop), "the host 'a' has no link to itself"),
        (link.loss(1.5).map(drop), "a probability of loss is from 0 to 1, not 1.5"),
        (link.loss(f64::NAN).map(drop), "not NaN"),
        (link.duplicate(-0.5).map(drop), "a probability of duplication"),
        (link.reorder(2.0, MS(1)).map(drop), "a probability of reordering"),
        (link.reorder(0.5, MS(0)).map(drop), "longer than 0 s"),
        (link.corrupt(9.0).map(drop), "a probability of corruption"),
        (link.corrupt_unnoticed(9.0).map(drop), "a probability of unnoticed corruption"),
        (link.rate(0).map(drop), "a rate of 0 bytes a second"),
        (link.mtu(67).map(drop), "an MTU is at least 68 bytes, not 67"),
        (link.flap(MS(0), MS(1)).map(drop), "is up is longer than 0 s"),
        (link.flap(MS(1), MS(0)).map(drop), "is down is longer than 0 s"),
        (link.latency(MS(2)..MS(2)).map(drop), "an empty range"),
    ];
    for (result, expected) in cases {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(world.strikes().total(), 0);
}
