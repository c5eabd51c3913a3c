//! The same service on the simulated engine: a network in one process, drawn from a seed.
//!
//! The code of server and client does not know where it runs. In a simulated world the network, the
//! clock and the order of tasks depend on the seed alone, so a run that failed can be had again.

use std::io;
use std::time::Duration;

use minato::engine::Engine;
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};
use minato::runtime::Builder;
use minato::sim::World;

async fn serve(listener: TcpListener) -> io::Result<()> {
    let (mut socket, _) = listener.accept().await?;
    let (mut reader, mut writer) = socket.split();
    minato::io::copy(&mut reader, &mut writer).await?;
    writer.shutdown().await
}

async fn service() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:7000").await?;
    let address = listener.local_addr()?;
    let server = minato::spawn(serve(listener));

    let mut client = TcpStream::connect(address).await?;
    for round in 0..10_u8 {
        let sent = vec![round; 1000 * usize::from(round)];
        client.write_all(&sent).await?;
        let mut received = vec![0; sent.len()];
        client.read_exact(&mut received).await?;
        assert_eq!(sent, received);
    }
    client.shutdown().await?;
    server.await?
}

/// Runs the service in a world of its own; returns the sum of all that happened, and when it ended.
fn simulate(seed: u64) -> io::Result<(u64, Duration)> {
    let world = World::new(seed);
    let engine = Engine::sim(world.host("harbour"));
    Builder::new_current_thread().engine(engine).build()?.block_on(service())?;
    Ok((world.trace_hash(), world.now()))
}

fn main() -> io::Result<()> {
    // On real sockets ...
    Builder::new_current_thread().build()?.block_on(service())?;
    println!("the real network: done");

    // ... and in three worlds, two of which are the same.
    for seed in [1, 1, 2] {
        let (trace, time) = simulate(seed)?;
        println!("seed {seed}: trace {trace:016x}, {time:?} of virtual time");
    }
    assert_eq!(simulate(1)?, simulate(1)?, "one seed, one run");
    assert_ne!(simulate(1)?, simulate(2)?, "another seed, another run");
    Ok(())
}
