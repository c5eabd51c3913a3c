//! Many hosts at once: all of them go on, however many idle ones stand beside them.

use std::future::pending;
use std::io;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};
use minato::sim::Simulation;

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
