//! Unix streams: listening, connecting, accepting and sending.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::path::Path;

use super::queue::largest_piece;
use super::{Role, UnixSocket};
use crate::arena::Key;
use crate::errno::{self, fail};
use crate::socket::{Family, Kind};
use crate::state::State;

/// The most connections that wait to be accepted, as Linux has it by default.
const MAX_BACKLOG: usize = 4096;

impl State {
    pub(crate) fn listen_unix(&mut self, key: Key, backlog: i32) -> io::Result<()> {
        if self.socket(key).kind != Kind::Stream {
            return fail(errno::EOPNOTSUPP);
        }
        let limit = usize::try_from(backlog).map_or(MAX_BACKLOG, |asked| asked.min(MAX_BACKLOG));
        let socket = self.unix_mut(key);
        match &mut socket.role {
            Role::Listening { backlog, .. } => *backlog = limit,
            Role::Fresh if !socket.name.as_os_str().is_empty() => {
                let connections = VecDeque::new();
                socket.role = Role::Listening { backlog: limit, connections };
                // Linux notes who listens, and tells the listener itself of it, too.
                socket.knows_peer = true;
                self.note_socket(key, "listens", limit as u64);
            }
            _ => return fail(errno::EINVAL),
        }
        Ok(())
    }

    /// Connects at once: the connection stands before it is accepted.
    pub(super) fn connect_unix_stream(&mut self, key: Key, path: &Path) -> io::Result<()> {
        let listener_key = self.unix_at(key, path)?;
        let listener = self.unix(listener_key);
        match &listener.role {
            Role::Listening { .. } if listener.read_shut => return fail(errno::ECONNREFUSED),
            Role::Listening { backlog, connections } if connections.len() > *backlog => {
                return fail(errno::EAGAIN);
            }
            Role::Listening { .. } => {}
            _ => return fail(errno::ECONNREFUSED),
        }
        match self.unix(key).role {
            Role::Fresh => {}
            Role::Connected => return fail(errno::EISCONN),
            Role::Listening { .. } => return fail(errno::EINVAL),
        }
        let host = self.socket(key).host;
        let (name, peer_name) = (listener.name.clone(), self.unix(key).name.clone());
        let end = UnixSocket {
            name: name.clone(),
            role: Role::Connected,
            peer: Some(key),
            peer_name,
            knows_peer: true,
            ..UnixSocket::default()
        };
        let options = self.socket(listener_key).options.clone();
        let accepted = self.insert_socket(host, Family::Unix, Kind::Stream, options);
        self.socket_mut(accepted).unix = Some(Box::new(end));
        let client = self.unix_mut(key);
        client.role = Role::Connected;
        client.peer = Some(accepted);
        client.peer_name = name;
        client.knows_peer = true;
        if let Role::Listening { connections, .. } = &mut self.unix_mut(listener_key).role {
            connections.push_back(accepted);
        }
        self.note_socket(key, "connects", 0);
        self.edge(key);
        self.edge(listener_key);
        Ok(())
    }

    pub(super) fn accept_unix(&mut self, key: Key) -> io::Result<Key> {
        if self.socket(key).kind != Kind::Stream {
            return fail(errno::EOPNOTSUPP);
        }
        let host = self.socket(key).host;
        if !matches!(self.unix_mut(key).role, Role::Listening { .. }) {
            return fail(errno::EINVAL);
        }
        self.check_descriptors(host)?;
        let Role::Listening { connections, .. } = &mut self.unix_mut(key).role else {
            return fail(errno::EINVAL);
        };
        let Some(accepted) = connections.pop_front() else {
            return fail(errno::EAGAIN);
        };
        self.host_mut(host).descriptors += 1;
        self.note_socket(accepted, "accepted", 0);
        Ok(accepted)
    }

    pub(super) fn send_unix_stream(
        &mut self,
        key: Key,
        pieces: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        let socket = self.unix(key);
        let peer = match (&socket.role, socket.peer) {
            (Role::Connected, Some(peer)) => peer,
            _ => return fail(errno::ENOTCONN),
        };
        if socket.write_shut || self.sockets.get(peer).is_none() {
            return fail(errno::EPIPE);
        }
        let most = largest_piece(self.socket(key).options.send_buffer);
        let bytes = Self::joined(pieces);
        let mut sent = 0;
        while sent < bytes.len() {
            if !self.has_unix_room(key) {
                return if sent > 0 { Ok(sent) } else { fail(errno::EAGAIN) };
            }
            let piece = &bytes[sent..bytes.len().min(sent + most)];
            self.deliver_unix(key, peer, piece.to_vec());
            sent += piece.len();
        }
        Ok(sent)
    }
}
