//! What the servers share: a TCP and a UDP socket on one port, and an orderly end.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::time::Duration;

use futures_channel::mpsc;
use futures_util::StreamExt;
use futures_util::future::{Either, select, try_join};
use minato::net::{TcpListener, TcpStream, UdpSocket};
use minato::time::timeout;

use crate::endpoint::Endpoint;
use crate::in_context;
use crate::shutdown::Shutdown;

/// How often another free port is tried when only one of the two protocols could have it.
const PORT_ATTEMPTS: usize = 16;

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

/// Counts what is open. Whatever is open holds a clone of the sender, so the receiver ends when
/// all of them are gone.
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
                drop(minato::spawn(async move {
                    handled.await;
                    drop(token);
                }));
            }
        }
    }

    async fn all_gone(mut self) {
        drop(self.token);
        _ = self.all_gone.next().await;
    }
}

/// Runs both loops until Ctrl-C, then lets open connections finish for `grace` at most. Datagrams
/// keep nothing open, so that loop ends at once.
pub(crate) async fn until_ctrl_c(
    shutdown: Shutdown,
    accepting: impl Future<Output = io::Result<Infallible>>,
    datagrams: impl Future<Output = io::Result<Infallible>>,
    connections: Connections,
    grace: Duration,
) -> io::Result<()> {
    let serving = Box::pin(try_join(accepting, datagrams));
    let asked = Box::pin(shutdown.asked());
    match select(asked, serving).await {
        // Dropping the loops closes the listening sockets.
        Either::Left(((), serving)) => drop(serving),
        Either::Right((ended, _)) => return ended.map(|_| ()),
    }
    eprintln!("stopping: open connections may finish (Ctrl-C again ends at once)");
    if timeout(grace, connections.all_gone()).await.is_err() {
        eprintln!("stopping: some connections were still open after {grace:?}");
    }
    Ok(())
}
