//! Endpoints that need no configuration of their own, since ring gives them their keys.

use std::io;

use minato::net::{ToSocketAddrs, UdpSocket};
use quinn::{Endpoint, EndpointConfig, ServerConfig};

use crate::endpoint;

/// An endpoint that takes connections at the first of the addresses that can be bound, and can make
/// some, too.
///
/// # Errors
///
/// Those of [`UdpSocket::bind`], and of the first use of a socket in bulk
/// ([`UdpSocket::max_send_segments`]).
pub async fn server(config: ServerConfig, address: impl ToSocketAddrs) -> io::Result<Endpoint> {
    endpoint(EndpointConfig::default(), Some(config), UdpSocket::bind(address).await?)
}

/// An endpoint that makes connections, from the first of the addresses that can be bound.
///
/// # Errors
///
/// As [`server`].
pub async fn client(address: impl ToSocketAddrs) -> io::Result<Endpoint> {
    endpoint(EndpointConfig::default(), None, UdpSocket::bind(address).await?)
}
