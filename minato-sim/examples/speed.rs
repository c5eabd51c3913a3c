//! Measures the simulator: what a round trip, a datagram, a byte, an idle host and a year cost.
//!
//! One argument picks a part by the front of its name, so that a profiler sees only that part.

use minato_sim::{Event, Family, Host, Kind, Socket, World};
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

const ROUNDS: u32 = 300_000;

/// One connection, and what its two ends wait with.
struct Pair {
    client: Socket,
    server: Socket,
    hosts: [Host; 2],
}

/// `count` connections, each between two hosts of its own.
fn pairs(world: &World, count: usize) -> std::io::Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    for number in 0..count {
        let hosts = [world.host(&format!("a{number}")), world.host(&format!("b{number}"))];
        let listener = hosts[0].socket(Family::V4, Kind::Stream)?;
        listener.bind("0.0.0.0:7000".parse().expect("an address"))?;
        listener.listen(1)?;
        let client = hosts[1].socket(Family::V4, Kind::Stream)?;
        client.connect((hosts[0].ip(), 7000).into()).ok();
        while world.advance(None) {}
        let (server, _) = listener.accept()?;
        client.register(0)?;
        server.register(0)?;
        pairs.push(Pair { client, server, hosts });
    }
    Ok(pairs)
}

/// Every pair echoes 64 bytes in turn, `ROUNDS` times together.
fn echo(name: &str, count: usize, idle: usize) -> std::io::Result<()> {
    let world = World::new(1);
    for number in 0..idle {
        world.host(&format!("idle{number}"));
    }
    let pairs = pairs(&world, count)?;
    let (mut events, mut buffer) = (Vec::<Event>::new(), [MaybeUninit::uninit(); 64]);
    let rounds = ROUNDS / count as u32;
    let begun = Instant::now();
    for _ in 0..rounds {
        for pair in &pairs {
            pair.client.send(&[7; 64])?;
        }
        while world.advance(None) {}
        for pair in &pairs {
            pair.hosts[0].take_events(&mut events);
            pair.server.recv(&mut buffer)?;
            pair.server.send(&[7; 64])?;
        }
        while world.advance(None) {}
        for pair in &pairs {
            pair.hosts[1].take_events(&mut events);
            pair.client.recv(&mut buffer)?;
        }
        events.clear();
    }
    let rate = f64::from(rounds) * count as f64 / begun.elapsed().as_secs_f64();
    println!("{name}: {rate:.0} echo round trips of 64 bytes in a second");
    Ok(())
}

fn datagrams() -> std::io::Result<()> {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let sockets = [a.socket(Family::V4, Kind::Datagram)?, b.socket(Family::V4, Kind::Datagram)?];
    for socket in &sockets {
        socket.bind("0.0.0.0:7000".parse().expect("an address"))?;
    }
    let mut buffer = [MaybeUninit::uninit(); 64];
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        for (from, to, at) in [(0, 1, b.ip()), (1, 0, a.ip())] {
            sockets[from].send_to(&[7; 64], (at, 7000).into())?;
            while world.advance(None) {}
            sockets[to].recv(&mut buffer)?;
        }
    }
    let rate = f64::from(ROUNDS) / begun.elapsed().as_secs_f64();
    println!("datagrams: {rate:.0} round trips of 64 bytes in a second");
    Ok(())
}

fn bulk() -> std::io::Result<()> {
    const TOTAL: usize = 4 << 30;
    let world = World::new(1);
    let pair = &pairs(&world, 1)?[0];
    let chunk = vec![7; 64 << 10];
    let mut buffer = vec![MaybeUninit::uninit(); 64 << 10];
    let mut received = 0;
    let begun = Instant::now();
    while received < TOTAL {
        while pair.client.send(&chunk).is_ok() {}
        while world.advance(None) {}
        while let Ok(bytes) = pair.server.recv(&mut buffer) {
            received += bytes;
        }
    }
    let rate = received as f64 / begun.elapsed().as_secs_f64() / 1e9;
    println!("bulk: {rate:.1} GB in a second");
    Ok(())
}

fn year() {
    let world = World::new(1);
    let hosts: Vec<_> = (0..10).map(|number| world.host(&number.to_string())).collect();
    let begun = Instant::now();
    world.advance(Some(Duration::from_secs(365 * 24 * 3600)));
    println!("year: {} idle hosts in {:?}", hosts.len(), begun.elapsed());
}

fn main() -> std::io::Result<()> {
    let part = std::env::args().nth(1).unwrap_or_default();
    for (name, count, idle) in
        [("1 pair", 1, 0), ("100 pairs", 100, 0), ("1 pair and 1,000 idle hosts", 1, 1000)]
    {
        if name.starts_with(&part) {
            echo(name, count, idle)?;
        }
    }
    if "datagrams".starts_with(&part) {
        datagrams()?;
    }
    if "bulk".starts_with(&part) {
        bulk()?;
    }
    if "year".starts_with(&part) {
        year();
    }
    Ok(())
}
