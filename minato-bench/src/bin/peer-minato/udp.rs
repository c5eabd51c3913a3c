//! Datagrams, one a call.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use minato::net::UdpSocket;
use minato_bench::kit;
use minato_bench::peer::{PageBuffer, PeerCommand, Workload};

use crate::Host;

/// A task a worker, each with a socket of its own at the same address.
pub(crate) fn serve(host: &Host, command: &PeerCommand) -> io::Result<()> {
    kit::forbid_batch(command);
    let received = Arc::new(AtomicU64::new(0));
    let sockets = kit::open_udp(command, command.workers(), &received)?;
    let sink = command.workload == Workload::UdpSink;
    host.run(async move {
        let mut tasks = Vec::new();
        for socket in sockets {
            let socket = UdpSocket::from_std(socket)?;
            let received = received.clone();
            tasks.push(minato::spawn(async move {
                if sink { count(&socket, &received).await } else { echo(&socket).await }
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
