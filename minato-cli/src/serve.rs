//! What the servers share: a TCP and a UDP socket on one port, and an orderly end.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use futures_channel::{mpsc, oneshot};
use futures_util::StreamExt;
use futures_util::future::{Either, join, select};
use minato::net::{TcpListener, TcpStream, UdpSocket};
use minato::runtime::Runtime;
use minato::time::timeout;

use crate::endpoint::Endpoint;
use crate::in_context;
use crate::shutdown::Shutdown;

/// The longest datagram there can be.
pub(crate) const MAX_DATAGRAM: usize = 65_535;

/// After this long without a datagram, none is assumed to be under way.
const QUIET: Duration = Duration::from_millis(100);

/// How often another free port is tried when only one of the two protocols can have it.
const PORT_ATTEMPTS: usize = 16;

/// Has `minato top` look into this program through a socket at `path`, if one is wanted.
pub(crate) fn snapshots(runtime: &Runtime, path: Option<&Path>) -> io::Result<()> {
    if let Some(path) = path {
        let server = minato::inspect::serve(path)?;
        // It ends with the runtime, and removes the socket then.
        drop(runtime.spawn(server.run()));
    }
    Ok(())
}

/// Binds both protocols to the same address.
pub(crate) async fn listen(endpoint: &Endpoint) -> io::Result<(TcpListener, UdpSocket)> {
    let addresses = endpoint.resolve().await?;
    let failed = |protocol: &str, error: io::Error| {
        in_context(&format!("cannot listen on {endpoint} ({protocol})"), &error)
    };
    let mut attempts = if endpoint.takes_any_port() { PORT_ATTEMPTS } else { 1 };
    loop {
        attempts -= 1;
        let bound = TcpListener::bind(&addresses[..]).await;
        let tcp = bound.map_err(|error| failed("TCP", error))?;
        match UdpSocket::bind(tcp.local_addr()?).await {
            Ok(udp) => return Ok((tcp, udp)),
            Err(error) if attempts == 0 || error.kind() != io::ErrorKind::AddrInUse => {
                return Err(failed("UDP", error));
            }
            Err(_) => {}
        }
    }
}

/// Counts what is open. Each open thing holds a clone of the sender, so the receiver ends when all
/// of them are gone.
#[derive(Debug)]
pub(crate) struct Connections {
    token: mpsc::Sender<Infallible>,
    all_gone: mpsc::Receiver<Infallible>,
}

impl Connections {
    pub(crate) fn new() -> Self {
        let (token, all_gone) = mpsc::channel(0);
        Self { token, all_gone }
    }

    /// Accepts forever, and gives each connection a task that runs `handle`.
    pub(crate) fn accept<H, F>(
        &self,
        listener: TcpListener,
        handle: H,
    ) -> impl Future<Output = io::Result<Infallible>> + use<H, F>
    where
        H: Fn(TcpStream) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let token = self.token.clone();
        async move {
            // Unlike a loop over `accept`, this survives a shortage of descriptors.
            let mut incoming = listener.incoming();
            loop {
                let connection = poll_fn(|cx| incoming.poll_next_connection(cx)).await?;
                let handled = handle(connection);
                let token = token.clone();
                minato::spawn(async move {
                    handled.await;
                    drop(token);
                });
            }
        }
    }

    async fn all_gone(mut self) {
        drop(self.token);
        _ = self.all_gone.next().await;
    }
}

/// Becomes ready when a server should end.
pub(crate) type Stop = oneshot::Receiver<Infallible>;

/// Hands `handle` each datagram until `stop`, and then what has arrived or is under way.
pub(crate) async fn each_datagram(
    socket: &UdpSocket,
    mut stop: Stop,
    mut handle: impl AsyncFnMut(&[u8], SocketAddr),
) -> io::Result<()> {
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        let (len, sender) = {
            // A receive that is dropped leaves its datagram in the socket.
            let receiving = pin!(socket.recv_from(&mut buffer));
            let Either::Left((received, _)) = select(receiving, &mut stop).await else { break };
            received?
        };
        handle(&buffer[..len], sender).await;
    }
    while let Ok(received) = timeout(QUIET, socket.recv_from(&mut buffer)).await {
        let (len, sender) = received?;
        handle(&buffer[..len], sender).await;
    }
    Ok(())
}

/// Runs both loops until Ctrl-C, then lets open connections and the loop of datagrams finish, for
/// `grace` at most.
pub(crate) async fn until_ctrl_c<D: Future<Output = io::Result<()>>>(
    shutdown: Shutdown,
    accepting: impl Future<Output = io::Result<Infallible>>,
    datagrams: impl FnOnce(Stop) -> D,
    connections: Connections,
    grace: Duration,
) -> io::Result<()> {
    let (running, stop) = oneshot::channel();
    let mut datagrams = Box::pin(datagrams(stop));
    let serving = select(Box::pin(accepting), &mut datagrams);
    match select(Box::pin(shutdown.asked()), serving).await {
        // Dropping the loop closes the listening socket.
        Either::Left(((), serving)) => drop(serving),
        Either::Right((Either::Left((accepting, _)), _)) => return accepting.map(|_| ()),
        Either::Right((Either::Right((datagrams, _)), _)) => return datagrams,
    }
    drop(running);
    eprintln!("stopping: open connections may finish (Ctrl-C again ends at once)");
    match timeout(grace, join(connections.all_gone(), datagrams)).await {
        Ok(((), datagrams)) => datagrams,
        Err(_) => {
            eprintln!("stopping: not everything was finished after {grace:?}");
            Ok(())
        }
    }
}
