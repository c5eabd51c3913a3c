//! Relaying datagrams: each client has a socket of its own to the target, which gets the answers.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use minato::net::UdpSocket;
use minato::time::timeout;

use crate::serve::{self, MAX_DATAGRAM, Stop};

/// A client that has sent something lately.
#[derive(Debug)]
struct Client {
    /// Connected to the target.
    socket: UdpSocket,
    /// Whether the client has sent anything since its idle time last began.
    has_sent: AtomicBool,
    /// How many of its datagrams have no answer yet, if each gets one.
    unanswered: AtomicU64,
}

impl Client {
    fn is_answered(&self) {
        let fewer = |unanswered: u64| unanswered.checked_sub(1);
        _ = self.unanswered.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer);
    }
}

type Clients = HashMap<SocketAddr, Arc<Client>>;

/// The relay, shared with the tasks that carry answers back.
#[derive(Clone, Debug)]
pub(super) struct DatagramRelay {
    front: Arc<UdpSocket>,
    clients: Arc<Mutex<Clients>>,
    /// Waits for the last answer.
    answered: Arc<AtomicWaker>,
    target: SocketAddr,
    idle: Duration,
    limit: usize,
}

impl DatagramRelay {
    pub(super) fn new(front: UdpSocket, target: SocketAddr, idle: Duration, limit: usize) -> Self {
        let (clients, answered) = (Arc::default(), Arc::default());
        Self { front: Arc::new(front), clients, answered, target, idle, limit }
    }

    /// Relays until the front socket fails or `stop`, and then until each datagram has its answer,
    /// or its client is forgotten.
    pub(super) async fn run(self, stop: Stop) -> io::Result<()> {
        serve::each_datagram(&self.front, stop, async |datagram, sender| {
            // A datagram that cannot be passed on is dropped: beyond the limit of clients, without
            // descriptors, or while the target is away.
            if let Some(client) = self.client(sender).await {
                client.has_sent.store(true, Ordering::Relaxed);
                // Counted before it is sent: the answer may be back before the send returns.
                client.unanswered.fetch_add(1, Ordering::Relaxed);
                if client.socket.send(datagram).await.is_err() {
                    client.is_answered();
                }
            }
        })
        .await?;
        poll_fn(|cx| {
            self.answered.register(cx.waker());
            let waits = |client: &Arc<Client>| client.unanswered.load(Ordering::Relaxed) > 0;
            if self.clients().values().any(waits) { Poll::Pending } else { Poll::Ready(Ok(())) }
        })
        .await
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
        let client = Arc::new(Client {
            socket,
            has_sent: AtomicBool::new(true),
            unanswered: AtomicU64::new(0),
        });
        self.clients().insert(address, client.clone());
        minato::spawn(self.clone().carry_answers(address, client.clone()));
        Some(client)
    }

    /// Carries the target's answers to one client. When neither has sent anything for the idle
    /// time, this ends and the client is forgotten.
    async fn carry_answers(self, address: SocketAddr, client: Arc<Client>) {
        let mut buffer = vec![0; MAX_DATAGRAM];
        loop {
            match timeout(self.idle, client.socket.recv(&mut buffer)).await {
                Ok(Ok(len)) => {
                    _ = self.front.send_to(&buffer[..len], address).await;
                    client.is_answered();
                    self.answered.wake();
                }
                // The target refuses; the client's next datagram starts afresh.
                Ok(Err(_)) => break,
                Err(_) if client.has_sent.swap(false, Ordering::Relaxed) => {}
                Err(_) => break,
            }
        }
        self.clients().remove(&address);
        self.answered.wake();
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
