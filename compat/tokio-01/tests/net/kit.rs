//! Addresses and pairs.

use std::net::SocketAddr;

use futures::{Future, Stream};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// Port 0 on loopback.
pub(crate) fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

pub(crate) fn tcp_listener() -> TcpListener {
    TcpListener::bind(&loopback()).unwrap()
}

/// A connection's two ends: the client's, and the accepted one.
pub(crate) fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = tcp_listener();
    let client = TcpStream::connect(&listener.local_addr().unwrap());
    let accepted = listener.incoming().into_future().map_err(|(error, _)| error);
    let (client, (server, _)) = client.join(accepted).wait().unwrap();
    (client, server.unwrap())
}

/// A connection whose second end is std's, and blocks.
pub(crate) fn tcp_and_std() -> (TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind(loopback()).unwrap();
    let client = TcpStream::connect(&listener.local_addr().unwrap());
    let (server, _) = listener.accept().unwrap();
    (client.wait().unwrap(), server)
}

pub(crate) fn udp_pair() -> (UdpSocket, UdpSocket) {
    (UdpSocket::bind(&loopback()).unwrap(), UdpSocket::bind(&loopback()).unwrap())
}
