//! A visit to each service from a plain thread, which has no runtime.

use std::io;
use std::thread;
use std::time::Duration;

use minato::time::timeout;

use super::connection::Connection;
use super::payload::{self, Payload};
use super::services::Service;

/// How many requests each service gets.
const REQUESTS: u64 = 16;

/// How long a service may take for its requests.
const LIMIT: Duration = Duration::from_secs(5);

/// Visits all services; returns how many requests were answered.
///
/// The sockets made here wait on the background reactor, which starts by itself; `pollster` knows
/// nothing but how to park a thread until it is woken.
pub(super) fn visit(services: &[Service], seed: u64) -> io::Result<u64> {
    visit_within(LIMIT, services, seed)
}

fn visit_within(limit: Duration, services: &[Service], seed: u64) -> io::Result<u64> {
    thread::scope(|scope| {
        let visitor = thread::Builder::new().name("plain-thread".to_owned());
        let visitor = visitor.spawn_scoped(scope, || {
            let visit = |service| pollster::block_on(visit_one(limit, service, seed));
            services.iter().map(visit).sum()
        })?;
        visitor.join().unwrap_or_else(|_| Err(io::Error::other("the plain thread panicked")))
    })
}

async fn visit_one(limit: Duration, service: &Service, seed: u64) -> io::Result<u64> {
    let error = match timeout(limit, send_requests(service, seed)).await {
        Ok(Ok(())) => return Ok(REQUESTS),
        Ok(Err(error)) => error,
        Err(_) => io::Error::new(io::ErrorKind::TimedOut, "no answer came any more"),
    };
    let message = format!("{} from a plain thread: {error}", service.name);
    Err(io::Error::new(error.kind(), message))
}

async fn send_requests(service: &Service, seed: u64) -> io::Result<()> {
    let largest = service.transport.largest_request();
    let mut payload = Payload::new(seed, usize::MAX - 1, largest);
    let mut buffer = vec![0; largest + 1];
    let mut connection = Connection::open(service.transport, service.address).await?;
    for _ in 0..REQUESTS {
        let request = payload.next_request();
        let (len, _) = connection.exchange(request, &mut buffer).await?;
        if let Some(difference) = payload::difference(request, &buffer[..len]) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, difference));
        }
    }
    connection.close().await
}

#[cfg(test)]
mod tests {
    use super::super::connection::Transport;
    use super::*;

    /// As one does that has no descriptors left to accept with.
    #[test]
    fn a_service_that_never_answers_is_an_error_that_names_it() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let silent = Service { name: "silence", transport: Transport::Tcp, address };
        let error = visit_within(Duration::from_millis(20), &[silent], 1).unwrap_err();
        assert_eq!(error.to_string(), "silence from a plain thread: no answer came any more");
    }
}
