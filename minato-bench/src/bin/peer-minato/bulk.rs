//! Datagrams in bulk by minato's own batches and segments.

use std::io;

use minato::net::UdpSocket;
use minato::net::udp::{RecvBatch, Transmit};
use minato_bench::kit::Tally;

pub(crate) async fn count(socket: &UdpSocket, tally: &Tally) -> io::Result<()> {
    let mut batch = RecvBatch::new();
    loop {
        socket.recv_batch(&mut batch).await?;
        for (bytes, meta) in batch.joined() {
            if let Some(answer) = tally.take(bytes, meta.stride) {
                socket.send_to(&answer, meta.from).await?;
            }
        }
    }
}

pub(crate) async fn echo(socket: &UdpSocket) -> io::Result<()> {
    let mut batch = RecvBatch::new();
    loop {
        socket.recv_batch(&mut batch).await?;
        for (bytes, meta) in batch.joined() {
            let mut transmit = Transmit::new(meta.from, bytes).segment_size(meta.stride.max(1));
            socket.send_batch_all(&mut transmit).await?;
        }
    }
}
