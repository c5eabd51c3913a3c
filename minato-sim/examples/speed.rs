//! Measures the simulator: echo round trips in a second, and a year of ten idle hosts.

use minato_sim::{Event, Family, Kind, Socket, World};
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

const ROUNDS: u32 = 1_000_000;

/// Waits, in simulated time, for an event of the socket's host.
fn wait(world: &World, socket: &Socket, events: &mut Vec<Event>) {
    let host = socket.host();
    while !host.has_events() && world.advance(None) {}
    events.clear();
    host.take_events(events);
}

fn main() -> std::io::Result<()> {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let listener = a.socket(Family::V4, Kind::Stream)?;
    listener.bind("0.0.0.0:7000".parse().expect("an address"))?;
    listener.listen(1)?;
    let client = b.socket(Family::V4, Kind::Stream)?;
    client.connect((a.ip(), 7000).into()).ok();
    while world.advance(None) {}
    let (server, _) = listener.accept()?;
    client.register(1)?;
    server.register(2)?;

    let mut events = Vec::new();
    let mut buffer = [MaybeUninit::uninit(); 64];
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        client.send(&[7; 64])?;
        while server.recv(&mut buffer).is_err() {
            wait(&world, &server, &mut events);
        }
        server.send(&[7; 64])?;
        while client.recv(&mut buffer).is_err() {
            wait(&world, &client, &mut events);
        }
    }
    let rate = f64::from(ROUNDS) / begun.elapsed().as_secs_f64();
    println!("{rate:.0} echo round trips of 64 bytes in a second");

    let idle = World::new(1);
    let hosts: Vec<_> = (0..10).map(|n| idle.host(&n.to_string())).collect();
    let begun = Instant::now();
    idle.advance(Some(Duration::from_secs(365 * 24 * 3600)));
    println!("a year of {} idle hosts in {:?}", hosts.len(), begun.elapsed());
    Ok(())
}
