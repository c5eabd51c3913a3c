//! One echo exchange over TCP, on each runtime and engine.

use std::io;
use std::net::SocketAddr;

use minato::engine::Engine;
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};
use minato::runtime::Builder;

use crate::kit;

const ROUNDS: usize = 20;

async fn serve(listener: TcpListener) -> io::Result<()> {
    let (stream, _) = listener.accept().await?;
    kit::echo(stream).await
}

async fn drive(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    kit::ping(&mut stream, ROUNDS).await?;
    stream.shutdown().await?;
    assert_eq!(stream.read(&mut [0; 8]).await?, 0);
    Ok(())
}

/// Both ends in one future, without a spawn.
async fn exchange() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (served, driven) = futures::join!(serve(listener), drive(address));
    served.and(driven)
}

/// Each end in a task of its own.
async fn exchange_in_tasks() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = minato::spawn(serve(listener));
    let client = minato::spawn(drive(address));
    client.await??;
    server.await?
}

#[test]
fn current_thread() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(exchange()).unwrap();
    runtime.block_on(exchange_in_tasks()).unwrap();
}

#[test]
fn two_workers() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(exchange()).unwrap();
    runtime.block_on(exchange_in_tasks()).unwrap();
}

#[test]
fn no_runtime_at_all() {
    pollster::block_on(exchange()).unwrap();
}

#[test]
fn tasks_on_the_default_runtime() {
    pollster::block_on(exchange_in_tasks()).unwrap();
}

#[test]
fn a_plain_thread_against_a_runtime() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let listener = pollster::block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let server = runtime.spawn(serve(listener));
    std::thread::spawn(move || pollster::block_on(drive(address)).unwrap()).join().unwrap();
    pollster::block_on(server).unwrap().unwrap();
}

#[test]
fn simulated() {
    for engine in [Engine::sim, |host| Engine::sim(host).deferring_sends()] {
        let world = minato::sim::World::new(11);
        let engine = engine(world.host("alone"));
        let runtime = Builder::new_current_thread().engine(engine).build().unwrap();
        runtime.block_on(exchange()).unwrap();
        runtime.block_on(exchange_in_tasks()).unwrap();
        drop(runtime);
        assert_eq!(world.open_sockets(), 0, "{}", world.netstat());
    }
}

/// Two hosts stepped on one thread; one seed is one run.
#[test]
fn two_simulated_hosts() {
    fn run(seed: u64, defer: bool) -> (u64, std::time::Duration) {
        let mut simulation = minato::sim::Simulation::new(seed);
        if defer {
            simulation = simulation.deferring_sends();
        }
        let server = simulation
            .spawn("server", async { serve(TcpListener::bind("0.0.0.0:7000").await?).await });
        let client = simulation.spawn("client", async {
            let address = minato::net::lookup_host("server:7000").await?.next().unwrap();
            drive(address).await
        });
        simulation.run_until(client.unwrap()).unwrap().unwrap().unwrap();
        simulation.run_until(server.unwrap()).unwrap().unwrap().unwrap();
        let world = simulation.world().clone();
        drop(simulation);
        assert_eq!(world.open_sockets(), 0, "{}", world.netstat());
        (world.trace_hash(), world.now())
    }
    for defer in [false, true] {
        assert_eq!(run(1, defer), run(1, defer));
        assert_ne!(run(1, defer).0, run(2, defer).0);
    }
}
