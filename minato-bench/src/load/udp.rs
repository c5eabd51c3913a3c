//! Datagrams: a stream without answers, and echoes.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrIn, sendmsg};

use super::connection::differs;
use super::histogram::Recorder;
use super::{Figures, LoadOptions, Watch, context, used};

/// After this time a datagram counts as lost.
const LOST: Duration = Duration::from_millis(200);

/// The room that a datagram needs for its number.
const NUMBER: usize = size_of::<u64>();

/// Sends as fast as it can for the duration, then waits a moment, so that the receiver has taken
/// what arrived. The operations are the datagrams sent; only the receiver knows how many it got.
pub(super) fn stream(options: &LoadOptions, watch: &Watch) -> io::Result<Figures> {
    let socket = connected(options)?;
    let message = vec![1; options.size * options.segments];
    let most = options.operations.unwrap_or(u64::MAX);
    let (before, begun) = (watch.sample()?, Instant::now());
    let mut sent = 0;
    while sent < most && (options.operations.is_some() || begun.elapsed() < options.seconds) {
        match send(&socket, &message, options.size) {
            Ok(()) => sent += options.segments as u64,
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

fn connected(options: &LoadOptions) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(options.address).map_err(context("connecting"))?;
    Ok(socket)
}

/// Sends one datagram, or several of `size` bytes in one call.
fn send(socket: &UdpSocket, message: &[u8], size: usize) -> io::Result<()> {
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

struct Echo<'a> {
    options: &'a LoadOptions,
    epoll: Epoll,
    sockets: Vec<Socket>,
    recorder: Recorder,
    answered: u64,
    lost: u64,
}

/// A closed loop: keeps `pipeline` datagrams under way on each socket.
pub(super) fn echo(options: &LoadOptions, watch: &Watch) -> io::Result<Figures> {
    if options.size < NUMBER {
        let what = format!("a datagram that is answered has at least {NUMBER} bytes");
        return Err(io::Error::new(ErrorKind::InvalidInput, what));
    }
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    let mut sockets = Vec::with_capacity(options.connections);
    for at in 0..options.connections {
        let socket = connected(options)?;
        socket.set_nonblocking(true)?;
        epoll.add(&socket, EpollEvent::new(EpollFlags::EPOLLIN, at as u64))?;
        sockets.push(Socket { socket, waiting: VecDeque::new(), next: 0 });
    }
    let recorder = Recorder::new()?;
    let mut echo = Echo { options, epoll, sockets, recorder, answered: 0, lost: 0 };
    for at in 0..options.connections {
        echo.ask(at, options.pipeline).map_err(context("sending"))?;
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

impl Echo<'_> {
    fn go_on(&mut self, until: Instant, most: u64) -> io::Result<()> {
        let mut events = vec![EpollEvent::empty(); 1024];
        let mut looked = Instant::now();
        while Instant::now() < until && self.answered < most {
            let count = match self.epoll.wait(&mut events, EpollTimeout::from(10_u8)) {
                Ok(count) => count,
                Err(nix::errno::Errno::EINTR) => 0,
                Err(error) => return Err(error.into()),
            };
            for event in &events[..count] {
                let at = event.data() as usize;
                let answers = self.receive(at).map_err(context("receiving"))?;
                self.ask(at, answers).map_err(context("sending"))?;
            }
            if looked.elapsed() > LOST / 4 {
                looked = Instant::now();
                self.replace_lost()?;
            }
        }
        Ok(())
    }

    /// Sends `count` datagrams, as many in one call as the options say.
    fn ask(&mut self, at: usize, count: usize) -> io::Result<()> {
        let size = self.options.size;
        let mut message = vec![1; size * self.options.segments.min(count)];
        let mut left = count;
        while left > 0 {
            let batch = left.min(self.options.segments);
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
        let mut buffer = [0; 64 * 1024];
        let mut answers = 0;
        loop {
            let length = match socket.recv(&mut buffer) {
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(answers),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let number = buffer.first_chunk().map(|number| u64::from_le_bytes(*number));
            if length != self.options.size {
                return Err(differs());
            }
            let Some(found) = waiting.iter().position(|(sent, _)| Some(*sent) == number) else {
                continue; // It was given up, and has been replaced.
            };
            if let Some((_, sent)) = waiting.remove(found) {
                self.recorder.record(sent.elapsed().as_nanos() as u64);
            }
            self.answered += 1;
            answers += 1;
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
