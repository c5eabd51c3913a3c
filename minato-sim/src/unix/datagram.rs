//! Unix datagrams: connecting and sending.

use std::io::{self, IoSlice};
use std::path::Path;

use super::MAX_WAITING;
use crate::arena::Key;
use crate::errno::{self, fail};
use crate::socket::Kind;
use crate::state::State;

/// What a datagram must leave of the send buffer.
const MARGIN: usize = 32;

impl State {
    pub(super) fn connect_unix_datagram(&mut self, key: Key, path: &Path) -> io::Result<()> {
        let peer = self.unix_at(key, path)?;
        self.may_send_unix(key, peer)?;
        let old = self.unix(key).peer;
        if let Some(old) = old.filter(|old| *old != peer) {
            self.disconnect_unix(key, old);
        }
        let peer_name = self.unix(peer).name.clone();
        let socket = self.unix_mut(key);
        socket.peer = Some(peer);
        socket.peer_name = peer_name;
        self.note_socket(key, "connects", 0);
        self.edge(key);
        Ok(())
    }

    /// Who is connected receives from its peer only.
    fn may_send_unix(&self, key: Key, to: Key) -> io::Result<()> {
        match self.unix(to).peer {
            Some(peer) if peer != key => fail(errno::EPERM),
            _ => Ok(()),
        }
    }

    /// Parts from a peer. What waits is lost, and a peer that is connected to this socket is told.
    fn disconnect_unix(&mut self, key: Key, old: Key) {
        let socket = self.unix_mut(key);
        socket.peer = None;
        let lost = std::mem::take(&mut socket.waiting);
        if lost.is_empty() {
            return;
        }
        for message in &lost {
            self.release_unix(message);
        }
        self.wake_unix_senders(key);
        if let Some(old_peer) = self.open_unix(old)
            && old_peer.peer == Some(key)
        {
            old_peer.error = Some(errno::ECONNRESET);
            self.edge(old);
        }
    }

    /// The checks come in the order of Linux.
    pub(super) fn send_unix_datagram(
        &mut self,
        key: Key,
        pieces: &[IoSlice<'_>],
        path: Option<&Path>,
    ) -> io::Result<usize> {
        let bytes = Self::joined(pieces);
        if bytes.len() > self.socket(key).options.send_buffer - MARGIN {
            return fail(errno::EMSGSIZE);
        }
        let socket = self.unix_mut(key);
        if let Some(error) = socket.error.take() {
            return fail(error);
        }
        if socket.write_shut {
            return fail(errno::EPIPE);
        }
        if !self.has_unix_room(key) {
            return fail(errno::EAGAIN);
        }
        let target = self.unix_target(key, path);
        if target.is_err() {
            // Linux gives the memory of the datagram back, and reports that there is room.
            self.edge(key);
        }
        let len = bytes.len();
        self.deliver_unix(key, target?, bytes);
        Ok(len)
    }

    /// Who receives a datagram to `path`, or to the peer.
    fn unix_target(&mut self, key: Key, path: Option<&Path>) -> io::Result<Key> {
        let to = match (path, self.unix(key).peer) {
            (Some(path), _) => self.unix_at(key, path)?,
            (None, Some(peer)) if self.sockets.get(peer).is_some() => peer,
            (None, Some(peer)) => {
                self.disconnect_unix(key, peer);
                return fail(errno::ECONNREFUSED);
            }
            (None, None) => return fail(errno::ENOTCONN),
        };
        self.may_send_unix(key, to)?;
        if self.unix(to).read_shut {
            return fail(errno::EPIPE);
        }
        if self.is_unix_full(key, to) {
            return fail(errno::EAGAIN);
        }
        Ok(to)
    }

    /// Whether `to` has no room for a datagram of `key`. For its own peer it always has, which
    /// only the sender's buffer stops.
    fn is_unix_full(&self, key: Key, to: Key) -> bool {
        let target = self.unix(to);
        to != key && target.peer != Some(key) && target.waiting.len() > MAX_WAITING
    }

    /// Whether a send would find room. If the peer has none, this notes that the socket waits for
    /// it: a socket without a peer is told of its own buffer only, as on Linux.
    pub(super) fn can_send_unix(&mut self, key: Key) -> bool {
        if !self.is_unix_writable(key) {
            return false;
        }
        let peer = self.unix(key).peer.filter(|peer| self.sockets.get(*peer).is_some());
        let Some(peer) = peer.filter(|_| self.socket(key).kind == Kind::Datagram) else {
            return true;
        };
        let is_full = self.is_unix_full(key, peer);
        let senders = &mut self.unix_mut(peer).senders;
        if is_full && !senders.contains(&key) {
            senders.push(key);
        }
        !is_full
    }
}
