//! Datagrams: one a call, or in bulk by batches and segments.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use minato::net::UdpSocket;
use minato::net::udp::{RecvBatch, Transmit};
use minato_bench::kit;
use minato_bench::peer::{PageBuffer, PeerCommand, Workload};

use crate::Host;

/// A task a worker, each with a socket of its own at the same address.
pub(crate) fn serve(host: &Host, command: &PeerCommand) -> io::Result<()> {
    let received = Arc::new(AtomicU64::new(0));
    let sockets = kit::open_udp(command, command.workers(), &received)?;
    let sink = command.workload == Workload::UdpSink;
    let batch = command.batch;
    host.run(async move {
        let mut tasks = Vec::new();
        for socket in sockets {
            let socket = UdpSocket::from_std(socket)?;
            let received = received.clone();
            tasks.push(minato::spawn(async move {
                match (sink, batch) {
                    (true, false) => count(&socket, &received).await,
                    (true, true) => count_bulk(&socket, &received).await,
                    (false, false) => echo(&socket).await,
                    (false, true) => echo_bulk(&socket).await,
                }
            }));
        }
        for task in tasks {
            task.await??;
        }
        Ok(())
    })?
}

async fn count(socket: &UdpSocket, received: &AtomicU64) -> io::Result<()> {
    let mut buffer = PageBuffer::new();
    loop {
        socket.recv_from(&mut buffer).await?;
        received.fetch_add(1, Ordering::Relaxed);
    }
}

async fn echo(socket: &UdpSocket) -> io::Result<()> {
    let mut buffer = PageBuffer::new();
    loop {
        let (len, from) = socket.recv_from(&mut buffer).await?;
        socket.send_to(&buffer[..len], from).await?;
    }
}

async fn count_bulk(socket: &UdpSocket, received: &AtomicU64) -> io::Result<()> {
    let mut batch = RecvBatch::new();
    loop {
        let datagrams = socket.recv_batch(&mut batch).await?;
        received.fetch_add(datagrams as u64, Ordering::Relaxed);
    }
}

async fn echo_bulk(socket: &UdpSocket) -> io::Result<()> {
    let mut batch = RecvBatch::new();
    loop {
        socket.recv_batch(&mut batch).await?;
        for (bytes, meta) in batch.joined() {
            let mut transmit = Transmit::new(meta.from, bytes).segment_size(meta.stride.max(1));
            socket.send_batch_all(&mut transmit).await?;
        }
    }
}
