//! Unix sockets of a host: streams and datagrams by path, by abstract name, or in pairs.
//!
//! They behave as those of Linux 6.18 do. What is sent is with the receiver at once: there is no
//! link, nothing is lost or overtaken, and no time passes. Whoever sends waits for whoever reads.
//! A stream is full when the memory of what was not read yet fills its send buffer, and a datagram
//! socket takes [`MAX_WAITING`] + 1 datagrams from others than its own peer.
//!
//! A socket has a name by a bind. Here a name is a [`Path`]: one that begins with a zero byte is an
//! abstract name, and an empty one is none. **Nothing is ever made on the machine's disk.** Each
//! host keeps the paths of its own, so the same path on two hosts is two. As with a file, the path
//! stays when its socket is closed, until [`Host::unlink`] removes it or the host crashes. Every
//! directory is taken to exist. Paths are compared as they are written, but for `//` and `/./`.
//!
//! Each host is one process of one user: [`peer_credentials`](Socket::peer_credentials) are always
//! the same. No descriptors pass through these sockets.
//!
//! `names.rs` has the names of a host, `stream.rs` and `datagram.rs` what the two kinds do,
//! `queue.rs` what waits in a socket and for what it counts, `close.rs` how they end and what they
//! are ready for, `options.rs` their options.

mod close;
mod datagram;
mod names;
mod options;
mod queue;
mod stream;

pub(crate) use self::names::UnixNames;
pub(crate) use self::options::has_option;

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

use self::queue::Message;
use crate::arena::Key;
use crate::errno::{self, fail};
use crate::host::Host;
use crate::options::Options;
use crate::socket::{Family, Kind, Socket, filler_of_uninit};
use crate::state::State;

/// How many datagrams wait in a socket before others must wait; one more fits. Linux has it as
/// `net.unix.max_dgram_qlen`.
pub const MAX_WAITING: usize = 10;

/// The size of both buffers, as Linux has it for Unix sockets.
const BUFFER: usize = 212_992;

/// The user, the group and the process that all sockets of a host belong to.
const CREDENTIALS: Credentials = (1000, 1000, Some(1));

/// What Linux tells of a peer that is not known.
const NOBODY: Credentials = (u32::MAX, u32::MAX, None);

type Credentials = (u32, u32, Option<i32>);

/// What a Unix socket has beyond what all sockets have.
#[derive(Debug, Default)]
pub(crate) struct UnixSocket {
    /// Its own name; empty if it has none.
    name: PathBuf,
    role: Role,
    /// The other end, or where datagrams go. It may be closed already.
    peer: Option<Key>,
    peer_name: PathBuf,
    /// Whether the peer's credentials are known.
    knows_peer: bool,
    /// What was sent here and not received yet.
    waiting: VecDeque<Message>,
    /// How many bytes of the first message of a stream were received already.
    received: usize,
    /// What its own messages that wait elsewhere count against its send buffer.
    charged: usize,
    /// Those that were told to wait until there is room for a datagram here.
    senders: Vec<Key>,
    read_shut: bool,
    write_shut: bool,
    error: Option<i32>,
}

#[derive(Debug, Default)]
enum Role {
    #[default]
    Fresh,
    Listening {
        backlog: usize,
        /// The server's ends of the connections that wait to be accepted.
        connections: VecDeque<Key>,
    },
    /// Of a stream.
    Connected,
}

impl Host {
    /// Two Unix sockets that are connected to each other.
    ///
    /// ```
    /// use minato_sim::{Kind, World};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (one, two) = World::new(1).host("harbour").unix_pair(Kind::Stream)?;
    /// one.send(b"ahoy")?;
    /// let mut buffer = [std::mem::MaybeUninit::new(0); 8];
    /// assert_eq!(two.recv(&mut buffer)?, 4, "no time has to pass");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `EMFILE` if the host has no two descriptors left.
    pub fn unix_pair(&self, kind: Kind) -> io::Result<(Socket, Socket)> {
        let (one, two) = (self.socket(Family::Unix, kind)?, self.socket(Family::Unix, kind)?);
        let mut state = self.world.lock();
        for (key, peer) in [(one.key, two.key), (two.key, one.key)] {
            let socket = state.unix_mut(key);
            socket.peer = Some(peer);
            socket.knows_peer = true;
            if kind == Kind::Stream {
                socket.role = Role::Connected;
            }
        }
        drop(state);
        Ok((one, two))
    }

    /// Removes the path of a Unix socket, as removing the file does: nobody can connect to it any
    /// more, another socket may be bound there, and whoever is connected stays so.
    ///
    /// ```
    /// use minato_sim::{Family, Kind, World};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let host = World::new(1).host("harbour");
    /// let path = "/run/harbour".as_ref();
    /// drop({
    ///     let socket = host.socket(Family::Unix, Kind::Stream)?;
    ///     socket.bind_unix(path)?;
    ///     socket
    /// });
    /// let next = host.socket(Family::Unix, Kind::Stream)?;
    /// assert_eq!(next.bind_unix(path).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
    /// host.unlink(path)?;
    /// next.bind_unix(path)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `ENOENT` if no socket of the host was bound there.
    pub fn unlink(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let mut state = self.world.lock();
        state.host_mut(self.id).unix.unlink(path.as_ref())
    }
}

impl Socket {
    /// Binds a Unix socket to a path, or to an abstract name, which begins with a zero byte. For an
    /// empty path it gets the next free abstract name.
    ///
    /// # Errors
    /// `EADDRINUSE` for a path that is there or an abstract name that is in use, `EINVAL` if the
    /// socket is bound or no Unix socket.
    pub fn bind_unix(&self, path: &Path) -> io::Result<()> {
        self.unix()?.bind_unix(self.key, path)
    }

    /// Connects a Unix socket, at once. A datagram socket may be connected again.
    ///
    /// # Errors
    /// `ENOENT` if there is no such path, `ECONNREFUSED` if nobody listens there, `EAGAIN` while
    /// too many connections wait, `EPROTOTYPE` for a socket of the other kind, `EISCONN` and
    /// `EINVAL` if it is connected or listens; for datagrams `EPERM` if the target is connected to
    /// another one.
    pub fn connect_unix(&self, path: &Path) -> io::Result<()> {
        let mut state = self.unix()?;
        match self.kind {
            Kind::Stream => state.connect_unix_stream(self.key, path),
            Kind::Datagram => state.connect_unix_datagram(self.key, path),
        }
    }

    /// The first connection that waits at a Unix socket, and the name of its client.
    ///
    /// # Errors
    /// As [`accept`](Socket::accept).
    pub fn accept_unix(&self) -> io::Result<(Socket, PathBuf)> {
        let mut state = self.unix()?;
        let key = state.accept_unix(self.key)?;
        let name = state.unix(key).peer_name.clone();
        drop(state);
        let (world, host) = (self.world.clone(), self.host);
        Ok((Socket { world, host, key, family: Family::Unix, kind: Kind::Stream }, name))
    }

    /// Sends a datagram to the Unix socket at `path`.
    ///
    /// # Errors
    /// As [`connect_unix`](Socket::connect_unix) and [`send`](Socket::send); `EAGAIN` while too
    /// many datagrams wait there, `EMSGSIZE` for a datagram that the send buffer never has room
    /// for; for a stream `EISCONN` or `EOPNOTSUPP`.
    pub fn send_to_unix(&self, bytes: &[u8], path: &Path) -> io::Result<usize> {
        let mut state = self.unix()?;
        match (self.kind, &state.unix(self.key).role) {
            (Kind::Datagram, _) => {
                state.send_unix_datagram(self.key, &[IoSlice::new(bytes)], Some(path))
            }
            (Kind::Stream, Role::Connected) => fail(errno::EISCONN),
            (Kind::Stream, _) => fail(errno::EOPNOTSUPP),
        }
    }

    /// Receives from a Unix socket, as [`recv_from`](Socket::recv_from) does, or only looks at what
    /// waits if `peek`. A sender without a name, and that of a stream, is empty.
    ///
    /// # Errors
    /// As [`recv`](Socket::recv).
    pub fn recv_from_unix(
        &self,
        buffer: &mut [MaybeUninit<u8>],
        peek: bool,
    ) -> io::Result<(usize, bool, PathBuf)> {
        let limit = buffer.len();
        let mut state = self.unix()?;
        let received = state.receive_unix(self.key, limit, !peek, filler_of_uninit(buffer))?;
        Ok((received.copied, received.truncated, received.from))
    }

    /// The name of a Unix socket; empty if it has none.
    ///
    /// # Errors
    /// `EINVAL` if it is no Unix socket.
    pub fn local_path(&self) -> io::Result<PathBuf> {
        Ok(self.unix()?.unix(self.key).name.clone())
    }

    /// The name of its peer; empty if that has none.
    ///
    /// # Errors
    /// `ENOTCONN` without a connection, `EINVAL` if it is no Unix socket.
    pub fn peer_path(&self) -> io::Result<PathBuf> {
        let state = self.unix()?;
        let socket = state.unix(self.key);
        if socket.peer.is_some() { Ok(socket.peer_name.clone()) } else { fail(errno::ENOTCONN) }
    }

    /// The user, the group and the process at the other end: 1000, 1000 and 1 on every host. Of a
    /// socket without a known peer they are the greatest numbers and no process, as on Linux.
    ///
    /// # Errors
    /// `EINVAL` if it is no Unix socket.
    pub fn peer_credentials(&self) -> io::Result<(u32, u32, Option<i32>)> {
        let state = self.unix()?;
        Ok(if state.unix(self.key).knows_peer { CREDENTIALS } else { NOBODY })
    }

    /// The state of the world, for a call that only a Unix socket has.
    fn unix(&self) -> io::Result<std::sync::MutexGuard<'_, State>> {
        if self.family == Family::Unix { self.lock() } else { fail(errno::EINVAL) }
    }
}

impl UnixSocket {
    pub(crate) fn options() -> Options {
        Options::new(BUFFER, BUFFER)
    }

    pub(crate) fn take_error(&mut self) -> Option<i32> {
        self.error.take()
    }
}

impl State {
    fn unix(&self, key: Key) -> &UnixSocket {
        self.socket(key).unix.as_ref().expect("the family of the socket says so")
    }

    fn unix_mut(&mut self, key: Key) -> &mut UnixSocket {
        self.socket_mut(key).unix.as_mut().expect("the family of the socket says so")
    }

    /// A Unix socket that may be closed already.
    fn open_unix(&mut self, key: Key) -> Option<&mut UnixSocket> {
        self.sockets.get_mut(key)?.unix.as_deref_mut()
    }

    fn bind_unix(&mut self, key: Key, path: &Path) -> io::Result<()> {
        let (host, kind) = (self.socket(key).host, self.socket(key).kind);
        let is_bound = !self.unix(key).name.as_os_str().is_empty();
        let names = &mut self.host_mut(host).unix;
        let name = match path.as_os_str().is_empty() {
            true if is_bound => return Ok(()),
            true => names.bind_automatically(kind, key),
            false => names.bind(path, kind, key, is_bound)?,
        };
        self.unix_mut(key).name = name;
        self.note_socket(key, "bound", 0);
        Ok(())
    }

    /// The open socket of this kind that has a name.
    fn unix_at(&self, key: Key, path: &Path) -> io::Result<Key> {
        let socket = self.socket(key);
        let found = self.host(socket.host).unix.find(path, socket.kind)?;
        if self.socket(found).kind == socket.kind { Ok(found) } else { fail(errno::EPROTOTYPE) }
    }
}
