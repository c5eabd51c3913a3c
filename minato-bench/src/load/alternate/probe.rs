//! What a request costs the machine just now: the client sends some to itself.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// One request follows so many operations.
const OPERATIONS: u64 = 10;

/// A connection of the client to itself, and what it has cost since the slice began.
pub(super) struct Probe {
    near: TcpStream,
    far: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
    used: Duration,
    requests: u64,
}

impl Probe {
    /// Requests of `size` bytes.
    pub(super) fn new(size: usize) -> io::Result<Probe> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let near = TcpStream::connect(listener.local_addr()?)?;
        let (far, _) = listener.accept()?;
        near.set_nodelay(true)?;
        let (request, answer) = (vec![1; size], vec![0; size]);
        Ok(Probe { near, far, request, answer, used: Duration::ZERO, requests: 0 })
    }

    /// Forgets what was measured.
    pub(super) fn restart(&mut self) {
        (self.used, self.requests) = (Duration::ZERO, 0);
    }

    /// Follows a batch of so many operations.
    pub(super) fn follow(&mut self, operations: u64) -> io::Result<()> {
        let requests = (operations / OPERATIONS).max(1);
        let before = thread_cpu()?;
        for _ in 0..requests {
            self.near.write_all(&self.request)?;
            self.far.read_exact(&mut self.answer)?;
        }
        self.used += thread_cpu()?.saturating_sub(before);
        self.requests += requests;
        Ok(())
    }

    /// The CPU time of a request since [`Probe::restart`]; none if there were none.
    pub(super) fn nanoseconds(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.used.as_nanos() as f64 / self.requests as f64)
    }
}

fn thread_cpu() -> io::Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_tells_what_its_requests_cost() {
        let mut probe = Probe::new(64).unwrap();
        assert_eq!(probe.nanoseconds(), None);
        probe.follow(50).unwrap();
        probe.follow(1).unwrap();
        assert_eq!(probe.requests, 6);
        assert!(probe.nanoseconds().unwrap() > 0.0);
        probe.restart();
        assert_eq!(probe.nanoseconds(), None);
    }
}
