//! Datagrams: one a call with tokio's own methods, in bulk with quinn-udp's.

use std::io::{self, IoSliceMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use minato_bench::kit::{self, MESSAGE, MESSAGES};
use minato_bench::peer::{PageBuffer, PeerCommand, Workload};
use quinn_udp::{RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use tokio::io::Interest;
use tokio::net::UdpSocket;

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
            socket.set_nonblocking(true)?;
            let socket = UdpSocket::from_std(socket)?;
            let received = received.clone();
            tasks.push(tokio::spawn(async move {
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
    let state = UdpSocketState::new(UdpSockRef::from(socket))?;
    let mut buffer = kit::bulk_buffer();
    let mut slices: Vec<_> = buffer.chunks_mut(MESSAGE).map(IoSliceMut::new).collect();
    let mut metas = [RecvMeta::default(); MESSAGES];
    loop {
        let messages = receive(socket, &state, &mut slices, &mut metas).await?;
        let datagrams = metas[..messages].iter().map(|meta| kit::datagrams(meta.len, meta.stride));
        received.fetch_add(datagrams.sum(), Ordering::Relaxed);
    }
}

async fn echo_bulk(socket: &UdpSocket) -> io::Result<()> {
    let state = UdpSocketState::new(UdpSockRef::from(socket))?;
    let mut buffer = kit::bulk_buffer();
    let mut slices: Vec<_> = buffer.chunks_mut(MESSAGE).map(IoSliceMut::new).collect();
    let mut metas = [RecvMeta::default(); MESSAGES];
    loop {
        let messages = receive(socket, &state, &mut slices, &mut metas).await?;
        for (slice, meta) in slices.iter().zip(&metas[..messages]) {
            let transmit = Transmit {
                destination: meta.addr,
                ecn: None,
                contents: &slice[..meta.len],
                segment_size: (meta.stride < meta.len).then_some(meta.stride),
                src_ip: None,
            };
            let send = || state.try_send(UdpSockRef::from(socket), &transmit);
            socket.async_io(Interest::WRITABLE, send).await?;
        }
    }
}

/// Receives as many messages as there are, at least one; tells how many.
async fn receive(
    socket: &UdpSocket,
    state: &UdpSocketState,
    slices: &mut [IoSliceMut<'_>],
    metas: &mut [RecvMeta],
) -> io::Result<usize> {
    let receive = || state.recv(UdpSockRef::from(socket), slices, metas);
    socket.async_io(Interest::READABLE, receive).await
}
