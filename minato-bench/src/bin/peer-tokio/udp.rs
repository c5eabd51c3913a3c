//! Datagrams: one a call with tokio's own methods, in bulk with quinn-udp's.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use minato_bench::kit::{self, Bulk};
use minato_bench::peer::{PageBuffer, PeerCommand, Workload};
use quinn_udp::UdpSockRef;
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
    let mut room = kit::bulk_room();
    let mut bulk = Bulk::new(UdpSockRef::from(socket), &mut room)?;
    loop {
        let receive = || bulk.receive(UdpSockRef::from(socket));
        let messages = socket.async_io(Interest::READABLE, receive).await?;
        received.fetch_add(bulk.datagrams(messages), Ordering::Relaxed);
    }
}

async fn echo_bulk(socket: &UdpSocket) -> io::Result<()> {
    let mut room = kit::bulk_room();
    let mut bulk = Bulk::new(UdpSockRef::from(socket), &mut room)?;
    loop {
        let receive = || bulk.receive(UdpSockRef::from(socket));
        let messages = socket.async_io(Interest::READABLE, receive).await?;
        for message in 0..messages {
            let send = || bulk.send_back(UdpSockRef::from(socket), message);
            socket.async_io(Interest::WRITABLE, send).await?;
        }
    }
}
