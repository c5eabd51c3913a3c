//! A listening socket: its queue, and accepting from it.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;

use super::connection::{Owner, Side};
use super::{Phase, Role};
use crate::arena::Key;
use crate::errno::{self, EAGAIN, EINVAL, fail};
use crate::faults::Verb;
use crate::socket::{Family, Kind};
use crate::state::State;

/// The longest queue that a listener can ask for.
const MAX_BACKLOG: usize = 4096;

#[derive(Debug)]
pub(crate) struct Listener {
    /// Connections that may wait; as on Linux, one more is taken.
    backlog: usize,
    /// Connections that wait to be accepted.
    pub(crate) queue: VecDeque<Key>,
    /// Connections whose client has not confirmed yet.
    pub(crate) half_open: usize,
}

impl Listener {
    pub(crate) fn is_full(&self) -> bool {
        self.queue.len() + self.half_open > self.backlog
    }
}

/// A connection that was just accepted.
pub(crate) struct Accepted {
    pub(crate) key: Key,
    pub(crate) family: Family,
    pub(crate) peer: SocketAddr,
}

impl State {
    pub(crate) fn listen(&mut self, key: Key, backlog: i32) -> io::Result<()> {
        let backlog = usize::try_from(backlog).unwrap_or(MAX_BACKLOG).min(MAX_BACKLOG);
        if self.socket(key).kind != Kind::Stream {
            return fail(errno::EOPNOTSUPP);
        }
        self.injected_fault(Verb::Listen, key, None)?;
        match &mut self.socket_mut(key).role {
            Role::Listening(listener) => {
                listener.backlog = backlog;
                return Ok(());
            }
            Role::Connected(..) => return fail(EINVAL),
            Role::Fresh => {}
        }
        match self.socket(key).bound {
            None => self.bind_ephemeral(key, None)?,
            Some(bound) if self.conflicts(key, &bound) => return fail(errno::EADDRINUSE),
            Some(_) => {}
        }
        let listener = Listener { backlog, queue: VecDeque::new(), half_open: 0 };
        self.socket_mut(key).role = Role::Listening(listener);
        self.note_socket(key, "listens", backlog as u64);
        Ok(())
    }

    pub(crate) fn accept(&mut self, key: Key) -> io::Result<Accepted> {
        let socket = self.socket(key);
        let (host, family) = (socket.host, socket.family);
        let options = socket.options.clone();
        // As on Linux, this is checked before the socket.
        self.check_descriptors(host)?;
        let socket = self.socket(key);
        match &socket.role {
            Role::Listening(listener) if listener.queue.is_empty() => return fail(EAGAIN),
            Role::Listening(_) => {}
            _ if socket.kind == Kind::Datagram => return fail(errno::EOPNOTSUPP),
            _ => return fail(EINVAL),
        }
        self.injected_fault(Verb::Accept, key, None)?;
        self.skip_aborted(key)?;
        let accepted = self.open_socket(host, family, Kind::Stream)?;
        let Role::Listening(listener) = &mut self.socket_mut(key).role else {
            return fail(EINVAL);
        };
        let Some(connection_key) = listener.queue.pop_front() else {
            return fail(EAGAIN);
        };
        let connection = self.connection_mut(connection_key);
        let end = connection.end_mut(Side::Server);
        end.owner = Owner::Socket(accepted);
        let local = end.address;
        let peer = connection.end(Side::Client).address;
        let socket = self.socket_mut(accepted);
        socket.role = Role::Connected(connection_key, Side::Server);
        socket.local = Some(local);
        socket.peer = Some(peer);
        socket.options = options;
        self.arm_keepalive(connection_key, Side::Server);
        self.note_connection(connection_key, Side::Server, "accepted", 0);
        Ok(Accepted { key: accepted, family, peer })
    }

    /// If the world reports resets: drops the first connection in the queue if it was reset, and
    /// fails.
    fn skip_aborted(&mut self, key: Key) -> io::Result<()> {
        let Role::Listening(listener) = &self.socket(key).role else { return fail(EINVAL) };
        let Some(first) = listener.queue.front().copied() else { return fail(EAGAIN) };
        if !self.config.reports_aborted
            || self.connection(first).end(Side::Server).phase != Phase::Dead
        {
            return Ok(());
        }
        if let Role::Listening(listener) = &mut self.socket_mut(key).role {
            listener.queue.pop_front();
        }
        let connection = self.connection_mut(first);
        connection.end_mut(Side::Server).owner = Owner::Nobody;
        self.note_connection(first, Side::Server, "aborted", 0);
        self.forget_if_over(first);
        fail(errno::ECONNABORTED)
    }

    /// The listener stops: everything in its queue is reset.
    pub(crate) fn drop_listener(&mut self, listener: Listener) {
        for connection in listener.queue {
            self.connection_mut(connection).end_mut(Side::Server).owner = Owner::Nobody;
            if self.connection(connection).end(Side::Server).phase == Phase::Open {
                self.send_reset(connection, Side::Server);
                self.kill(connection, Side::Server, None);
            }
            self.forget_if_over(connection);
        }
    }
}
