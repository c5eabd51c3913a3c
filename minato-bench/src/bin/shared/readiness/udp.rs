//! Datagrams, one a call; see [`crate::bulk`] for several.

use std::io;

use minato_bench::kit::{self, Tally};
use minato_bench::peer::{PageBuffer, PeerCommand, Workload};

use crate::bulk;
use crate::host::{Host, datagrams};
use crate::rt::net::UdpSocket;

/// A task a worker, each with a socket of its own at the same address.
pub(crate) fn serve(host: &Host, command: &PeerCommand) -> io::Result<()> {
    let sockets = kit::open_udp(command, command.workers())?;
    let sink = command.workload == Workload::UdpSink;
    let batch = command.batch;
    host.run_all(sockets.into_iter().map(|(socket, tally)| async move {
        let socket = datagrams(socket)?;
        match (sink, batch) {
            (true, false) => count(&socket, &tally).await,
            (true, true) => bulk::count(&socket, &tally).await,
            (false, false) => echo(&socket).await,
            (false, true) => bulk::echo(&socket).await,
        }
    }))
}

async fn count(socket: &UdpSocket, tally: &Tally) -> io::Result<()> {
    let mut buffer = PageBuffer::new();
    loop {
        let (len, from) = socket.recv_from(&mut buffer).await?;
        if let Some(answer) = tally.take(&buffer[..len], len) {
            socket.send_to(&answer, from).await?;
        }
    }
}

async fn echo(socket: &UdpSocket) -> io::Result<()> {
    let mut buffer = PageBuffer::new();
    loop {
        let (len, from) = socket.recv_from(&mut buffer).await?;
        socket.send_to(&buffer[..len], from).await?;
    }
}
