//! Looking names up, off the threads that run tasks.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};

use super::address::{ToSocketAddrs, to_socket_addrs};
use crate::runtime::context;
use crate::task;

/// Looks a host up and gives all its addresses, in the resolver's order.
///
/// # Errors
///
/// When the name cannot be resolved or is malformed; the error names it.
///
/// # Cancel safety
///
/// Dropping the future gives up waiting; the look-up itself runs to its end elsewhere.
///
/// ```
/// # pollster::block_on(async {
/// let addresses: Vec<_> = minato::net::lookup_host("127.0.0.1:80").await?.collect();
/// assert_eq!(addresses, ["127.0.0.1:80".parse().unwrap()]);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn lookup_host(host: impl ToSocketAddrs) -> io::Result<impl Iterator<Item = SocketAddr>> {
    let addresses = to_socket_addrs(host).await?;
    Ok((0..addresses.len()).map(move |index| addresses[index]))
}

/// The addresses of a name: by the simulated world if this is one, else by the system's resolver.
pub(super) async fn resolve(name: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Some(host) = context::host() {
        let addresses = host.host().lookup(&name)?;
        return Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect());
    }
    let asked = name.clone();
    let looked_up =
        task::spawn_blocking(move || (asked.as_str(), port).to_socket_addrs().map(Vec::from_iter));
    let named = |error: io::Error| {
        io::Error::new(error.kind(), format!("'{name}' cannot be resolved: {error}"))
    };
    match looked_up.await?.map_err(named)? {
        none if none.is_empty() => {
            Err(io::Error::new(io::ErrorKind::NotFound, format!("'{name}' has no address")))
        }
        addresses => Ok(addresses),
    }
}
