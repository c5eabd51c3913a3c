//! A client's side of one connection: a request goes out, and its answer comes back.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpStream, UdpSocket};
use minato::time::timeout;

use super::payload::NUMBER_BYTES;

/// How long the driver waits for an answer before it sends the datagram again.
const ANSWER_LIMIT: Duration = Duration::from_millis(500);

/// How often a datagram is sent before its service counts as broken.
const ATTEMPTS: usize = 5;

#[derive(Clone, Copy, Debug)]
pub(super) enum Transport {
    Tcp,
    Udp,
}

impl Transport {
    /// The largest request. Datagrams stay below what a network would cut into pieces, and all
    /// clients' together fit into the service's receive buffer.
    pub(super) fn largest_request(self) -> usize {
        match self {
            Self::Tcp => 16 * 1024 - 1,
            Self::Udp => 1_400,
        }
    }
}

#[derive(Debug)]
pub(super) enum Connection {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

impl Connection {
    pub(super) async fn open(transport: Transport, target: SocketAddr) -> io::Result<Self> {
        match transport {
            Transport::Tcp => {
                let stream = TcpStream::connect(target).await?;
                stream.set_nodelay(true)?;
                Ok(Self::Tcp(stream))
            }
            Transport::Udp => {
                let socket = UdpSocket::bind("127.0.0.1:0").await?;
                socket.connect(target).await?;
                Ok(Self::Udp(socket))
            }
        }
    }

    /// Sends `request` and receives its answer into `buffer`: how long the answer is, and how often
    /// the request had to be sent again, which happens to datagrams.
    pub(super) async fn exchange(
        &mut self,
        request: &[u8],
        buffer: &mut [u8],
    ) -> io::Result<(usize, u64)> {
        match self {
            Self::Tcp(stream) => {
                stream.write_all(request).await?;
                stream.read_exact(&mut buffer[..request.len()]).await?;
                Ok((request.len(), 0))
            }
            Self::Udp(socket) => exchange_datagram(socket, request, buffer).await,
        }
    }

    /// Ends the connection; after the last answer nothing may come but the end.
    pub(super) async fn close(self) -> io::Result<()> {
        if let Self::Tcp(mut stream) = self {
            stream.shutdown().await?;
            if stream.read(&mut [0]).await? != 0 {
                return Err(io::Error::other("more bytes came back than were sent"));
            }
        }
        Ok(())
    }
}

async fn exchange_datagram(
    socket: &UdpSocket,
    request: &[u8],
    buffer: &mut [u8],
) -> io::Result<(usize, u64)> {
    for attempt in 0..ATTEMPTS {
        socket.send(request).await?;
        if let Ok(answer) = timeout(ANSWER_LIMIT, receive_answer(socket, request, buffer)).await {
            return Ok((answer?, attempt as u64));
        }
    }
    let message = format!("a datagram was sent {ATTEMPTS} times and never answered");
    Err(io::Error::new(io::ErrorKind::TimedOut, message))
}

/// Receives until the answer with the request's number comes: an earlier request that was sent
/// twice may be answered twice.
async fn receive_answer(
    socket: &UdpSocket,
    request: &[u8],
    buffer: &mut [u8],
) -> io::Result<usize> {
    loop {
        let len = socket.recv(buffer).await?;
        if len < NUMBER_BYTES || buffer[..NUMBER_BYTES] == request[..NUMBER_BYTES] {
            return Ok(len);
        }
    }
}
