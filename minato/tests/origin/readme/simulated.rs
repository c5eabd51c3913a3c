//! The same service in a simulated network.
use super::echo::serve;

use minato::io::{self, AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};
use minato::sim::Simulation;

pub(crate) fn simulate(seed: u64) -> io::Result<u64> {
    let mut simulation = Simulation::new(seed);
    let server = async { serve(TcpListener::bind("0.0.0.0:7000").await?).await };
    drop(simulation.spawn("server", server)?);
    let client = simulation.spawn("client", async {
        let mut socket = TcpStream::connect("server:7000").await?;
        socket.write_all(b"ahoy").await?;
        let mut answer = [0; 4];
        socket.read_exact(&mut answer).await?;
        io::Result::Ok(answer)
    })?;
    assert_eq!(&simulation.block_on(client)??, b"ahoy");
    Ok(simulation.world().trace_hash()) // the same for the same seed, to the last packet
}
