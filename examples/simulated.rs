//! The same service on the simulated engine: a network in one process, drawn from a seed.
//!
//! The code of server and client does not know where it runs. In a simulated world the network, the
//! clock and the order of tasks depend on the seed alone, so a failed run can be repeated.

use std::io;
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream, ToSocketAddrs};
use minato::runtime::Builder;
use minato::sim::Simulation;
use minato::time::sleep;

async fn serve(listener: TcpListener) -> io::Result<()> {
    let (mut socket, _) = listener.accept().await?;
    let (mut reader, mut writer) = socket.split();
    minato::io::copy(&mut reader, &mut writer).await?;
    writer.shutdown().await
}

async fn drive(server: impl ToSocketAddrs) -> io::Result<()> {
    let mut socket = TcpStream::connect(server).await?;
    for round in 0..10_u8 {
        let sent = vec![round; 1000 * usize::from(round)];
        socket.write_all(&sent).await?;
        let mut received = vec![0; sent.len()];
        socket.read_exact(&mut received).await?;
        assert_eq!(sent, received);
        sleep(Duration::from_millis(20)).await;
    }
    socket.shutdown().await
}

/// On real sockets.
async fn really() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = minato::spawn(drive(listener.local_addr()?));
    serve(listener).await?;
    client.await?
}

/// On two hosts of a new world. Returns a hash of all that happened, and when it ended.
fn simulated(seed: u64) -> io::Result<(u64, Duration)> {
    let mut simulation = Simulation::new(seed);
    let binding = simulation.spawn("harbour", TcpListener::bind("0.0.0.0:7000"))?;
    let listener = simulation.block_on(binding)??;
    let server = simulation.spawn("harbour", serve(listener))?;
    // Hosts find each other by name. `sleep` takes virtual time and no real time.
    let client = simulation.spawn("ship", drive("harbour:7000"))?;
    simulation.block_on(client)??;
    simulation.block_on(server)??;
    Ok((simulation.world().trace_hash(), simulation.world().now()))
}

fn main() -> io::Result<()> {
    Builder::new_current_thread().build()?.block_on(really())?;
    println!("the real network: done");
    for seed in [1, 1, 2] {
        let (trace, time) = simulated(seed)?;
        println!("seed {seed}: trace {trace:016x}, {time:?} of virtual time");
    }
    assert_eq!(simulated(1)?, simulated(1)?, "one seed, one run");
    assert_ne!(simulated(1)?, simulated(2)?, "another seed, another run");
    Ok(())
}
