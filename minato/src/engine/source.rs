//! One socket's kernel side, and every verb that acts on it.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use socket2::Socket;

use super::sim::{SimHost, SimSource};
use super::{Foreign, Membership, OptionName, OptionValue};
use crate::os::batch::Batch;
use crate::os::transmit::Transmit;
use crate::os::udp::InBulk;
use crate::os::{self, platform};
use crate::sync::Arc;

/// What owns a socket's other side: its kind, fixed when the socket is made.
pub(crate) enum Source {
    /// The operating system.
    Os(Socket),
    /// The operating system, for UDP.
    OsUdp(Socket, InBulk),
    /// A simulated host.
    Sim(SimSource),
    /// Somebody else: a descriptor that is only waited for.
    Foreign(Foreign),
    /// Nobody any more: it was given away, and the socket is about to be dropped.
    Given,
}

/// The family of addresses a socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
    Unix,
}

impl Family {
    pub(crate) fn of(address: &SocketAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

/// What runs over a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Tcp,
    Udp,
    UnixStream,
    UnixDatagram,
    Other,
}

/// The address of a socket.
#[derive(Clone, Debug)]
pub(crate) enum Address {
    Ip(SocketAddr),
    Unix(Box<std::os::unix::net::SocketAddr>),
}

impl Address {
    /// That of a Unix socket that was never bound.
    pub(crate) fn unnamed() -> io::Result<Self> {
        Ok(Self::Unix(Box::new(std::os::unix::net::SocketAddr::from_pathname("")?)))
    }

    /// The internet address in it.
    pub(crate) fn ip(self) -> io::Result<SocketAddr> {
        match self {
            Self::Ip(address) => Ok(address),
            Self::Unix(_) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the socket has a Unix address, not an internet address",
            )),
        }
    }

    /// The Unix address in it.
    pub(crate) fn unix(self) -> io::Result<std::os::unix::net::SocketAddr> {
        match self {
            Self::Unix(address) => Ok(*address),
            Self::Ip(_) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the socket has an internet address, not a Unix address",
            )),
        }
    }
}

/// What came with a datagram besides its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) len: usize,
    pub(crate) truncated: bool,
}

/// How many buffers one vectored verb takes at most. Systems refuse more altogether; here the rest
/// is left for the next call.
pub(crate) const MOST_BUFFERS: usize = 1024;

/// Hands a verb to the kind of socket it is for. For the system, UDP is like the rest unless it is
/// listed.
macro_rules! on_kind {
    ($source:expr, $os:ident => $on_os:expr, $sim:ident => $on_sim:expr) => {
        // The system's first, in one comparison: it is the one whose calls are counted.
        if let Source::Os($os) | Source::OsUdp($os, _) = $source {
            $on_os
        } else {
            match $source {
                Source::Sim($sim) => $on_sim,
                Source::Foreign(foreign) => Err(foreign.has_no_verbs()),
                Source::Given => Err(given_away()),
                Source::Os(_) | Source::OsUdp(..) => unreachable!("matched above"),
            }
        }
    };
    ($source:expr, $os:ident => $on_os:expr, ($socket:ident, $bulk:ident) => $on_udp:expr,
      $sim:ident => $on_sim:expr) => {
        if let Source::Os($os) = $source {
            $on_os
        } else {
            match $source {
                Source::OsUdp($socket, $bulk) => $on_udp,
                Source::Sim($sim) => $on_sim,
                Source::Foreign(foreign) => Err(foreign.has_no_verbs()),
                Source::Given => Err(given_away()),
                Source::Os(_) => unreachable!("matched above"),
            }
        }
    };
}

impl Source {
    /// Opens a socket on the simulated `host`, or of the operating system if there is none.
    pub(crate) fn open(
        host: Option<&Arc<SimHost>>,
        family: Family,
        transport: Transport,
    ) -> io::Result<Self> {
        match host {
            None => os::open(family, transport).map(|socket| Self::of_system(socket, transport)),
            Some(host) => SimSource::open(host, family, transport).map(Self::Sim),
        }
    }

    /// Opens two Unix sockets that are connected to each other. No host has them.
    pub(crate) fn pair(
        host: Option<&Arc<SimHost>>,
        transport: Transport,
    ) -> io::Result<(Self, Self)> {
        if let Some(host) = host {
            SimSource::open(host, Family::Unix, transport)?;
        }
        let (one, two) = os::pair(transport)?;
        Ok((Self::Os(one), Self::Os(two)))
    }

    fn of_system(socket: Socket, transport: Transport) -> Self {
        match transport {
            Transport::Udp => Self::OsUdp(socket, InBulk::default()),
            _ => Self::Os(socket),
        }
    }

    /// Takes over a descriptor: makes it non-blocking and finds out what runs over it.
    pub(crate) fn adopt(descriptor: OwnedFd) -> io::Result<(Self, Transport)> {
        let socket = Socket::from(descriptor);
        let transport = os::transport(&socket)?;
        socket.set_nonblocking(true)?;
        platform::prepare(&socket)?;
        Ok((Self::of_system(socket, transport), transport))
    }

    /// Takes over a descriptor that is only waited for.
    pub(crate) fn watched(descriptor: OwnedFd) -> Self {
        Self::Os(Socket::from(descriptor))
    }

    pub(crate) fn connect(&self, address: &Address) -> io::Result<()> {
        on_kind!(self, os => os::connect(os, address), sim => sim.connect(address))
    }

    pub(crate) fn bind(&self, address: &Address) -> io::Result<()> {
        on_kind!(self, os => os::bind(os, address), sim => sim.bind(address))
    }

    pub(crate) fn listen(&self, backlog: i32) -> io::Result<()> {
        on_kind!(self, os => os.listen(backlog), sim => sim.listen(backlog))
    }

    pub(crate) fn accept(&self) -> io::Result<(Source, Address)> {
        on_kind!(self,
            os => os::accept(os).map(|(accepted, from)| (Source::Os(accepted), from)),
            sim => sim.accept().map(|(accepted, from)| (Source::Sim(accepted), from)))
    }

    /// How many connections wait to be accepted, where the system tells.
    pub(crate) fn waiting_connections(&self) -> Option<u32> {
        match self {
            Self::Os(os) => platform::waiting_connections(os),
            _ => None,
        }
    }

    #[inline(always)]
    pub(crate) fn recv(&self, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        on_kind!(self,
            os => os::recv(os, buf),
            (os, bulk) => bulk.recv(os, buf),
            sim => sim.recv(buf))
    }

    pub(crate) fn peek(&self, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        on_kind!(self,
            os => os::peek(os, buf),
            (os, bulk) => bulk.peek(os, buf),
            sim => sim.peek(buf))
    }

    pub(crate) fn recv_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let count = bufs.len().min(MOST_BUFFERS);
        let bufs = &mut bufs[..count];
        on_kind!(self, os => os::recv_vectored(os, bufs), sim => sim.recv_vectored(bufs))
    }

    #[inline(always)]
    pub(crate) fn send(&self, buf: &[u8]) -> io::Result<usize> {
        on_kind!(self, os => os::send(os, buf), sim => sim.send(buf))
    }

    pub(crate) fn send_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let bufs = &bufs[..bufs.len().min(MOST_BUFFERS)];
        on_kind!(self, os => os::send_vectored(os, bufs), sim => sim.send_vectored(bufs))
    }

    pub(crate) fn recv_from(
        &self,
        buf: &mut [MaybeUninit<u8>],
        peek: bool,
    ) -> io::Result<(Received, Address)> {
        on_kind!(self,
            os => os::recv_from(os, buf, peek),
            (os, bulk) => bulk.recv_from(os, buf, peek),
            sim => sim.recv_from(buf, peek))
    }

    pub(crate) fn send_to(&self, buf: &[u8], target: &Address) -> io::Result<usize> {
        on_kind!(self, os => os::send_to(os, buf, target), sim => sim.send_to(buf, target))
    }

    /// Sends the first datagrams of `transmit`, as many as one call takes; returns their bytes.
    pub(crate) fn send_segments(&self, transmit: &Transmit<&[u8]>) -> io::Result<usize> {
        transmit.check()?;
        on_kind!(self,
            _os => Err(no_datagrams()),
            (os, bulk) => bulk.send_segments(os, transmit),
            sim => sim.send_segments(transmit))
    }

    /// Receives as many datagrams as wait and fit, at least one.
    pub(crate) fn recv_batch(&self, batch: &mut Batch) -> io::Result<()> {
        batch.clear();
        on_kind!(self,
            _os => Err(no_datagrams()),
            (os, bulk) => bulk.recv_batch(os, batch),
            sim => sim.recv_batch(batch))
    }

    /// Whether it keeps datagrams that it has taken from the system and not given out.
    #[inline]
    pub(crate) fn has_kept(&self) -> bool {
        matches!(self, Self::OsUdp(_, bulk) if bulk.has_kept())
    }

    /// How many datagrams one call may send, and how many one buffer of a batch may hold.
    pub(crate) fn most_segments(&self) -> io::Result<(usize, usize)> {
        on_kind!(self,
            _os => Err(no_datagrams()),
            (os, bulk) => bulk.most_segments(os),
            sim => sim.most_segments())
    }

    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.settle()?;
        on_kind!(self, os => os::shutdown(os, how), sim => sim.shutdown(how))
    }

    pub(crate) fn local_address(&self) -> io::Result<Address> {
        on_kind!(self, os => os::local_address(os), sim => sim.local_address())
    }

    pub(crate) fn peer_address(&self) -> io::Result<Address> {
        on_kind!(self, os => os::peer_address(os), sim => sim.peer_address())
    }

    /// The user, group and, where it is told, process at the other end of a Unix socket.
    pub(crate) fn peer_credentials(&self) -> io::Result<(u32, u32, Option<i32>)> {
        on_kind!(self, os => platform::peer::credentials(os), sim => sim.peer_credentials())
    }

    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        on_kind!(self, os => os.take_error(), sim => sim.take_error())
    }

    pub(crate) fn option(&self, name: OptionName) -> io::Result<OptionValue> {
        on_kind!(self, os => os::option(os, name), sim => sim.option(name))
    }

    pub(crate) fn set_option(&self, name: OptionName, value: OptionValue) -> io::Result<()> {
        on_kind!(self, os => os::set_option(os, name, value), sim => sim.set_option(name, value))
    }

    pub(crate) fn change_membership(&self, change: Membership) -> io::Result<()> {
        on_kind!(self,
            os => os::change_membership(os, change),
            sim => sim.change_membership(change))
    }

    /// Sends what the verbs accepted and kept back (contract, rule 8), and returns the error that
    /// this or an earlier send of it met.
    pub(crate) fn settle(&self) -> io::Result<()> {
        self.flush_outbox();
        match self {
            Self::Os(_) | Self::OsUdp(..) | Self::Foreign(_) | Self::Given => Ok(()),
            Self::Sim(sim) => sim.kept_error(),
        }
    }

    /// Sends what the verbs accepted and kept back. An error stays for the next verb.
    pub(crate) fn flush_outbox(&self) {
        if let Self::Sim(sim) = self {
            sim.flush_outbox();
        }
    }

    /// The descriptor; a simulated socket has none, and lends one on which every call fails.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        match self {
            Self::Os(socket) | Self::OsUdp(socket, _) => socket.as_fd(),
            Self::Sim(sim) => sim.placeholder(),
            Self::Foreign(_) => unreachable!("its owner lends the descriptor"),
            Self::Given => unreachable!("who gives a socket away consumes it"),
        }
    }

    /// Gives the descriptor away.
    pub(crate) fn into_descriptor(self) -> io::Result<OwnedFd> {
        match self {
            Self::Os(socket) => Ok(socket.into()),
            Self::OsUdp(socket, bulk) => {
                bulk.leave(&socket);
                Ok(socket.into())
            }
            Self::Sim(_) => Err(no_descriptor("into_std")),
            Self::Foreign(foreign) => Err(foreign.has_no_verbs()),
            Self::Given => Err(given_away()),
        }
    }
}

/// The error of a socket whose descriptor is somebody else's now.
#[cold]
fn given_away() -> io::Error {
    io::Error::other("the descriptor of this socket was given away")
}

/// The error of a socket that is not of UDP.
fn no_datagrams() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "only UDP sockets send and receive in bulk")
}

/// The error of what needs a descriptor, on an engine whose sockets have none.
pub(crate) fn no_descriptor(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!("{what} needs a descriptor, which sockets of the sim engine do not have"),
    )
}
