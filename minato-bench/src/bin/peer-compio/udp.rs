//! Datagrams, one a call; see [`bulk`] for several.

use std::io;
use std::net::UdpSocket as StdSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use compio::BufResult;
use compio::net::UdpSocket;
use minato_bench::kit::{self, page_aligned};
use minato_bench::peer::{BUFFER, PeerCommand, Workload};

use crate::bulk;

/// A runtime a worker, each with a socket of its own at the same address.
pub(crate) fn serve(command: &PeerCommand) -> io::Result<()> {
    let received = Arc::new(AtomicU64::new(0));
    let sockets = kit::open_udp(command, command.workers(), &received)?;
    let command = command.clone();
    kit::on_threads(sockets, move |socket: StdSocket| {
        let runtime = crate::runtime(&command)?;
        let received = received.clone();
        let sink = command.workload == Workload::UdpSink;
        if command.batch {
            bulk::join(&socket)?;
        }
        runtime.block_on(async {
            let socket = UdpSocket::from_std(socket)?;
            match (sink, command.batch) {
                (true, false) => count(&socket, &received).await,
                (true, true) => bulk::count(&socket, &received).await,
                (false, false) => echo(&socket).await,
                (false, true) => bulk::echo(&socket).await,
            }
        })
    })
}

async fn count(socket: &UdpSocket, received: &AtomicU64) -> io::Result<()> {
    let mut buffer = page_aligned(BUFFER);
    let mut result;
    loop {
        BufResult(result, buffer) = socket.recv_from(buffer).await;
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
        BufResult(received, buffer) = socket.recv_from(buffer).await;
        let (_, from) = received?;
        BufResult(sent, buffer) = socket.send_to(buffer, from).await;
        sent?;
        buffer.clear();
    }
}
