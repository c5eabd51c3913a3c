//! Datagrams: one by one, and in bulk.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

use minato_bench::kit::{self, Tally};
use minato_bench::peer::{PeerCommand, Workload, lacks};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, sendmsg, setsockopt,
    sockopt::UdpGroSegment,
};

/// As much as the kernel puts together of datagrams that came at once.
const MOST: usize = 64 * 1024;

struct Server {
    socket: UdpSocket,
    answers: bool,
    tally: Tally,
    buffer: Vec<u8>,
}

pub(crate) fn run(command: &PeerCommand) -> io::Result<()> {
    if command.batch && setsockopt(&UdpSocket::bind("127.0.0.1:0")?, UdpGroSegment, &true).is_err()
    {
        lacks("GRO in this kernel");
    }
    let (socket, tally) = kit::one(kit::open_udp(command, 1)?)?;
    socket.set_nonblocking(true)?;
    if command.batch {
        setsockopt(&socket, UdpGroSegment, &true)?;
    }
    let answers = command.workload == Workload::UdpEcho;
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    epoll.add(&socket, EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLET, 0))?;
    let mut server = Server { socket, answers, tally, buffer: vec![0; MOST] };
    let mut events = [EpollEvent::empty()];
    let mut control = nix::cmsg_space!(i32);
    loop {
        match epoll.wait(&mut events, EpollTimeout::NONE) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let drained =
            if command.batch { server.drain_batches(&mut control) } else { server.drain() };
        match drained {
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            _ => {}
        }
    }
}

impl Server {
    /// Takes one datagram after the other until there is none.
    fn drain(&mut self) -> io::Result<()> {
        loop {
            let (length, from) = self.socket.recv_from(&mut self.buffer)?;
            if self.answers {
                lossy(self.socket.send_to(&self.buffer[..length], from))?;
            } else {
                self.count(length, length, from)?;
            }
        }
    }

    /// Takes as many datagrams in a call as the kernel has put together.
    fn drain_batches(&mut self, control: &mut [u8]) -> io::Result<()> {
        let fd = self.socket.as_raw_fd();
        loop {
            let mut parts = [IoSliceMut::new(&mut self.buffer)];
            let flags = MsgFlags::empty();
            let message = recvmsg::<SockaddrIn>(fd, &mut parts, Some(control), flags)?;
            let length = message.bytes;
            let mut segment = length;
            for control in message.cmsgs()? {
                if let ControlMessageOwned::UdpGroSegments(size) = control {
                    segment = usize::try_from(size).unwrap_or(length);
                }
            }
            let from = message.address;
            if self.answers {
                let size = u16::try_from(segment).unwrap_or(u16::MAX);
                let segments = [ControlMessage::UdpGsoSegments(&size)];
                let segments = if segment < length { &segments[..] } else { &[] };
                let parts = [IoSlice::new(&self.buffer[..length])];
                let sent = sendmsg(fd, &parts, segments, flags, from.as_ref());
                lossy(sent.map_err(io::Error::from))?;
            } else if let Some(from) = from {
                self.count(length, segment, SocketAddrV4::from(from).into())?;
            }
        }
    }

    /// Counts what is received, and answers who asks for the count.
    fn count(&self, length: usize, segment: usize, from: SocketAddr) -> io::Result<()> {
        match self.tally.take(&self.buffer[..length], segment) {
            Some(answer) => lossy(self.socket.send_to(&answer, from)),
            None => Ok(()),
        }
    }
}

/// A datagram that does not fit into a full queue is lost, as datagrams are.
fn lossy(sent: io::Result<usize>) -> io::Result<()> {
    match sent {
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        _ => Ok(()),
    }
}
