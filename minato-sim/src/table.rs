//! The table of sockets: opening, binding, registering and closing them.

use std::io;
use std::net::SocketAddr;

use crate::address::{Bound, canonical, presented, unspecified};
use crate::arena::Key;
use crate::choice::{below, draw, site};
use crate::errno::{self, fail};
use crate::faults::Verb;
use crate::host::HostId;
use crate::name::SocketName;
use crate::options::Options;
use crate::readiness::Readiness;
use crate::socket::{Family, Kind};
use crate::state::{SocketState, State};
use crate::tcp::{Phase, Role};
use crate::udp::DatagramState;
use crate::unix::UnixSocket;

const LISTENER: u64 = site("listener of a shared port");

impl State {
    pub(crate) fn open_socket(
        &mut self,
        host: HostId,
        family: Family,
        kind: Kind,
    ) -> io::Result<Key> {
        if self.is_down(host) {
            return fail(errno::ENETDOWN);
        }
        self.check_descriptors(host)?;
        let host_state = self.host_mut(host);
        host_state.life.note_use();
        host_state.descriptors += 1;
        let options = self.default_options(family, kind);
        Ok(self.insert_socket(host, family, kind, options))
    }

    /// The options of a new socket.
    pub(crate) fn default_options(&self, family: Family, kind: Kind) -> Options {
        let (send, receive) = (self.config.send_buffer, self.config.receive_buffer);
        match (family, kind) {
            (Family::Unix, _) => UnixSocket::options(),
            (_, Kind::Stream) => Options::new(send, receive),
            (_, Kind::Datagram) => Options::new(send, self.config.datagram_buffer),
        }
    }

    /// Puts a socket into the table, which counts as no descriptor yet.
    pub(crate) fn insert_socket(
        &mut self,
        host: HostId,
        family: Family,
        kind: Kind,
        options: Options,
    ) -> Key {
        let name = SocketName { host, nth: self.host_mut(host).counts.next_socket() };
        self.sockets.insert(SocketState {
            name,
            host,
            family,
            kind,
            options,
            registration: None,
            queued: false,
            bound: None,
            bound_by_user: None,
            local: None,
            peer: None,
            role: Role::Fresh,
            datagrams: DatagramState::default(),
            unix: (family == Family::Unix).then(Box::default),
        })
    }

    pub(crate) fn close_socket(&mut self, key: Key) {
        let Some(socket) = self.sockets.remove(key) else {
            return;
        };
        let host = self.host_mut(socket.host);
        host.descriptors -= 1;
        if socket.queued {
            host.stale += 1;
        }
        let stale = host.stale;
        for group in &socket.datagrams.groups {
            self.forget_member(*group, socket.host);
        }
        let host = self.host_mut(socket.host);
        if let Some(bound) = socket.bound {
            host.ports.unbind(socket.kind, bound.port, key);
        }
        if let Some(unix) = socket.unix {
            self.close_unix(socket.host, socket.kind, key, *unix, false);
        }
        match socket.role {
            Role::Fresh => {}
            Role::Listening(listener) => self.drop_listener(listener),
            Role::Connected(connection, side) => {
                // The connection keeps the port until it is over.
                let is_open = self.connection(connection).end(side).phase == Phase::Open;
                if socket.bound.is_some() && is_open {
                    let options = &socket.options;
                    let reuse = (options.reuse_address, options.reuse_port);
                    self.hold_port(connection, side, reuse);
                }
                self.close_end(connection, side, socket.options.linger);
            }
        }
        self.drop_stale_ready(socket.host, stale);
    }

    /// Removes closed sockets from the list of those with events, once they are many.
    fn drop_stale_ready(&mut self, host: HostId, stale: usize) {
        if stale < 64 || stale * 2 < self.host(host).ready.len() {
            return;
        }
        let mut ready = std::mem::take(&mut self.host_mut(host).ready);
        ready.retain(|key| self.sockets.get(*key).is_some());
        let host = self.host_mut(host);
        host.ready = ready;
        host.stale = 0;
    }

    pub(crate) fn bind(&mut self, key: Key, to: SocketAddr) -> io::Result<()> {
        let socket = self.socket(key);
        let (host, kind, family) = (socket.host, socket.kind, socket.family);
        match (family, to) {
            (Family::V4, SocketAddr::V6(_)) => return fail(errno::EAFNOSUPPORT),
            (Family::V6, SocketAddr::V4(_)) => return fail(errno::EINVAL),
            _ => {}
        }
        if socket.bound.is_some() || !matches!(socket.role, Role::Fresh) {
            return fail(errno::EINVAL);
        }
        self.injected_fault(Verb::Bind, key, Some(to.port()))?;
        let socket = self.socket(key);
        let address = canonical(to);
        let ip = address.ip();
        let shared = ip.is_multicast() || crate::names::is_broadcast(ip);
        let own = ip.is_unspecified() || shared || self.host(host).has_address(ip);
        if !own || (socket.options.only_v6 && ip.is_ipv4()) {
            return fail(errno::EADDRNOTAVAIL);
        }
        let port = match address.port() {
            0 => self.ephemeral_port(host, kind, false)?,
            1..1024 if !self.config.privileged_ports => return fail(errno::EACCES),
            port => port,
        };
        let bound = Bound::new(ip, port, self.socket(key).options.only_v6);
        if self.conflicts(key, &bound) {
            return fail(errno::EADDRINUSE);
        }
        self.take_address(key, bound);
        self.socket_mut(key).bound_by_user = Some(ip);
        Ok(())
    }

    fn take_address(&mut self, key: Key, bound: Bound) {
        let socket = self.socket_mut(key);
        socket.bound = Some(bound);
        socket.local = Some(SocketAddr::new(bound.ip, bound.port));
        let (host, kind) = (socket.host, socket.kind);
        self.host_mut(host).ports.bind(kind, bound.port, key);
        self.note_socket(key, "bound", u64::from(bound.port));
    }

    fn ephemeral_port(&mut self, host: HostId, kind: Kind, connecting: bool) -> io::Result<u16> {
        let error = if connecting { errno::EADDRNOTAVAIL } else { errno::EADDRINUSE };
        let now = self.now;
        let port = self.host_mut(host).ports.ephemeral(kind, now, connecting);
        port.map_or_else(|| fail(error), Ok)
    }

    /// Binds to any address and a free port, as a connect, listen or send does without a bind.
    pub(crate) fn bind_ephemeral(&mut self, key: Key, to: Option<SocketAddr>) -> io::Result<()> {
        let socket = self.socket(key);
        let (host, kind, family) = (socket.host, socket.kind, socket.family);
        let only_v6 = socket.options.only_v6;
        let port = self.ephemeral_port(host, kind, to.is_some())?;
        self.take_address(key, Bound::new(unspecified(family), port, only_v6));
        Ok(())
    }

    /// Notes the two addresses of a connect. From here on the socket is bound to just the one that
    /// it sends from, as on Linux.
    pub(crate) fn connect_addresses(&mut self, key: Key, local: SocketAddr, peer: SocketAddr) {
        let socket = self.socket_mut(key);
        socket.bound = Some(Bound::new(local.ip(), local.port(), socket.options.only_v6));
        socket.local = Some(local);
        socket.peer = Some(peer);
    }

    /// Undoes that after a failed connect.
    pub(crate) fn disconnect_addresses(&mut self, key: Key) {
        let socket = self.socket_mut(key);
        socket.peer = None;
        let Some(bound) = socket.bound.take() else {
            return;
        };
        let ip = socket.bound_by_user.unwrap_or(unspecified(socket.family));
        socket.local = Some(SocketAddr::new(ip, bound.port));
        if socket.bound_by_user.is_some() {
            socket.bound = Some(Bound::new(ip, bound.port, socket.options.only_v6));
        } else {
            let (host, kind) = (socket.host, socket.kind);
            self.host_mut(host).ports.unbind(kind, bound.port, key);
        }
    }

    /// Whether others prevent this socket from binding an address, or from listening there.
    ///
    /// The rules are those of Linux (`inet_csk_bind_conflict`). Only addresses that overlap
    /// conflict. Both sides share the port if both have `ReuseAddress` and the other one does not
    /// listen, or if both have `ReusePort`. Connections count like sockets, also while they wait
    /// for a minute after a close.
    pub(crate) fn conflicts(&self, key: Key, bound: &Bound) -> bool {
        let socket = self.socket(key);
        let Some(port) = self.host(socket.host).ports.get(socket.kind, bound.port) else {
            return false;
        };
        let mine = &socket.options;
        let shared = |reuse_address: bool, reuse_port: bool| {
            (mine.reuse_address && reuse_address) || (mine.reuse_port && reuse_port)
        };
        let others = port.binders.iter().filter(|binder| **binder != key);
        let by_socket = others.filter_map(|binder| self.sockets.get(*binder)).any(|other| {
            let listening = matches!(other.role, Role::Listening(_));
            let options = &other.options;
            other.bound.is_some_and(|other| other.overlaps(bound))
                && !shared(options.reuse_address && !listening, options.reuse_port)
        });
        let by_connection = port.holders(self.now).any(|holder| {
            Bound::new(holder.ip, bound.port, false).overlaps(bound)
                && !shared(holder.reuse_address, holder.reuse_port)
        });
        by_socket || by_connection
    }

    /// The listener for a connection to `to`: one that is bound to just this address wins, and
    /// among several that share it a draw decides.
    pub(crate) fn find_listener(
        &mut self,
        host: HostId,
        to: SocketAddr,
        connection: u64,
    ) -> Option<Key> {
        let mut best: Vec<Key> = Vec::new();
        let mut best_specific = false;
        for key in self.host(host).ports.binders(Kind::Stream, to.port()) {
            let Some(socket) = self.sockets.get(*key) else {
                continue;
            };
            let Some(bound) = socket.bound.filter(|bound| bound.takes(to.ip())) else {
                continue;
            };
            if !matches!(socket.role, Role::Listening(_)) {
                continue;
            }
            if bound.is_specific() && !best_specific {
                best.clear();
                best_specific = true;
            }
            if bound.is_specific() == best_specific {
                best.push(*key);
            }
        }
        match best.len() {
            0 => None,
            1 => Some(best[0]),
            n => {
                let raw = draw(self.choices.seed, LISTENER, connection, 0);
                Some(best[below(raw, n as u64) as usize])
            }
        }
    }

    pub(crate) fn local_address(&self, key: Key) -> SocketAddr {
        let socket = self.socket(key);
        let local = socket.local.unwrap_or_else(|| SocketAddr::new(unspecified(socket.family), 0));
        presented(local, socket.family)
    }

    pub(crate) fn peer_address(&self, key: Key) -> io::Result<SocketAddr> {
        let socket = self.socket(key);
        if let Role::Connected(connection, side) = socket.role {
            let connection = self.connection(connection);
            let connecting = connection.end(side).phase == Phase::Connecting;
            if connecting || connection.is_closed(side) {
                return fail(errno::ENOTCONN);
            }
        }
        match socket.peer {
            Some(peer) => Ok(presented(peer, socket.family)),
            None => fail(errno::ENOTCONN),
        }
    }

    pub(crate) fn register(&mut self, key: Key, registration: u64) -> io::Result<()> {
        let socket = self.socket_mut(key);
        if socket.registration.is_some() {
            return fail(errno::EEXIST);
        }
        socket.registration = Some(registration);
        self.report(key);
        Ok(())
    }

    pub(crate) fn registration(&self, key: Key) -> Option<u64> {
        self.socket(key).registration
    }

    pub(crate) fn deregister(&mut self, key: Key) -> io::Result<()> {
        match self.socket_mut(key).registration.take() {
            Some(_) => Ok(()),
            None => fail(errno::ENOENT),
        }
    }

    pub(crate) fn rearm(&mut self, key: Key) -> io::Result<()> {
        if self.socket(key).registration.is_none() {
            return fail(errno::ENOENT);
        }
        self.injected_fault(Verb::Rearm, key, None)?;
        self.report(key);
        Ok(())
    }

    fn report(&mut self, key: Key) {
        if self.poll_readiness(key) != Readiness::EMPTY {
            self.edge(key);
        }
    }

    /// What the socket is ready for. If it has no room to send, this notes that the user waits for
    /// room, as the kernel's `poll` does.
    pub(crate) fn poll_readiness(&mut self, key: Key) -> Readiness {
        let socket = self.socket(key);
        if socket.unix.is_some() {
            return self.unix_readiness(key);
        }
        if socket.kind == Kind::Datagram {
            return socket.datagrams.readiness();
        }
        let mut readiness = Readiness::EMPTY;
        let (connection_key, side) = match &socket.role {
            Role::Fresh => {
                return Readiness::WRITABLE | Readiness::READ_CLOSED | Readiness::WRITE_CLOSED;
            }
            Role::Listening(listener) => {
                readiness.set_if(!listener.queue.is_empty(), Readiness::READABLE);
                return readiness;
            }
            Role::Connected(connection, side) => (*connection, *side),
        };
        let now = self.now;
        let connection = self.connection_mut(connection_key);
        if connection.end(side).phase == Phase::Connecting {
            return readiness;
        }
        connection.flow_from_mut(side).take_acknowledgements(now);
        let end = connection.end(side);
        let read_closed = end.is_read_closed();
        let write_closed = end.is_write_closed();
        let both = read_closed && write_closed;
        let room = connection.flow_from(side).is_writable();
        let data = connection.flow_to(side).readable() > 0;
        readiness.set_if(data || read_closed, Readiness::READABLE);
        readiness.set_if(room || write_closed, Readiness::WRITABLE);
        readiness.set_if(read_closed, Readiness::READ_CLOSED);
        readiness.set_if(both, Readiness::WRITE_CLOSED);
        readiness.set_if(end.error.is_some(), Readiness::ERROR | Readiness::WRITE_CLOSED);
        if !room && !write_closed {
            connection.end_mut(side).wants_space = true;
            self.arm_space_timer(connection_key, side);
        }
        readiness
    }

    pub(crate) fn take_error(&mut self, key: Key) -> Option<i32> {
        if let Some(unix) = &mut self.socket_mut(key).unix {
            return unix.take_error();
        }
        match self.socket(key).role {
            Role::Connected(connection, side) => {
                self.connection_mut(connection).end_mut(side).error.take()
            }
            _ => self.socket_mut(key).datagrams.error.take(),
        }
    }
}
