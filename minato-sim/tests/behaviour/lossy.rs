//! Streams and datagrams over links that do everything at once: nothing hangs, and a stream stays a
//! stream.

use super::common::*;
use minato_sim::{FaultKind, Latency, World};
use std::time::Duration;

const MS: fn(u64) -> Duration = Duration::from_millis;

/// Echoes 50 small messages. Returns how long it took, or `None` if it is not over after an hour.
fn echo(world: World) -> Option<Duration> {
    const ROUNDS: u8 = 50;
    let (a, b) = (world.host("a"), world.host("b"));
    let listener = listener(&b, 7000, 4);
    let client = connecting(&a, &b, 7000);
    let (mut server, mut asked, mut answered) = (None, None, 0);
    let hour = Duration::from_secs(3600);
    while answered < ROUNDS {
        server = server.or_else(|| listener.accept().ok().map(|(socket, _)| socket));
        if asked != Some(answered) && client.send(&[answered; 16]).is_ok() {
            asked = Some(answered);
        }
        if !world.advance(Some(hour)) {
            return None;
        }
        if let Some(server) = &server
            && let Ok(bytes) = receive(server, 64)
        {
            server.send(&bytes).unwrap();
        }
        if let Ok(bytes) = receive(&client, 64) {
            assert_eq!(bytes, [answered; 16]);
            answered += 1;
        }
    }
    Some(world.now())
}

#[test]
fn no_seed_of_200_hangs_with_1_and_5_and_20_percent_of_loss() {
    for loss in [0.01, 0.05, 0.2] {
        let mut struck = 0;
        for seed in 0..200 {
            let world = World::new(seed);
            world.links().loss(loss).unwrap();
            let took = echo(world.clone());
            assert!(took.is_some(), "seed {seed} hangs with a loss of {loss}\n{}", world.netstat());
            struck += world.strikes().get(FaultKind::Loss);
        }
        // A round is four packets.
        let sent = 200.0 * 50.0 * 4.0;
        let part = f64::from(u32::try_from(struck).unwrap()) / sent;
        assert!(part > 0.8 * loss && part < 2.0 * loss, "{part} of {loss}");
    }
}

/// Sets faults on a link, one for each bit of `which`.
fn trouble(world: &World, from: &str, to: &str, which: u64) {
    let link = world.link(from, to).unwrap();
    let has = |bit: u64| which >> bit & 1 == 1;
    if has(0) {
        link.loss(0.05).unwrap();
    }
    if has(1) {
        link.duplicate(0.2).unwrap();
    }
    if has(2) {
        link.reorder(0.2, MS(7)).unwrap();
    }
    if has(3) {
        link.corrupt(0.02).unwrap().corrupt_unnoticed(0.02).unwrap();
    }
    if has(4) {
        link.rate(400_000).unwrap().queue(20_000).unwrap();
    }
    if has(5) {
        link.flap(MS(300), MS(40)).unwrap();
    }
    if has(6) {
        link.mtu(576).unwrap();
    }
    if has(7) {
        link.latency(Latency::normal(MS(5), MS(4))).unwrap().slow(MS(1)).unwrap();
    }
}

/// Sends bytes both ways under the faults of `which`, clogs and cuts now and then, and compares.
fn stream_survives(seed: u64, which: u64) {
    const TOTAL: usize = 15_000;
    let world = World::builder().seed(seed).segment(1460).send_buffer(9000).receive_buffer(7000);
    let Pair { world, a, b, client, server, listener } = pair_in(world.build());
    trouble(&world, "a", "b", which);
    trouble(&world, "b", "a", which.rotate_right(3));
    let ends = [client, server];
    let byte = |end: usize, at: usize| (at * 7 + at / 251 + end * 13) as u8;
    let (mut sent, mut received) = ([0; 2], [0; 2]);
    let mut steps = 0_u64;
    while received != [TOTAL; 2] {
        for end in [0, 1] {
            let piece = (sent[end]..TOTAL.min(sent[end] + 3000)).map(|at| byte(end, at));
            if sent[end] < TOTAL
                && let Ok(count) = ends[end].send(&piece.collect::<Vec<_>>())
            {
                sent[end] += count;
            }
            if let Ok(bytes) = receive(&ends[end], 2500) {
                let from = received[end];
                received[end] += bytes.len();
                let expected = (from..received[end]).map(|at| byte(1 - end, at));
                assert!(bytes.into_iter().eq(expected), "seed {seed}, faults {which:b}");
            }
        }
        steps += 1;
        match (steps + seed) % 97 {
            0 => world.links().clog(),
            20 => world.links().unclog(),
            40 => world.partition(&a, &b),
            60 => world.heal(&a, &b),
            _ => {}
        }
        let until = world.now() + MS(500);
        world.advance(Some(until));
        let is_late = world.now() > Duration::from_secs(36_000);
        assert!(!is_late, "seed {seed}, faults {which:b} hang\n{}", world.netstat());
    }
    world.links().unclog();
    world.heal_all();
    drop((ends, listener));
    settle(&world);
    assert_eq!((world.open_sockets(), world.open_connections()), (0, 0));
}

#[test]
fn a_stream_is_whole_and_in_order_under_every_combination_of_faults() {
    for which in 0..256 {
        stream_survives(which, which);
    }
}

/// What hits one pair of hosts changes nothing for another.
#[test]
fn faults_of_one_link_leave_the_others_as_they_are() {
    let run = |which: u64| {
        let world = World::new(5);
        let hosts = ["a", "b", "c", "d"].map(|name| world.host(name));
        trouble(&world, "a", "b", which);
        let receivers = [bound(&hosts[1], 7000), bound(&hosts[3], 7000)];
        let senders = [datagram(&hosts[0]), datagram(&hosts[2])];
        let mut times = Vec::new();
        for number in 0..200_u8 {
            senders[0].send_to(&[number], (hosts[1].ip(), 7000).into()).unwrap();
            senders[1].send_to(&[number], (hosts[3].ip(), 7000).into()).unwrap();
            let until = world.now() + MS(1);
            while world.advance(Some(until)) {
                let _ = receive(&receivers[0], 9);
                if let Ok(bytes) = receive(&receivers[1], 9) {
                    times.push((world.now(), bytes));
                }
            }
        }
        times
    };
    let calm = run(0);
    assert_eq!(calm.len(), 200);
    for bit in 0..8 {
        assert_eq!(run(1 << bit), calm, "fault {bit}");
    }
    assert_eq!(run(255), calm);
}
