//! Datagrams: a stream without answers, and echoes.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{
    ControlMessage, MsgFlags, SockaddrIn, sendmsg, setsockopt, sockopt::UdpGroSegment,
};

use super::alternate::Client;
use super::connection::differs;
use super::histogram::Recorder;
use super::{Figures, LoadOptions, Traffic, Watch, context, used};

/// After this time a datagram counts as lost.
const LOST: Duration = Duration::from_millis(200);

/// The room that a datagram needs for its number.
const NUMBER: usize = size_of::<u64>();

/// Sends as fast as it can for the duration, then waits a moment, so that the receiver has taken
/// what arrived. The operations are the datagrams sent; only the receiver knows how many it got.
pub(super) fn stream(options: &LoadOptions, watch: &Watch) -> io::Result<Figures> {
    let socket = connected(options.address)?;
    let Traffic { size, segments, .. } = options.traffic;
    let message = vec![1; size * segments];
    let most = options.operations.unwrap_or(u64::MAX);
    let (before, begun) = (watch.sample()?, Instant::now());
    let mut sent = 0;
    while sent < most && (options.operations.is_some() || begun.elapsed() < options.seconds) {
        match send(&socket, &message, size) {
            Ok(()) => sent += segments as u64,
            // The queue of the interface is full.
            Err(error) if error.raw_os_error() == Some(nix::errno::Errno::ENOBUFS as i32) => {}
            Err(error) => return Err(context("sending")(error)),
        }
    }
    let elapsed = begun.elapsed();
    thread::sleep(Duration::from_millis(50));
    let after = watch.sample()?;
    Ok(Figures {
        operations: sent,
        nanoseconds: elapsed.as_nanos() as u64,
        unanswered: 0,
        latency: None,
        server: used(before, after),
    })
}

pub(super) fn connected(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(address).map_err(context("connecting"))?;
    Ok(socket)
}

/// Sends one datagram, or several of `size` bytes in one call.
pub(super) fn send(socket: &UdpSocket, message: &[u8], size: usize) -> io::Result<()> {
    if message.len() <= size {
        return socket.send(message).map(|_| ());
    }
    let size = u16::try_from(size).map_err(|_| too_long())?;
    let segments = [ControlMessage::UdpGsoSegments(&size)];
    let parts = [IoSlice::new(message)];
    let flags = MsgFlags::empty();
    sendmsg::<SockaddrIn>(socket.as_raw_fd(), &parts, &segments, flags, None)?;
    Ok(())
}

fn too_long() -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, "a datagram has at most 65,507 bytes")
}

/// A socket and the datagrams that are under way on it: number and time of sending.
struct Socket {
    socket: UdpSocket,
    waiting: VecDeque<(u64, Instant)>,
    next: u64,
}

/// The sockets of one server.
pub(super) struct Echo {
    traffic: Traffic,
    epoll: Epoll,
    sockets: Vec<Socket>,
    recorder: Recorder,
    answered: u64,
    lost: u64,
    /// What is received. It is kept, since clearing one for each call would clear the cache, too.
    buffer: Vec<u8>,
}

/// A closed loop: keeps `pipeline` datagrams under way on each socket.
pub(super) fn echo(options: &LoadOptions, watch: &Watch) -> io::Result<Figures> {
    let mut echo = Echo::new(options.address, &options.traffic)?;
    for at in 0..options.traffic.connections {
        echo.ask(at, options.traffic.pipeline).map_err(context("sending"))?;
    }
    let (warm_up, length) = match options.operations {
        Some(_) => (Duration::ZERO, Duration::from_secs(3600)),
        None => (options.warm_up, options.seconds),
    };
    echo.go_on(Instant::now() + warm_up, u64::MAX)?;
    (echo.recorder, echo.answered, echo.lost) = (Recorder::new()?, 0, 0);
    let (before, begun) = (watch.sample()?, Instant::now());
    echo.go_on(begun + length, options.operations.unwrap_or(u64::MAX))?;
    let (elapsed, after) = (begun.elapsed(), watch.sample()?);
    Ok(Figures {
        operations: echo.answered,
        nanoseconds: elapsed.as_nanos() as u64,
        unanswered: echo.lost,
        latency: echo.recorder.latencies(),
        server: used(before, after),
    })
}

impl Echo {
    /// As many sockets as there are connections.
    pub(super) fn new(address: SocketAddr, traffic: &Traffic) -> io::Result<Echo> {
        if traffic.size < NUMBER {
            let what = format!("a datagram that is answered has at least {NUMBER} bytes");
            return Err(io::Error::new(ErrorKind::InvalidInput, what));
        }
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let mut sockets = Vec::with_capacity(traffic.connections);
        for at in 0..traffic.connections {
            let socket = connected(address)?;
            socket.set_nonblocking(true)?;
            if traffic.segments > 1 {
                // Otherwise the server's call takes its segments apart.
                setsockopt(&socket, UdpGroSegment, &true)?;
            }
            epoll.add(&socket, EpollEvent::new(EpollFlags::EPOLLIN, at as u64))?;
            sockets.push(Socket { socket, waiting: VecDeque::new(), next: 0 });
        }
        let (traffic, recorder) = (traffic.clone(), Recorder::new()?);
        let buffer = vec![0; 64 * 1024];
        Ok(Echo { traffic, epoll, sockets, recorder, answered: 0, lost: 0, buffer })
    }

    fn go_on(&mut self, until: Instant, most: u64) -> io::Result<()> {
        let mut looked = Instant::now();
        while Instant::now() < until && self.answered < most {
            for (at, answers) in self.receive_any()? {
                self.ask(at, answers).map_err(context("sending"))?;
            }
            if looked.elapsed() > LOST / 4 {
                looked = Instant::now();
                self.replace_lost()?;
            }
        }
        Ok(())
    }

    /// Waits a moment for answers, and tells how many have come on which socket.
    fn receive_any(&mut self) -> io::Result<Vec<(usize, usize)>> {
        let mut events = [EpollEvent::empty(); 64];
        let count = match self.epoll.wait(&mut events, EpollTimeout::from(10_u8)) {
            Ok(count) => count,
            Err(nix::errno::Errno::EINTR) => 0,
            Err(error) => return Err(error.into()),
        };
        let sockets = events[..count].iter().map(|event| event.data() as usize);
        sockets.map(|at| Ok((at, self.receive(at).map_err(context("receiving"))?))).collect()
    }

    /// Sends `count` datagrams, as many in one call as the options say.
    fn ask(&mut self, at: usize, count: usize) -> io::Result<()> {
        let size = self.traffic.size;
        let mut message = vec![1; size * self.traffic.segments.min(count)];
        let mut left = count;
        while left > 0 {
            let batch = left.min(self.traffic.segments);
            let Socket { socket, waiting, next } = &mut self.sockets[at];
            for segment in message.chunks_mut(size).take(batch) {
                segment[..NUMBER].copy_from_slice(&next.to_le_bytes());
                waiting.push_back((*next, Instant::now()));
                *next += 1;
            }
            match send(socket, &message[..batch * size], size) {
                Ok(()) => {}
                // Not sent: it will count as lost, and be replaced.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            left -= batch;
        }
        Ok(())
    }

    /// Takes the answers that are there, and says how many.
    fn receive(&mut self, at: usize) -> io::Result<usize> {
        let Socket { socket, waiting, .. } = &mut self.sockets[at];
        let mut answers = 0;
        loop {
            let length = match socket.recv(&mut self.buffer) {
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.answered += answers as u64;
                    return Ok(answers);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            for datagram in self.buffer[..length].chunks(self.traffic.size) {
                if datagram.len() != self.traffic.size {
                    return Err(differs());
                }
                let number = datagram.first_chunk().map(|number| u64::from_le_bytes(*number));
                let Some(found) = waiting.iter().position(|(sent, _)| Some(*sent) == number) else {
                    continue; // It was given up, and has been replaced.
                };
                if let Some((_, sent)) = waiting.remove(found) {
                    self.recorder.record(sent.elapsed().as_nanos() as u64);
                }
                answers += 1;
            }
        }
    }

    fn replace_lost(&mut self) -> io::Result<()> {
        for at in 0..self.sockets.len() {
            let waiting = &mut self.sockets[at].waiting;
            let before = waiting.len();
            waiting.retain(|(_, sent)| sent.elapsed() < LOST);
            let lost = before - waiting.len();
            self.lost += lost as u64;
            self.ask(at, lost).map_err(context("sending"))?;
        }
        Ok(())
    }
}

impl Client for Echo {
    /// All datagrams of all sockets at once, until all are answered.
    fn batch(&mut self) -> io::Result<u64> {
        let before = self.answered;
        let (sockets, each) = (self.traffic.connections, self.traffic.pipeline);
        for at in 0..sockets {
            self.ask(at, each).map_err(context("sending"))?;
        }
        while self.answered < before + (sockets * each) as u64 {
            if self.receive_any()?.is_empty() {
                self.replace_lost()?;
            }
        }
        Ok(self.answered - before)
    }
}
