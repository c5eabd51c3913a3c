//! Datagrams, one a call; see [`crate::bulk`] for several.

use std::io;

use minato_bench::kit::{self, Tally, page_aligned};
use minato_bench::peer::{BUFFER, PeerCommand, Workload};

use super::host::Host;
use crate::bulk;
use crate::rt::io::parts;
use crate::rt::net::UdpSocket;

pub(crate) fn serve(command: &PeerCommand) -> io::Result<()> {
    match (command.batch, command.workload) {
        (true, _) => bulk::serve(command),
        (false, Workload::UdpSink) => {
            on_sockets(command, async |socket, tally| count(&socket, &tally).await)
        }
        (false, _) => on_sockets(command, async |socket, _| echo(&socket).await),
    }
}

/// A runtime a worker, each with a socket of its own at the same address.
pub(crate) fn on_sockets(
    command: &PeerCommand,
    serve: impl AsyncFn(UdpSocket, Tally) -> io::Result<()> + Clone + Send + 'static,
) -> io::Result<()> {
    let sockets = kit::open_udp(command, command.workers())?;
    let command = command.clone();
    kit::on_threads(sockets, move |(socket, tally)| {
        Host::new(&command)?.run(async { serve(UdpSocket::from_std(socket)?, tally).await })
    })
}

async fn count(socket: &UdpSocket, tally: &Tally) -> io::Result<()> {
    let mut buffer = page_aligned(BUFFER);
    loop {
        let (received, filled) = parts(socket.recv_from(buffer).await);
        let (len, from) = received?;
        if let Some(answer) = tally.take(&filled, len) {
            parts(socket.send_to(answer.to_vec(), from).await).0?;
        }
        buffer = filled;
        buffer.clear();
    }
}

async fn echo(socket: &UdpSocket) -> io::Result<()> {
    let mut buffer = page_aligned(BUFFER);
    loop {
        let (received, filled) = parts(socket.recv_from(buffer).await);
        let (_, from) = received?;
        let (sent, back) = parts(socket.send_to(filled, from).await);
        sent?;
        buffer = back;
        buffer.clear();
    }
}
