//! The clients that exist only in lockstep: requests, counted datagrams, transfers.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

use super::{Client, LATE, wait};
use crate::load::connection::{CHUNK, Connection, Pattern};
use crate::load::{Traffic, context, udp};
use crate::peer::QUESTION;

/// Requests over connections that stay.
pub(super) struct Lockstep {
    epoll: Epoll,
    connections: Vec<Connection>,
    /// The connection that is asked next.
    next: usize,
    active: usize,
    pipeline: usize,
    scratch: Vec<u8>,
}

impl Lockstep {
    /// Opens all connections; a batch asks on `active` of them.
    pub(super) fn new(
        address: SocketAddr,
        traffic: &Traffic,
        active: usize,
    ) -> io::Result<Lockstep> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let pattern = Pattern::plain(traffic.size);
        let mut connections = Vec::with_capacity(traffic.connections);
        for at in 0..traffic.connections {
            let connection =
                Connection::open(address, pattern.clone()).map_err(context("connecting"))?;
            let both = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLET;
            epoll.add(&connection, EpollEvent::new(both, at as u64))?;
            connections.push(connection);
        }
        let active = active.min(traffic.connections);
        let (pipeline, scratch) = (traffic.pipeline, vec![0; CHUNK]);
        Ok(Lockstep { epoll, connections, next: 0, active, pipeline, scratch })
    }
}

impl Client for Lockstep {
    fn batch(&mut self) -> io::Result<u64> {
        for _ in 0..self.active {
            let connection = &mut self.connections[self.next];
            (0..self.pipeline).for_each(|_| connection.ask(0));
            connection.flush().map_err(context("sending"))?;
            self.next = (self.next + 1) % self.connections.len();
        }
        let (mut answered, asked) = (0, self.active * self.pipeline);
        let mut events = [EpollEvent::empty(); 64];
        while answered < asked {
            let count = wait(&self.epoll, &mut events)?;
            for event in &events[..count] {
                let connection = &mut self.connections[event.data() as usize];
                let received = connection.receive(&mut self.scratch, |_| answered += 1);
                received.map_err(context("receiving"))?;
                connection.flush().map_err(context("sending"))?;
            }
        }
        Ok(asked as u64)
    }
}

/// Datagrams of a batch: fewer than fit into the queue of a socket.
const DATAGRAMS: usize = 64;

/// Datagrams that are not answered. The server is asked how many it has received.
pub(super) struct Questions {
    socket: UdpSocket,
    message: Vec<u8>,
    size: usize,
    counted: u64,
}

impl Questions {
    pub(super) fn new(address: SocketAddr, traffic: &Traffic) -> io::Result<Questions> {
        let socket = udp::connected(address)?;
        socket.set_read_timeout(Some(Duration::from_millis(u64::from(LATE))))?;
        let message = vec![1; traffic.size * traffic.segments];
        let mut questions = Questions { socket, message, size: traffic.size, counted: 0 };
        questions.counted = questions.ask()?;
        Ok(questions)
    }

    fn ask(&self) -> io::Result<u64> {
        self.socket.send(&QUESTION).map_err(context("asking"))?;
        let mut answer = [0; size_of::<u64>()];
        let length = self.socket.recv(&mut answer).map_err(context("asking"))?;
        if length != answer.len() {
            return Err(io::Error::new(ErrorKind::InvalidData, "the answer is no number"));
        }
        Ok(u64::from_le_bytes(answer))
    }
}

impl Client for Questions {
    /// The operations are the datagrams that the server has received, not its answer.
    fn batch(&mut self) -> io::Result<u64> {
        for _ in 0..DATAGRAMS.div_ceil(self.message.len() / self.size) {
            udp::send(&self.socket, &self.message, self.size).map_err(context("sending"))?;
        }
        let (before, wanted) = (self.counted, self.counted + DATAGRAMS as u64);
        loop {
            let counted = self.ask()?;
            // What is lost does not come any more.
            let stays = counted == self.counted;
            self.counted = counted;
            if counted >= wanted || stays {
                break;
            }
        }
        match self.counted - before {
            0 => Err(io::Error::new(ErrorKind::TimedOut, "no datagram arrives")),
            received => Ok(received),
        }
    }
}

/// Connections through a relay to a sink, each with the same number of bytes.
pub(super) struct Transfers {
    address: SocketAddr,
    bytes: u64,
    chunk: Vec<u8>,
}

impl Transfers {
    pub(super) fn new(address: SocketAddr, bytes: u64) -> Transfers {
        Transfers { address, bytes, chunk: vec![1; CHUNK] }
    }
}

impl Client for Transfers {
    /// A connection, from its beginning until its end has come back.
    fn batch(&mut self) -> io::Result<u64> {
        let mut stream = TcpStream::connect(self.address).map_err(context("connecting"))?;
        stream.set_nodelay(true)?;
        let late = Some(Duration::from_millis(u64::from(LATE)));
        stream.set_read_timeout(late)?;
        stream.set_write_timeout(late)?;
        let mut left = self.bytes;
        while left > 0 {
            let length = left.min(self.chunk.len() as u64);
            stream.write_all(&self.chunk[..length as usize]).map_err(context("sending"))?;
            left -= length;
        }
        stream.shutdown(Shutdown::Write)?;
        match stream.read(&mut [0]).map_err(context("waiting for the end"))? {
            0 => Ok(1),
            _ => Err(io::Error::new(ErrorKind::InvalidData, "a sink does not answer")),
        }
    }
}
