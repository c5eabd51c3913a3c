//! Clients that drive a service, check what comes back, and measure how long it takes.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use minato::time::{Instant, timeout};

use super::connection::{Connection, Transport};
use super::payload::{self, Payload};

/// How much longer than planned a client may take before its service counts as stalled.
const STALL_LIMIT: Duration = Duration::from_secs(5);

/// How long a client that counts requests may take.
const COUNTING_LIMIT: Duration = Duration::from_secs(30);

/// The load of a service.
#[derive(Clone, Debug)]
pub(super) struct Load {
    pub(super) transport: Transport,
    pub(super) target: SocketAddr,
    pub(super) clients: usize,
    pub(super) until: Until,
    pub(super) seed: u64,
}

/// When a client stops.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    Elapsed(Duration),
    Requests(u64),
}

/// What the load measured.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) requests: u64,
    pub(super) bytes: u64,
    pub(super) elapsed: Duration,
    /// In nanoseconds, from before the request is sent until its answer is complete.
    pub(super) latencies: Histogram<u64>,
    pub(super) datagrams_sent_again: u64,
    /// One per client that failed.
    pub(super) errors: Vec<String>,
}

impl Measured {
    fn nothing() -> Self {
        // Three digits, from a microsecond up to a minute; longer times count as a minute.
        let bounds = (1_000, 60_000_000_000, 3);
        let latencies = Histogram::new_with_bounds(bounds.0, bounds.1, bounds.2);
        Self {
            requests: 0,
            bytes: 0,
            elapsed: Duration::ZERO,
            latencies: latencies.expect("constant bounds that the histogram allows"),
            datagrams_sent_again: 0,
            errors: Vec::new(),
        }
    }

    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.bytes += other.bytes;
        self.datagrams_sent_again += other.datagrams_sent_again;
        self.errors.extend(other.errors);
        if let Err(error) = self.latencies.add(&other.latencies) {
            self.errors.push(format!("the latencies cannot be summed up: {error}"));
        }
    }
}

/// Runs all clients of a load to their end. `counter` follows the requests while they run.
pub(super) async fn drive(load: &Load, counter: &Arc<AtomicU64>) -> Measured {
    let began = Instant::now();
    let clients: Vec<_> = (0..load.clients)
        .map(|number| minato::spawn(client(load.clone(), number, counter.clone())))
        .collect();
    let mut measured = Measured::nothing();
    for (number, client) in clients.into_iter().enumerate() {
        match client.await {
            Ok(part) => measured.add(part),
            Err(error) => measured.errors.push(format!("client {number}: {error}")),
        }
    }
    measured.elapsed = began.elapsed();
    measured
}

async fn client(load: Load, number: usize, counter: Arc<AtomicU64>) -> Measured {
    let mut measured = Measured::nothing();
    let limit = match load.until {
        Until::Elapsed(time) => time + STALL_LIMIT,
        Until::Requests(_) => COUNTING_LIMIT,
    };
    let requests = send_requests(&load, number, &counter, &mut measured);
    let ended = timeout(limit, requests).await;
    let error = match ended {
        Ok(Ok(())) => return measured,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer came any more".to_owned(),
    };
    let request = measured.requests;
    measured.errors.push(format!("client {number}, request {request}: {error}"));
    measured
}

async fn send_requests(
    load: &Load,
    number: usize,
    counter: &AtomicU64,
    measured: &mut Measured,
) -> io::Result<()> {
    let largest = load.transport.largest_request();
    let mut payload = Payload::new(load.seed, number, largest);
    // One byte more, so that an answer that is too long is found.
    let mut buffer = vec![0; largest + 1];
    let began = Instant::now();
    let mut connection = Connection::open(load.transport, load.target).await?;
    while match load.until {
        Until::Elapsed(time) => began.elapsed() < time,
        Until::Requests(count) => measured.requests < count,
    } {
        let request = payload.next_request();
        let sent = Instant::now();
        let (len, again) = connection.exchange(request, &mut buffer).await?;
        let latency = sent.elapsed();
        if let Some(difference) = payload::difference(request, &buffer[..len]) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, difference));
        }
        measured.latencies.saturating_record(latency.as_nanos() as u64);
        measured.requests += 1;
        measured.bytes += request.len() as u64;
        measured.datagrams_sent_again += again;
        counter.fetch_add(1, Ordering::Relaxed);
    }
    connection.close().await
}

#[cfg(test)]
mod tests {
    use minato::io::{AsyncReadExt, AsyncWriteExt};
    use minato::net::{TcpListener, TcpStream};
    use minato::sim::Simulation;

    use super::*;

    /// Drives a service that does `answer` with each connection.
    fn drive_simulated<F, A>(answer: F) -> Measured
    where
        F: Fn(TcpStream) -> A + 'static,
        A: Future<Output = io::Result<()>> + 'static,
    {
        let mut simulation = Simulation::new(1);
        let binding = simulation.spawn("server", TcpListener::bind("0.0.0.0:7000")).unwrap();
        let listener = simulation.run_until(binding).unwrap().unwrap().unwrap();
        let serving = async move {
            while let Ok((stream, _)) = listener.accept().await {
                _ = answer(stream).await;
            }
        };
        drop(simulation.spawn("server", serving).unwrap());
        let load = Load {
            transport: Transport::Tcp,
            target: (simulation.world().host("server").ip(), 7000).into(),
            clients: 1,
            until: Until::Requests(3),
            seed: 1,
        };
        let driving = async move { drive(&load, &Arc::default()).await };
        let driving = simulation.spawn("client", driving).unwrap();
        simulation.run_until(driving).unwrap().unwrap()
    }

    #[test]
    fn a_right_answer_is_counted() {
        let measured = drive_simulated(|mut stream| async move {
            let (mut reader, mut writer) = stream.split();
            minato::io::copy(&mut reader, &mut writer).await?;
            writer.shutdown().await
        });
        assert_eq!(measured.errors, [""; 0]);
        assert_eq!((measured.requests, measured.latencies.len()), (3, 3));
    }

    #[test]
    fn a_wrong_byte_is_an_error() {
        let measured = drive_simulated(|mut stream| async move {
            let mut buffer = [0; 32 * 1024];
            loop {
                let len = stream.read(&mut buffer).await?;
                buffer[len / 2] ^= 1;
                stream.write_all(&buffer[..len]).await?;
            }
        });
        assert_eq!((measured.errors.len(), measured.requests), (1, 0));
        assert!(
            measured.errors[0].starts_with("client 0, request 0: byte "),
            "{:?}",
            measured.errors
        );
    }

    #[test]
    fn a_connection_that_ends_early_is_an_error() {
        let measured = drive_simulated(|stream| async move {
            drop(stream);
            Ok(())
        });
        assert_eq!((measured.errors.len(), measured.requests), (1, 0), "{:?}", measured.errors);
    }

    #[test]
    fn bytes_after_the_last_answer_are_an_error() {
        let measured = drive_simulated(|mut stream| async move {
            let (mut reader, mut writer) = stream.split();
            minato::io::copy(&mut reader, &mut writer).await?;
            writer.write_all(b"one more thing").await?;
            writer.shutdown().await
        });
        assert!(measured.errors[0].contains("more bytes"), "{:?}", measured.errors);
    }

    #[test]
    fn a_silent_service_is_an_error_after_a_while() {
        let measured = drive_simulated(|stream| async move {
            std::future::pending::<()>().await;
            drop(stream);
            Ok(())
        });
        assert!(measured.errors[0].contains("no answer came"), "{:?}", measured.errors);
        assert_eq!(measured.elapsed.as_secs(), COUNTING_LIMIT.as_secs());
    }
}
