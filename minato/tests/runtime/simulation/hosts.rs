//! Many hosts at once: all of them go on, however many idle ones stand beside them.

use std::future::pending;
use std::io;
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};
use minato::sim::Simulation;
use minato::time::{Instant, sleep_until};

use crate::kit::watchdog;

/// Echoes one connection at `port` until its end.
pub(crate) async fn serve(port: u16) -> io::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", port)).await?;
    let (mut stream, _) = listener.accept().await?;
    let mut buf = [0; 4];
    while stream.read_exact(&mut buf).await.is_ok() {
        stream.write_all(&buf).await?;
    }
    Ok(())
}

/// Makes `rounds` round trips to `server`.
pub(crate) async fn ask(server: String, rounds: u32) -> io::Result<()> {
    let mut stream = TcpStream::connect(server).await?;
    for round in 0..rounds {
        let sent = round.to_be_bytes();
        stream.write_all(&sent).await?;
        let mut received = [0; 4];
        stream.read_exact(&mut received).await?;
        assert_eq!(sent, received);
    }
    Ok(())
}

#[test]
fn an_idle_host_beside_two_that_talk_is_no_deadlock() {
    let _watchdog = watchdog();
    for seed in 0..50 {
        let mut simulation = Simulation::new(seed);
        drop(simulation.spawn("server", serve(7000)).unwrap());
        let client = simulation.spawn("client", ask("server:7000".into(), 60)).unwrap();
        drop(simulation.spawn("bystander", pending::<()>()).unwrap());
        let result = simulation.run_until(client);
        result.unwrap_or_else(|error| panic!("seed {seed}: {error}")).unwrap().unwrap();
    }
}

/// A third of `hosts` serves, a third asks, and of the others each second one waits for ever, and
/// each other one for a time. Nobody is forgotten and no timer is late.
fn run(seed: u64, hosts: u32) {
    let mut simulation = Simulation::new(seed);
    let mut tasks = Vec::new();
    for pair in 0..hosts / 3 {
        simulation.spawn(&format!("server{pair}"), serve(7000)).unwrap();
        let client = ask(format!("server{pair}:7000"), 2);
        let client = async { client.await.unwrap() };
        tasks.push(simulation.spawn(&format!("client{pair}"), client).unwrap());
    }
    for host in 0..hosts - hosts / 3 * 2 {
        let name = format!("other{host}");
        if host % 2 == 0 {
            simulation.spawn(&name, pending::<()>()).unwrap();
        } else {
            tasks.push(simulation.spawn(&name, wait(host)).unwrap());
        }
    }
    for task in tasks {
        let result = simulation.run_until(task);
        result.unwrap_or_else(|error| panic!("seed {seed}, {hosts} hosts: {error}")).unwrap();
    }
}

async fn wait(millis: u32) {
    let due = Instant::now() + Duration::from_millis(millis.into());
    sleep_until(due).await;
    assert_eq!(Instant::now(), due);
}

#[test]
fn simulations_of_3_and_20_and_200_hosts_come_to_their_end_with_every_seed() {
    let _watchdog = watchdog();
    for hosts in [3, 20, 200] {
        for seed in 0..200 {
            run(seed, hosts);
        }
    }
}
