//! The services of the tour, each on a free loopback port.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use futures_util::StreamExt;
use minato::io::AsyncWriteExt;
use minato::net::{TcpListener, TcpStream, UdpSocket};

use super::connection::Transport;
use super::poll_echo::PollEcho;

const ANY_PORT: &str = "127.0.0.1:0";

/// A service that is running, until its runtime ends.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: &'static str,
    pub(super) transport: Transport,
    pub(super) address: SocketAddr,
}

/// Starts all of them.
pub(super) async fn start_all() -> io::Result<Vec<Service>> {
    let tcp = |name, address| Service { name, transport: Transport::Tcp, address };
    let by_futures = start_echo(ANY_PORT).await?;
    let by_polling = start_tcp(ANY_PORT, PollEcho::new).await?;
    let datagrams = start_udp_echo().await?;
    let proxy = start_tcp(ANY_PORT, move |client| proxy_to(by_futures, client)).await?;
    Ok(vec![
        tcp("TCP echo, future API", by_futures),
        tcp("TCP echo, poll API", by_polling),
        Service { name: "UDP echo", transport: Transport::Udp, address: datagrams },
        tcp("TCP proxy to the first", proxy),
    ])
}

/// Listens, and gives each connection a task that runs `handle`.
async fn start_tcp<H, F>(address: &str, handle: H) -> io::Result<SocketAddr>
where
    H: Fn(TcpStream) -> F + Send + 'static,
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    minato::spawn(async move {
        let mut incoming = listener.incoming();
        while let Some(Ok(connection)) = incoming.next().await {
            drop(minato::spawn(handle(connection)));
        }
    });
    Ok(address)
}

/// The echo that the simulated world runs, too.
pub(super) async fn start_echo(address: &str) -> io::Result<SocketAddr> {
    start_tcp(address, echo_by_futures).await
}

async fn echo_by_futures(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, mut writer) = stream.split();
    minato::io::copy(&mut reader, &mut writer).await?;
    writer.shutdown().await
}

async fn proxy_to(target: SocketAddr, mut client: TcpStream) -> io::Result<()> {
    let mut server = TcpStream::connect(target).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    minato::io::copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

async fn start_udp_echo() -> io::Result<SocketAddr> {
    let socket = UdpSocket::bind(ANY_PORT).await?;
    let address = socket.local_addr()?;
    minato::spawn(async move {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok((len, sender)) = socket.recv_from(&mut buffer).await {
            // A client that is gone already takes no answer; the others still do.
            _ = socket.send_to(&buffer[..len], sender).await;
        }
    });
    Ok(address)
}
