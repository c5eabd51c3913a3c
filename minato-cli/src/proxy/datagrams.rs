//! Relaying datagrams: each client has a socket to the target, by which the answers find back.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use minato::net::UdpSocket;
use minato::time::timeout;

use crate::echo::MAX_DATAGRAM;

/// A client that has sent something lately.
#[derive(Debug)]
struct Client {
    /// Connected to the target.
    socket: UdpSocket,
    /// Whether the client has sent anything since its idle time last began.
    has_sent: AtomicBool,
}

type Clients = HashMap<SocketAddr, Arc<Client>>;

/// The relay, shared with the tasks that carry answers back.
#[derive(Clone, Debug)]
pub(super) struct DatagramRelay {
    front: Arc<UdpSocket>,
    clients: Arc<Mutex<Clients>>,
    target: SocketAddr,
    idle: Duration,
    limit: usize,
}

impl DatagramRelay {
    pub(super) fn new(front: UdpSocket, target: SocketAddr, idle: Duration, limit: usize) -> Self {
        Self { front: Arc::new(front), clients: Arc::default(), target, idle, limit }
    }

    /// Relays until the front socket fails.
    pub(super) async fn run(self) -> io::Result<Infallible> {
        let mut buffer = vec![0; MAX_DATAGRAM];
        loop {
            let (len, sender) = self.front.recv_from(&mut buffer).await?;
            // What cannot be passed on is dropped, as datagrams may be: beyond the limit of
            // clients, without descriptors, or while the target is away.
            if let Some(client) = self.client(sender).await {
                client.has_sent.store(true, Ordering::Relaxed);
                _ = client.socket.send(&buffer[..len]).await;
            }
        }
    }

    /// The client at `address`, made if it is new and may be.
    async fn client(&self, address: SocketAddr) -> Option<Arc<Client>> {
        {
            let clients = self.clients();
            if let Some(client) = clients.get(&address) {
                return Some(client.clone());
            }
            if clients.len() >= self.limit {
                return None;
            }
        }
        let socket = connected_to(self.target).await.ok()?;
        let client = Arc::new(Client { socket, has_sent: AtomicBool::new(true) });
        self.clients().insert(address, client.clone());
        drop(minato::spawn(self.clone().carry_answers(address, client.clone())));
        Some(client)
    }

    /// Carries the target's answers to one client, until for the idle time neither has sent
    /// anything. The client then is forgotten.
    async fn carry_answers(self, address: SocketAddr, client: Arc<Client>) {
        let mut buffer = vec![0; MAX_DATAGRAM];
        loop {
            match timeout(self.idle, client.socket.recv(&mut buffer)).await {
                Ok(Ok(len)) => _ = self.front.send_to(&buffer[..len], address).await,
                // The target refuses; the client's next datagram starts afresh.
                Ok(Err(_)) => break,
                Err(_) if client.has_sent.swap(false, Ordering::Relaxed) => {}
                Err(_) => break,
            }
        }
        self.clients().remove(&address);
    }

    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connected_to(target: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match target {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(target).await?;
    Ok(socket)
}
