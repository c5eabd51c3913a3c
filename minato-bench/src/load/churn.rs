//! A connection for each request: connect, ask, be answered, see the server close.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use socket2::SockRef;

use super::alternate::{self, Client};
use super::connection::{CHUNK, differs};
use super::histogram::Recorder;
use super::{Figures, LoadOptions, Traffic, Watch, context, used};

/// A connection of its own for one request.
struct Visit {
    stream: TcpStream,
    begun: Instant,
    received: usize,
}

/// The visits to one server.
pub(super) struct Churn {
    address: SocketAddr,
    epoll: Epoll,
    request: Vec<u8>,
    visits: Vec<Option<Visit>>,
    buffer: Vec<u8>,
    begun: u64,
    done: u64,
}

/// Keeps `connections` visits under way, and counts those that come to their end.
pub(super) fn run(options: &LoadOptions, watch: &Watch) -> io::Result<Figures> {
    let mut churn = Churn::new(options.address, &options.traffic)?;
    let mut recorder = Recorder::new()?;
    let warm_up = if options.operations.is_some() { Duration::ZERO } else { options.warm_up };
    if !warm_up.is_zero() {
        churn.go_on(Instant::now() + warm_up, None, &mut Recorder::new()?)?;
    }
    let far = Duration::from_secs(3600);
    let length = if options.operations.is_some() { far } else { options.seconds };
    let (before, begun, done) = (watch.sample()?, Instant::now(), churn.done);
    churn.go_on(begun + length, options.operations, &mut recorder)?;
    let (elapsed, after) = (begun.elapsed(), watch.sample()?);
    Ok(Figures {
        operations: churn.done - done,
        nanoseconds: elapsed.as_nanos() as u64,
        unanswered: 0,
        latency: recorder.latencies(),
        server: used(before, after),
    })
}

impl Churn {
    /// As many visits at once as there are connections.
    pub(super) fn new(address: SocketAddr, traffic: &Traffic) -> io::Result<Churn> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let request = (0..traffic.size).map(|at| (at % 251) as u8).collect();
        let visits = (0..traffic.connections).map(|_| None).collect();
        let buffer = vec![0; CHUNK];
        Ok(Churn { address, epoll, request, visits, buffer, begun: 0, done: 0 })
    }

    fn go_on(
        &mut self,
        until: Instant,
        most: Option<u64>,
        recorder: &mut Recorder,
    ) -> io::Result<()> {
        let mut events = vec![EpollEvent::empty(); 1024];
        while Instant::now() < until {
            for at in 0..self.visits.len() {
                if self.visits[at].is_none() && most.is_none_or(|most| self.begun < most) {
                    self.visit(at).map_err(context("connecting"))?;
                }
            }
            if most.is_some_and(|most| self.done >= most) {
                return Ok(());
            }
            let count = match self.epoll.wait(&mut events, EpollTimeout::from(10_u8)) {
                Ok(count) => count,
                Err(nix::errno::Errno::EINTR) => 0,
                Err(error) => return Err(error.into()),
            };
            for event in &events[..count] {
                let at = event.data() as usize;
                if self.has_ended(at).map_err(context("receiving"))?
                    && let Some(begun) = self.leave(at)?
                {
                    recorder.record(begun.elapsed().as_nanos() as u64);
                }
            }
        }
        Ok(())
    }

    /// Connects and asks. On loopback neither waits for the server's program: the kernel completes
    /// the connection.
    fn visit(&mut self, at: usize) -> io::Result<()> {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.write_all(&self.request)?;
        stream.set_nonblocking(true)?;
        self.epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, at as u64))?;
        self.visits[at] = Some(Visit { stream, begun, received: 0 });
        self.begun += 1;
        Ok(())
    }

    /// Reads the answer, and says whether the server has closed after it.
    fn has_ended(&mut self, at: usize) -> io::Result<bool> {
        let Some(visit) = &mut self.visits[at] else { return Ok(false) };
        loop {
            match visit.stream.read(&mut self.buffer) {
                Ok(0) if visit.received == self.request.len() => return Ok(true),
                Ok(0) => {
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, "closed too early"));
                }
                Ok(length) => {
                    let expected = self.request.get(visit.received..visit.received + length);
                    if expected != Some(&self.buffer[..length]) {
                        return Err(differs());
                    }
                    visit.received += length;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Closes by a reset: the thousands of connections a second leave nothing waiting in the
    /// kernel, which would run out of ports. Tells when the visit began.
    fn leave(&mut self, at: usize) -> io::Result<Option<Instant>> {
        let Some(visit) = self.visits[at].take() else { return Ok(None) };
        SockRef::from(&visit.stream).set_linger(Some(Duration::ZERO))?;
        self.done += 1;
        Ok(Some(visit.begun))
    }
}

impl Client for Churn {
    /// All visits at once, until all have come to their end.
    fn batch(&mut self) -> io::Result<u64> {
        for at in 0..self.visits.len() {
            self.visit(at).map_err(context("connecting"))?;
        }
        let (mut events, enough) = ([EpollEvent::empty(); 64], self.begun);
        while self.done < enough {
            let count = alternate::wait(&self.epoll, &mut events)?;
            for event in &events[..count] {
                let at = event.data() as usize;
                if self.has_ended(at).map_err(context("receiving"))? {
                    self.leave(at)?;
                }
            }
        }
        Ok(self.visits.len() as u64)
    }
}
