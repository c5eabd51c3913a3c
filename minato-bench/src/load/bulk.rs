//! As many bytes as go through a relay.
//!
//! The window reaches from before the first byte until each connection has seen its end come back
//! through the relay, so that the bytes and the CPU time are of exactly the same traffic.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::{Figures, LoadOptions, Watch, context, used};

/// How long the last bytes may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends for the duration, or `operations` bytes, on all connections.
pub(super) fn run(options: &LoadOptions, watch: &Watch) -> io::Result<Figures> {
    let mut streams = Vec::with_capacity(options.traffic.connections);
    for _ in 0..options.traffic.connections {
        let stream = TcpStream::connect(options.address).map_err(context("connecting"))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        streams.push(stream);
    }
    let (before, begun) = (watch.sample()?, Instant::now());
    let bytes = send(options, &streams, begun).map_err(context("sending"))?;
    for stream in &streams {
        stream.shutdown(Shutdown::Write)?;
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
    }
    for mut stream in &streams {
        if stream.read(&mut [0]).map_err(context("waiting for the end"))? != 0 {
            return Err(io::Error::new(ErrorKind::InvalidData, "a sink does not answer"));
        }
    }
    let (elapsed, after) = (begun.elapsed(), watch.sample()?);
    Ok(Figures {
        operations: bytes,
        nanoseconds: elapsed.as_nanos() as u64,
        unanswered: 0,
        latency: None,
        server: used(before, after),
    })
}

fn send(options: &LoadOptions, streams: &[TcpStream], begun: Instant) -> io::Result<u64> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    for (at, stream) in streams.iter().enumerate() {
        epoll.add(stream, EpollEvent::new(EpollFlags::EPOLLOUT, at as u64))?;
    }
    let message = vec![1; options.traffic.size];
    let most = options.operations.unwrap_or(u64::MAX);
    let mut bytes = 0;
    let mut events = vec![EpollEvent::empty(); 1024];
    while options.operations.is_some() || begun.elapsed() < options.seconds {
        let count = match epoll.wait(&mut events, EpollTimeout::from(10_u8)) {
            Ok(count) => count,
            Err(nix::errno::Errno::EINTR) => 0,
            Err(error) => return Err(error.into()),
        };
        for event in &events[..count] {
            let left = usize::try_from(most - bytes).unwrap_or(usize::MAX);
            if left == 0 {
                return Ok(bytes);
            }
            let mut stream = &streams[event.data() as usize];
            match stream.write(&message[..message.len().min(left)]) {
                Ok(sent) => bytes += sent as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(bytes)
}
