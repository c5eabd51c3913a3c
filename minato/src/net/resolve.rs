//! Looking names up, off the threads that run tasks.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::panic::Location;

use super::address::{ToSocketAddrs, to_socket_addrs};
use super::registration;
use crate::task;

/// Looks a host up and gives all its addresses, in the resolver's order.
///
/// # Errors
///
/// When the name cannot be resolved or is malformed; the error names it. Outside every runtime also
/// when hidden threads are [forbidden](crate::runtime::forbid_implicit); the error names the call.
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
#[track_caller]
pub fn lookup_host<T: ToSocketAddrs>(
    host: T,
) -> impl Future<Output = io::Result<impl Iterator<Item = SocketAddr> + use<T>>> {
    let place = Location::caller();
    async move {
        let addresses = to_socket_addrs(host, place).await?;
        Ok((0..addresses.len()).map(move |index| addresses[index]))
    }
}

/// The addresses of a name: by the simulated world if this is one, else by the system's resolver.
pub(super) async fn resolve(
    name: String,
    port: u16,
    place: &'static Location<'static>,
) -> io::Result<Vec<SocketAddr>> {
    let named = |error: io::Error| {
        io::Error::new(error.kind(), format!("'{name}' cannot be resolved: {error}"))
    };
    if let Some(host) = registration::host(None) {
        let host = host.host().clone();
        let delay = host.lookup_delay(&name);
        if !delay.is_zero() {
            crate::time::sleep(delay).await;
        }
        let addresses = host.lookup(&name).map_err(named)?;
        return Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect());
    }
    let asked = name.clone();
    let lookup = move || (asked.as_str(), port).to_socket_addrs().map(Vec::from_iter);
    match task::run_blocking(place, lookup).await?.map_err(named)? {
        none if none.is_empty() => {
            Err(io::Error::new(io::ErrorKind::NotFound, format!("'{name}' has no address")))
        }
        addresses => Ok(addresses),
    }
}
