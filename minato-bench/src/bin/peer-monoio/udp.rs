//! Datagrams, one a call.

use std::io;
use std::net::UdpSocket as StdSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use minato_bench::kit::{self, page_aligned};
use minato_bench::peer::{BUFFER, PeerCommand, Workload};
use monoio::net::udp::UdpSocket;

/// A runtime a worker, each with a socket of its own at the same address.
pub(crate) fn serve(command: &PeerCommand) -> io::Result<()> {
    kit::forbid_batch(command);
    let received = Arc::new(AtomicU64::new(0));
    let sockets = kit::open_udp(command, command.workers(), &received)?;
    let command = command.clone();
    kit::on_threads(sockets, move |socket: StdSocket| {
        let mut runtime = crate::runtime(&command)?;
        let received = received.clone();
        let sink = command.workload == Workload::UdpSink;
        runtime.block_on(async move {
            let socket = UdpSocket::from_std(socket)?;
            if sink { count(&socket, &received).await } else { echo(&socket).await }
        })
    })
}

async fn count(socket: &UdpSocket, received: &AtomicU64) -> io::Result<()> {
    let mut buffer = page_aligned(BUFFER);
    let mut result;
    loop {
        (result, buffer) = socket.recv_from(buffer).await;
        result?;
        received.fetch_add(1, Ordering::Relaxed);
        buffer.clear();
    }
}

async fn echo(socket: &UdpSocket) -> io::Result<()> {
    let mut buffer = page_aligned(BUFFER);
    let mut received;
    let mut sent;
    loop {
        (received, buffer) = socket.recv_from(buffer).await;
        let (_, from) = received?;
        (sent, buffer) = socket.send_to(buffer, from).await;
        sent?;
        buffer.clear();
    }
}
