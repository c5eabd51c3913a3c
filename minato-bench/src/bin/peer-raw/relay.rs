//! The relay: copies both ways between a connection and the target, through a buffer or a pipe.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::os::fd::OwnedFd;

use minato_bench::peer::{PageBuffer, PeerCommand};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, splice};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::unistd::pipe2;
use slab::Slab;

use crate::serve::listen;

const LISTENER: u64 = u64::MAX;

/// Bytes of a pipe: the most that a process without privileges may ask for.
const PIPE: usize = 1024 * 1024;

/// How bytes get from one socket to the other.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    Copy,
    Splice,
}

/// Bytes on their way in one direction.
enum Carrier {
    Buffer { buffer: PageBuffer, filled: Range<usize> },
    Pipe { out: OwnedFd, into: OwnedFd, filled: usize },
}

/// One direction of a pair.
struct Flow {
    carrier: Carrier,
    /// The end was read, and was passed on.
    ended: bool,
    passed_on: bool,
}

/// A connection, and its connection to the target.
struct Pair {
    ends: [TcpStream; 2],
    flows: [Flow; 2],
}

struct Relay {
    epoll: Epoll,
    listener: TcpListener,
    target: SocketAddr,
    way: Way,
    pairs: Slab<Pair>,
}

pub(crate) fn run(command: &PeerCommand, way: Way) -> io::Result<()> {
    let target = command.target()?;
    let listener = listen(command)?;
    listener.set_nonblocking(true)?;
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    epoll.add(&listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?;
    let mut relay = Relay { epoll, listener, target, way, pairs: Slab::new() };
    let mut events = vec![EpollEvent::empty(); 1024];
    loop {
        let count = match relay.epoll.wait(&mut events, EpollTimeout::NONE) {
            Ok(count) => count,
            Err(Errno::EINTR) => 0,
            Err(error) => return Err(error.into()),
        };
        for event in &events[..count] {
            match event.data() {
                LISTENER => relay.accept()?,
                key => relay.serve(key as usize, event.events()),
            }
        }
    }
}

impl Relay {
    fn accept(&mut self) -> io::Result<()> {
        let near = match self.listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        let ends = [near, TcpStream::connect(self.target)?];
        let entry = self.pairs.vacant_entry();
        for (side, end) in ends.iter().enumerate() {
            end.set_nonblocking(true)?;
            end.set_nodelay(true)?;
            let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLET;
            self.epoll.add(end, EpollEvent::new(flags, (entry.key() * 2 + side) as u64))?;
        }
        let flows = [Flow::new(self.way)?, Flow::new(self.way)?];
        entry.insert(Pair { ends, flows });
        Ok(())
    }

    /// Moves what the event allows: what can be read from this end, what can be written to it.
    fn serve(&mut self, key: usize, events: EpollFlags) {
        let (key, side) = (key / 2, key % 2);
        let Some(Pair { ends, flows }) = self.pairs.get_mut(key) else { return };
        let mut moved = Ok(());
        if events.intersects(!EpollFlags::EPOLLOUT) {
            moved = flows[side].go_on(&ends[side], &ends[1 - side]);
        }
        if events.contains(EpollFlags::EPOLLOUT) && flows[1 - side].is_full() {
            moved = moved.and(flows[1 - side].go_on(&ends[1 - side], &ends[side]));
        }
        if moved.is_err() || flows.iter().all(|flow| flow.passed_on) {
            self.pairs.remove(key);
        }
    }
}

impl Flow {
    fn new(way: Way) -> io::Result<Flow> {
        let carrier = match way {
            Way::Copy => Carrier::Buffer { buffer: PageBuffer::new(), filled: 0..0 },
            Way::Splice => {
                let (out, into) = pipe2(OFlag::O_NONBLOCK | OFlag::O_CLOEXEC)?;
                // A user's pipes may have used up what is allowed; a small one works too.
                let _ = fcntl(&into, FcntlArg::F_SETPIPE_SZ(PIPE as i32));
                Carrier::Pipe { out, into, filled: 0 }
            }
        };
        Ok(Flow { carrier, ended: false, passed_on: false })
    }

    fn is_full(&self) -> bool {
        match &self.carrier {
            Carrier::Buffer { filled, .. } => !filled.is_empty(),
            Carrier::Pipe { filled, .. } => *filled > 0,
        }
    }

    /// Moves bytes until one of the ends would block, and passes the end on.
    fn go_on(&mut self, from: &TcpStream, to: &TcpStream) -> io::Result<()> {
        let moved = match &mut self.carrier {
            Carrier::Buffer { buffer, filled } => copy(buffer, filled, &mut self.ended, from, to),
            Carrier::Pipe { out, into, filled } => {
                through_pipe((out, into), filled, &mut self.ended, from, to)
            }
        };
        match moved {
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            _ => {}
        }
        if self.ended && !self.passed_on && !self.is_full() {
            to.shutdown(Shutdown::Write)?;
            self.passed_on = true;
        }
        Ok(())
    }
}

fn copy(
    buffer: &mut [u8],
    filled: &mut Range<usize>,
    ended: &mut bool,
    mut from: &TcpStream,
    mut to: &TcpStream,
) -> io::Result<()> {
    loop {
        while filled.start < filled.end {
            filled.start += to.write(&buffer[filled.clone()])?;
        }
        if *ended {
            return Ok(());
        }
        let received = from.read(buffer)?;
        *ended = received == 0;
        *filled = 0..received;
    }
}

fn through_pipe(
    (out, into): (&OwnedFd, &OwnedFd),
    filled: &mut usize,
    ended: &mut bool,
    from: &TcpStream,
    to: &TcpStream,
) -> io::Result<()> {
    let flags = SpliceFFlags::SPLICE_F_MOVE | SpliceFFlags::SPLICE_F_NONBLOCK;
    loop {
        while *filled > 0 {
            *filled -= splice(out, None, to, None, *filled, flags)?;
        }
        if *ended {
            return Ok(());
        }
        let received = splice(from, None, into, None, PIPE, flags)?;
        *ended = received == 0;
        *filled = received;
    }
}
