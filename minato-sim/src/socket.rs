//! The public socket and its methods.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{Shutdown, SocketAddr};
use std::sync::MutexGuard;

use crate::address::presented;
use crate::arena::Key;
use crate::errno;
use crate::host::{Host, HostId};
use crate::options::{Options, SocketOption};
use crate::readiness::Readiness;
use crate::state::State;
use crate::udp::{Received, SendOptions};
use crate::world::World;

/// The family of a socket's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6. A socket of this family also uses IPv4 by mapped addresses, unless
    /// [`OnlyV6`](SocketOption::OnlyV6) is set.
    V6,
    /// Unix sockets, which reach other sockets of their own host.
    Unix,
}

impl From<SocketAddr> for Family {
    /// The family of an address.
    fn from(address: SocketAddr) -> Family {
        if address.is_ipv4() { Family::V4 } else { Family::V6 }
    }
}

/// What a socket carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A stream of bytes: TCP.
    Stream,
    /// Messages: UDP.
    Datagram,
}

/// A socket of a simulated host. It never blocks: a call that would have to wait gives `EAGAIN`.
/// Errors have the numbers of the same call on Linux. Dropping it closes it.
pub struct Socket {
    pub(crate) world: World,
    pub(crate) host: HostId,
    pub(crate) key: Key,
    pub(crate) family: Family,
    pub(crate) kind: Kind,
}

/// Copies pieces, one after the other, into the front of a buffer. In a release build the loop
/// becomes a plain copy.
fn filler<T>(buffer: &mut [T], write: impl Fn(&mut T, u8)) -> impl FnMut(&[u8]) {
    let mut filled = 0;
    move |piece| {
        for (slot, byte) in buffer[filled..].iter_mut().zip(piece) {
            write(slot, *byte);
        }
        filled += piece.len();
    }
}

/// The same into memory that may be uninitialized.
pub(crate) fn filler_of_uninit(buffer: &mut [MaybeUninit<u8>]) -> impl FnMut(&[u8]) {
    filler(buffer, |slot, byte| {
        slot.write(byte);
    })
}

/// The same into several buffers.
pub(crate) fn scatterer<'a>(buffers: &'a mut [IoSliceMut<'_>]) -> impl FnMut(&[u8]) + 'a {
    let mut buffer = 0;
    let mut filled = 0;
    move |mut piece| {
        while !piece.is_empty() && buffer < buffers.len() {
            let room = &mut buffers[buffer][filled..];
            let count = room.len().min(piece.len());
            room[..count].copy_from_slice(&piece[..count]);
            piece = &piece[count..];
            filled += count;
            if filled == buffers[buffer].len() {
                buffer += 1;
                filled = 0;
            }
        }
    }
}

impl Socket {
    /// The world, for a call that fails if the host has crashed since the socket was made.
    pub(crate) fn lock(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.world.lock();
        if state.sockets.get(self.key).is_none() {
            return errno::fail(errno::ENETDOWN);
        }
        Ok(state)
    }

    /// The host that the socket is on.
    pub fn host(&self) -> Host {
        Host { world: self.world.clone(), id: self.host }
    }

    /// The family of its addresses.
    pub fn family(&self) -> Family {
        self.family
    }

    /// What it carries.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Binds it to an address of its host; port 0 means any free one.
    ///
    /// # Errors
    /// `EADDRINUSE`, `EADDRNOTAVAIL` for an address that the host does not have, `EACCES` for a
    /// port below 1024 where [those are forbidden](crate::WorldBuilder::privileged_ports),
    /// `EAFNOSUPPORT` or `EINVAL` for the wrong family, `EINVAL` if it is bound.
    pub fn bind(&self, address: SocketAddr) -> io::Result<()> {
        self.must_be_ip()?;
        self.lock()?.bind(self.key, address)
    }

    /// Lets a stream socket take connections. `backlog + 1` of them may wait; a negative `backlog`
    /// counts as 4096. A socket that is not bound gets a free port.
    ///
    /// # Errors
    /// `EADDRINUSE` if another socket listens there, `EINVAL` if it is connected, `EOPNOTSUPP` for
    /// a datagram socket.
    pub fn listen(&self, backlog: i32) -> io::Result<()> {
        match self.family {
            Family::Unix => self.lock()?.listen_unix(self.key, backlog),
            _ => self.lock()?.listen(self.key, backlog),
        }
    }

    /// The first connection that waits, and the address of its client. The new socket has the
    /// options of the listener.
    ///
    /// # Errors
    /// `EMFILE` if the host has no descriptor left (the connection goes on waiting), `EAGAIN` if no
    /// connection waits, `EINVAL` if the socket does not listen, `EOPNOTSUPP` for a datagram
    /// socket, `ECONNABORTED` where [resets are reported](crate::WorldBuilder::reports_aborted).
    pub fn accept(&self) -> io::Result<(Socket, SocketAddr)> {
        self.must_be_ip()?;
        let accepted = self.lock()?.accept(self.key)?;
        let socket = Socket {
            world: self.world.clone(),
            host: self.host,
            key: accepted.key,
            family: accepted.family,
            kind: Kind::Stream,
        };
        Ok((socket, presented(accepted.peer, accepted.family)))
    }

    /// Connects it.
    ///
    /// A stream socket starts to connect and gives `EINPROGRESS`. Once it is writable,
    /// [`take_error`](Socket::take_error) gives the outcome. A datagram socket is connected at once
    /// and receives from this peer only. It may be connected again.
    ///
    /// # Errors
    /// `EALREADY` while it connects, `EISCONN` when it is connected, the reason when that failed;
    /// `EAFNOSUPPORT`, `EINVAL`, `EADDRNOTAVAIL`, `ENETUNREACH`, and `EACCES` for a broadcast.
    pub fn connect(&self, address: SocketAddr) -> io::Result<()> {
        self.must_be_ip()?;
        let mut state = self.lock()?;
        match self.kind {
            Kind::Stream => state.connect_stream(self.key, address),
            Kind::Datagram => state.connect_datagram(self.key, address),
        }
    }

    /// Takes the pending error of the socket, if there is one.
    ///
    /// # Errors
    /// None so far.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(self.lock()?.take_error(self.key).map(errno::error))
    }

    /// Receives bytes into the front of `buffer` and returns how many. 0 means the end of a stream,
    /// or an empty buffer or datagram. The part of a datagram that does not fit is lost.
    ///
    /// # Errors
    /// `EAGAIN` if nothing waits, `ENOTCONN` for a stream without a connection, `ECONNRESET`,
    /// `ETIMEDOUT`; for datagrams `ECONNREFUSED` and `EHOSTUNREACH` as answers to an earlier send.
    pub fn recv(&self, buffer: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        self.receive(buffer, true)
    }

    /// Like [`recv`](Socket::recv), but the bytes stay in the socket.
    ///
    /// # Errors
    /// As [`recv`](Socket::recv).
    pub fn peek(&self, buffer: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        self.receive(buffer, false)
    }

    fn receive(&self, buffer: &mut [MaybeUninit<u8>], consume: bool) -> io::Result<usize> {
        let limit = buffer.len();
        let mut state = self.lock()?;
        match self.kind {
            _ if self.family == Family::Unix => {
                let sink = filler_of_uninit(buffer);
                Ok(state.receive_unix(self.key, limit, consume, sink)?.copied)
            }
            Kind::Stream => {
                state.stream_receive(self.key, limit, consume, filler_of_uninit(buffer))
            }
            Kind::Datagram => {
                let received =
                    state.datagram_receive(self.key, limit, consume, filler_of_uninit(buffer))?;
                Ok(received.copied)
            }
        }
    }

    /// Receives into several buffers, filling one after the other.
    ///
    /// # Errors
    /// As [`recv`](Socket::recv).
    pub fn recv_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let limit = buffers.iter().map(|buffer| buffer.len()).sum();
        let mut state = self.lock()?;
        match self.kind {
            _ if self.family == Family::Unix => {
                Ok(state.receive_unix(self.key, limit, true, scatterer(buffers))?.copied)
            }
            Kind::Stream => state.stream_receive(self.key, limit, true, scatterer(buffers)),
            Kind::Datagram => {
                let received = state.datagram_receive(self.key, limit, true, scatterer(buffers))?;
                Ok(received.copied)
            }
        }
    }

    /// Sends bytes to the peer and returns how many were taken: fewer than given if the send buffer
    /// of a stream is nearly full. A datagram is taken whole.
    ///
    /// # Errors
    /// `EAGAIN` if there is no room or the stream is still connecting, `EPIPE` if it cannot send
    /// (any more), `ECONNRESET`, `ETIMEDOUT`; for datagrams `EDESTADDRREQ` without a peer,
    /// `EMSGSIZE`, and `ECONNREFUSED` or `EHOSTUNREACH` as answers to an earlier send.
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.send_vectored(&[IoSlice::new(bytes)])
    }

    /// Sends several pieces, one after the other, in one go.
    ///
    /// # Errors
    /// As [`send`](Socket::send).
    pub fn send_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut state = self.lock()?;
        match self.kind {
            _ if self.family == Family::Unix => state.send_unix(self.key, pieces),
            Kind::Stream => state.stream_send(self.key, pieces),
            Kind::Datagram => state.datagram_send(self.key, pieces, None, SendOptions::default()),
        }
    }

    /// Queues all bytes, even beyond the send buffer. This is for bytes that an earlier call has
    /// already accepted, and that must go out before a shutdown or close.
    ///
    /// # Errors
    /// As [`send`](Socket::send), except that a full buffer is none.
    pub fn force_send(&self, bytes: &[u8]) -> io::Result<()> {
        self.must_be_ip()?;
        self.lock()?.force_send(self.key, bytes)
    }

    /// Receives a datagram into the front of `buffer`. Returns how many bytes were copied, whether
    /// there were more (which are lost), and the sender. For a stream: bytes and its peer.
    ///
    /// # Errors
    /// As [`recv`](Socket::recv).
    pub fn recv_from(
        &self,
        buffer: &mut [MaybeUninit<u8>],
    ) -> io::Result<(usize, bool, SocketAddr)> {
        self.receive_from(buffer, true)
    }

    /// Like [`recv_from`](Socket::recv_from), but the datagram stays in the socket.
    ///
    /// # Errors
    /// As [`recv`](Socket::recv).
    pub fn peek_from(
        &self,
        buffer: &mut [MaybeUninit<u8>],
    ) -> io::Result<(usize, bool, SocketAddr)> {
        self.receive_from(buffer, false)
    }

    fn receive_from(
        &self,
        buffer: &mut [MaybeUninit<u8>],
        consume: bool,
    ) -> io::Result<(usize, bool, SocketAddr)> {
        self.must_be_ip()?;
        let limit = buffer.len();
        let mut state = self.lock()?;
        if self.kind == Kind::Stream {
            let peer = state.peer_address(self.key);
            let count = state.stream_receive(self.key, limit, consume, filler_of_uninit(buffer))?;
            return Ok((count, false, peer?));
        }
        let Received { copied, truncated, header } =
            state.datagram_receive(self.key, limit, consume, filler_of_uninit(buffer))?;
        Ok((copied, truncated, presented(header.from, self.family)))
    }

    /// Sends a datagram to an address. A stream ignores the address.
    ///
    /// # Errors
    /// As [`send`](Socket::send); also `EACCES` for a broadcast without the option, and
    /// `EAFNOSUPPORT`, `ENETUNREACH` or `EINVAL` for an address that it cannot send to.
    pub fn send_to(&self, bytes: &[u8], address: SocketAddr) -> io::Result<usize> {
        self.must_be_ip()?;
        let pieces = [IoSlice::new(bytes)];
        let mut state = self.lock()?;
        match self.kind {
            Kind::Stream => state.stream_send(self.key, &pieces),
            Kind::Datagram => {
                state.datagram_send(self.key, &pieces, Some(address), SendOptions::default())
            }
        }
    }

    /// Shuts one direction or both. The peer sees the end of the stream after the bytes that are
    /// queued.
    ///
    /// # Errors
    /// `ENOTCONN` without a connection, or when both directions have ended. (A datagram socket
    /// without a peer is shut nevertheless, as on Linux.)
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let mut state = self.lock()?;
        match self.kind {
            _ if self.family == Family::Unix => state.shutdown_unix(self.key, how),
            Kind::Stream => state.shutdown_stream(self.key, how),
            Kind::Datagram => state.shutdown_datagram(self.key, how),
        }
    }

    /// Its own address; unspecified with port 0 if it is not bound.
    ///
    /// # Errors
    /// None so far.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.must_be_ip()?;
        Ok(self.lock()?.local_address(self.key))
    }

    /// The address of the peer.
    ///
    /// # Errors
    /// `ENOTCONN` without a connection.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.must_be_ip()?;
        self.lock()?.peer_address(self.key)
    }

    fn must_be_ip(&self) -> io::Result<()> {
        if self.family == Family::Unix { errno::fail(errno::EINVAL) } else { Ok(()) }
    }

    /// Reports changes of this socket from now on, as events of its host that carry `key`. What it
    /// is ready for now is reported at once.
    ///
    /// # Errors
    /// `EEXIST` if it is registered.
    pub fn register(&self, key: u64) -> io::Result<()> {
        self.lock()?.register(self.key, key)
    }

    /// Ends the registration. Events that were not taken yet are dropped.
    ///
    /// # Errors
    /// `ENOENT` if it is not registered.
    pub fn deregister(&self) -> io::Result<()> {
        self.lock()?.deregister(self.key)
    }

    /// The key that it is registered with.
    pub fn registered_as(&self) -> Option<u64> {
        self.lock().ok()?.registration(self.key)
    }

    /// Reports anew what the socket is ready for, as changing a registration does with epoll.
    ///
    /// # Errors
    /// `ENOENT` if it is not registered.
    pub fn rearm(&self) -> io::Result<()> {
        self.lock()?.rearm(self.key)
    }

    /// What it is ready for: for everything, with an error, if the host has crashed since.
    pub fn readiness(&self) -> Readiness {
        match self.lock() {
            Ok(mut state) => state.poll_readiness(self.key),
            Err(_) => Readiness::BROKEN,
        }
    }

    /// Sets one option.
    ///
    /// # Errors
    /// `EINVAL` for a value that is out of range or comes too late, `ENOPROTOOPT` or `EOPNOTSUPP`
    /// for an option that this socket does not have, `EADDRINUSE` for a group that it has joined,
    /// `EADDRNOTAVAIL` for one that it leaves without having joined, `ENODEV` for an interface that
    /// the host does not have.
    pub fn set_option(&self, option: SocketOption) -> io::Result<()> {
        match self.family {
            Family::Unix => self.lock()?.set_unix_option(self.key, option),
            _ => self.lock()?.set_option(self.key, option),
        }
    }

    /// The values of all options: those of a new socket, if the host has crashed since.
    pub fn options(&self) -> Options {
        let state = self.world.lock();
        let socket = state.sockets.get(self.key).map(|socket| socket.options.clone());
        socket.unwrap_or_else(|| state.default_options(self.family, self.kind))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.world.lock().close_socket(self.key);
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("kind", &self.kind)
            .field("family", &self.family)
            .field("host", &self.host.0)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{filler, scatterer};
    use std::io::IoSliceMut;

    #[test]
    fn pieces_are_laid_end_to_end() {
        let mut buffer = [b'.'; 8];
        let mut fill = filler(&mut buffer, |slot, byte| *slot = byte);
        fill(b"abc");
        fill(b"");
        fill(b"de");
        drop(fill);
        assert_eq!(&buffer, b"abcde...");
    }

    #[test]
    fn pieces_cross_the_borders_of_buffers() {
        let (mut first, mut second, mut third) = ([b'.'; 2], [b'.'; 0], [b'.'; 4]);
        let mut buffers = [
            IoSliceMut::new(&mut first),
            IoSliceMut::new(&mut second),
            IoSliceMut::new(&mut third),
        ];
        let mut scatter = scatterer(&mut buffers);
        scatter(b"a");
        scatter(b"bcd");
        scatter(b"e");
        drop(scatter);
        assert_eq!((&first, &third), (b"ab", b"cde."));
    }
}
