//! A visit to each service from a plain thread, which has no runtime.

use std::io;
use std::thread;

use super::connection::Connection;
use super::payload::{self, Payload};
use super::services::Service;

/// How many requests each service gets.
const REQUESTS: u64 = 16;

/// Visits all services; returns how many requests were answered.
///
/// The sockets made here wait on the background reactor, which starts by itself; `pollster` knows
/// nothing but how to park a thread until it is woken.
pub(super) fn visit(services: &[Service], seed: u64) -> io::Result<u64> {
    thread::scope(|scope| {
        let visitor = thread::Builder::new().name("plain-thread".to_owned());
        let visitor = visitor.spawn_scoped(scope, || {
            services.iter().map(|service| pollster::block_on(visit_one(service, seed))).sum()
        })?;
        visitor.join().unwrap_or_else(|_| Err(io::Error::other("the plain thread panicked")))
    })
}

async fn visit_one(service: &Service, seed: u64) -> io::Result<u64> {
    let largest = service.transport.largest_request();
    let mut payload = Payload::new(seed, usize::MAX - 1, largest);
    let mut buffer = vec![0; largest + 1];
    let failed = |error: io::Error| {
        let message = format!("{} from a plain thread: {error}", service.name);
        io::Error::new(error.kind(), message)
    };
    let opened = Connection::open(service.transport, service.address).await;
    let mut connection = opened.map_err(failed)?;
    for _ in 0..REQUESTS {
        let request = payload.next_request();
        let (len, _) = connection.exchange(request, &mut buffer).await.map_err(failed)?;
        if let Some(difference) = payload::difference(request, &buffer[..len]) {
            return Err(failed(io::Error::new(io::ErrorKind::InvalidData, difference)));
        }
    }
    connection.close().await.map_err(failed)?;
    Ok(REQUESTS)
}
