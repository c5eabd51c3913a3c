//! The ends of Unix sockets, what they are ready for, and how they look in a list.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::path::Path;

use super::{Role, UnixSocket};
use crate::arena::Key;
use crate::errno;
use crate::host::HostId;
use crate::readiness::Readiness;
use crate::socket::Kind;
use crate::state::{SocketState, State};

impl State {
    pub(crate) fn send_unix(&mut self, key: Key, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match self.socket(key).kind {
            Kind::Stream => self.send_unix_stream(key, pieces),
            Kind::Datagram => self.send_unix_datagram(key, pieces, None),
        }
    }

    /// Ends one direction or both. A stream's peer hears of each, also of one that is only read no
    /// more. This never fails, with or without a peer.
    pub(crate) fn shutdown_unix(&mut self, key: Key, how: Shutdown) -> io::Result<()> {
        let (reading, writing) = (how != Shutdown::Write, how != Shutdown::Read);
        let is_stream = self.socket(key).kind == Kind::Stream;
        let socket = self.unix_mut(key);
        socket.read_shut |= reading;
        socket.write_shut |= writing;
        let peer = socket.peer.filter(|_| is_stream);
        self.note_socket(key, "shut down", u64::from(reading) + 2 * u64::from(writing));
        self.edge(key);
        if let Some(peer_key) = peer
            && let Some(peer) = self.open_unix(peer_key)
        {
            peer.read_shut |= writing;
            peer.write_shut |= reading;
            self.edge(peer_key);
        }
        Ok(())
    }

    /// The socket `key` is out of the table: `closed` is what it was. `unseen` tells of one that
    /// was never accepted.
    pub(crate) fn close_unix(
        &mut self,
        host: HostId,
        kind: Kind,
        key: Key,
        closed: UnixSocket,
        unseen: bool,
    ) {
        self.host_mut(host).unix.closed(&closed.name, kind, key);
        if let Role::Listening { connections, .. } = closed.role {
            for waiting in connections {
                if let Some(end) = self.sockets.remove(waiting).and_then(|end| end.unix) {
                    self.close_unix(host, kind, waiting, *end, true);
                }
            }
        }
        if let Some(peer_key) = closed.peer.filter(|_| kind == Kind::Stream)
            && let Some(peer) = self.open_unix(peer_key)
        {
            (peer.read_shut, peer.write_shut) = (true, true);
            if unseen || !closed.waiting.is_empty() {
                peer.error = Some(errno::ECONNRESET);
            }
            self.edge(peer_key);
        }
        for message in &closed.waiting {
            self.release_unix(message);
        }
        for sender in closed.senders {
            self.edge(sender);
        }
    }

    pub(crate) fn unix_readiness(&mut self, key: Key) -> Readiness {
        let writable = self.can_send_unix(key);
        let is_stream = self.socket(key).kind == Kind::Stream;
        let socket = self.unix(key);
        let mut readiness = Readiness::EMPTY;
        if let Role::Listening { connections, .. } = &socket.role {
            readiness.set_if(!connections.is_empty() || socket.read_shut, Readiness::READABLE);
            readiness.set_if(socket.read_shut, Readiness::READ_CLOSED);
            return readiness;
        }
        let unconnected = is_stream && matches!(socket.role, Role::Fresh);
        let hung_up = unconnected || (socket.read_shut && socket.write_shut);
        let readable = !socket.waiting.is_empty() || socket.read_shut;
        readiness.set_if(readable, Readiness::READABLE);
        readiness.set_if(writable, Readiness::WRITABLE);
        readiness.set_if(socket.read_shut || hung_up, Readiness::READ_CLOSED);
        readiness.set_if(hung_up, Readiness::WRITE_CLOSED);
        readiness.set_if(socket.error.is_some(), Readiness::ERROR | Readiness::WRITE_CLOSED);
        readiness
    }

    /// Name, peer, state, and what waits: bytes here, and what counts against the send buffer.
    pub(crate) fn describe_unix(&self, socket: &SocketState, unix: &UnixSocket) -> String {
        let (kind, state) = match (socket.kind, &unix.role) {
            (Kind::Stream, Role::Listening { .. }) => ("unix", "LISTEN"),
            (Kind::Stream, Role::Connected) => ("unix", "CONNECTED"),
            (Kind::Stream, Role::Fresh) => ("unix", "UNCONNECTED"),
            (Kind::Datagram, _) if unix.peer.is_some() => ("unix-datagram", "CONNECTED"),
            (Kind::Datagram, _) => ("unix-datagram", "UNCONNECTED"),
        };
        let receive = match &unix.role {
            Role::Listening { connections, .. } => connections.len(),
            _ => {
                let waiting = unix.waiting.iter().map(|message| message.bytes.len());
                waiting.sum::<usize>() - unix.received
            }
        };
        let name = |path: &Path| match path.as_os_str().is_empty() {
            true => "*".to_owned(),
            false => path.display().to_string().replace('\0', "@"),
        };
        format!(
            "{kind} {} {} {state} receive-queue {receive} send-queue {}",
            name(&unix.name),
            name(&unix.peer_name),
            unix.charged,
        )
    }
}
