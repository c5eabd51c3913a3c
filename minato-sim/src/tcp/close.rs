//! How a connection ends: shutdown, close, sudden death, and the port that it leaves behind.

use std::io;
use std::net::Shutdown;
use std::time::Duration;

use super::Role;
use super::connection::{Owner, Phase, Side};
use super::flow::Fin;
use crate::arena::Key;
use crate::errno::{self, fail};
use crate::ports::Holder;
use crate::state::State;
use crate::time::SECOND;

/// How long the port of a connection stays taken on the side that closed it first.
const TIME_WAIT: u64 = 60 * SECOND;

impl State {
    pub(crate) fn shutdown_stream(&mut self, key: Key, how: Shutdown) -> io::Result<()> {
        let reads = how != Shutdown::Write;
        let writes = how != Shutdown::Read;
        let (connection_key, side) = match &self.socket(key).role {
            Role::Fresh => return fail(errno::ENOTCONN),
            Role::Listening(_) => {
                if reads {
                    self.stop_listening(key);
                    self.edge(key);
                }
                return Ok(());
            }
            Role::Connected(connection, side) => (*connection, *side),
        };
        if self.connection(connection_key).is_closed(side) {
            return fail(errno::ENOTCONN);
        }
        let end = self.connection_mut(connection_key).end_mut(side);
        if end.phase == Phase::Connecting {
            self.kill(connection_key, side, None);
            self.edge(key);
            return Ok(());
        }
        end.read_shut |= reads;
        if writes {
            self.finish(connection_key, side);
        }
        self.edge(key);
        Ok(())
    }

    fn stop_listening(&mut self, key: Key) {
        if let Role::Listening(listener) =
            std::mem::replace(&mut self.socket_mut(key).role, Role::Fresh)
        {
            self.drop_listener(listener);
        }
    }

    /// The end of the stream follows the bytes that are queued.
    fn finish(&mut self, key: Key, side: Side) {
        let connection = self.connection_mut(key);
        connection.end_mut(side).write_shut = true;
        let flow = connection.flow_from_mut(side);
        if flow.fin == Fin::Open {
            flow.fin = Fin::Queued;
            self.transmit(key, side);
        }
    }

    /// The socket of this end is closed.
    pub(crate) fn close_end(&mut self, key: Key, side: Side, linger: Option<Duration>) {
        let connection = self.connection_mut(key);
        let unread = connection.flow_to(side).readable() > 0;
        let end = connection.end_mut(side);
        end.owner = Owner::Nobody;
        end.wants_space = false;
        match end.phase {
            Phase::Open if unread || linger == Some(Duration::ZERO) => {
                self.send_reset(key, side);
                self.kill(key, side, None);
            }
            Phase::Open => {
                self.finish(key, side);
                self.release_port(key, side);
            }
            _ => self.kill(key, side, None),
        }
        self.forget_if_over(key);
    }

    /// The end is over at once. Its user gets `error`.
    pub(crate) fn kill(&mut self, key: Key, side: Side, error: Option<i32>) {
        let connection = self.connection_mut(key);
        let was = connection.end(side).phase;
        if matches!(was, Phase::Dead | Phase::Gone) {
            return;
        }
        connection.flow_from_mut(side).cut_off();
        let end = connection.end_mut(side);
        end.phase = Phase::Dead;
        end.error = error;
        end.closed_first = false;
        end.wants_space = false;
        let owner = end.owner;
        if was == Phase::HalfOpen {
            end.owner = Owner::Nobody;
            if let Owner::Backlog(listener) = owner
                && let Some(Role::Listening(listener)) =
                    self.sockets.get_mut(listener).map(|socket| &mut socket.role)
            {
                listener.half_open = listener.half_open.saturating_sub(1);
            }
        }
        self.release_port(key, side);
    }

    /// Gives back the port that this end held without a bound socket, if the end is over. The end
    /// that closed first leaves the port in the waiting state.
    pub(crate) fn release_port(&mut self, key: Key, side: Side) {
        let now = self.now;
        let connection = self.connection_mut(key);
        let over = connection.flow_from(side).fin == Fin::Arrived;
        let end = connection.end_mut(side);
        let orphan = end.owner == Owner::Nobody;
        if end.phase != Phase::Dead && !(orphan && over) {
            return;
        }
        let Some(holder) = end.holder.take() else {
            return;
        };
        let until = end.closed_first.then(|| now.saturating_add(TIME_WAIT));
        let (host, port) = (end.host, end.address.port());
        self.host_mut(host).ports.release(port, holder, until, now);
    }

    /// The end holds its port from now on as a socket with these options would.
    pub(crate) fn hold_port(&mut self, key: Key, side: Side, options: (bool, bool)) {
        let (reuse_address, reuse_port) = options;
        let end = self.connection_mut(key).end_mut(side);
        let holder = Holder { ip: end.address.ip(), reuse_address, reuse_port };
        end.holder = Some(holder);
        let (host, port) = (end.host, end.address.port());
        self.host_mut(host).ports.hold(port, holder);
    }

    pub(crate) fn forget_if_over(&mut self, key: Key) {
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        if connection.is_over() {
            self.kill(key, Side::Client, None);
            self.kill(key, Side::Server, None);
            self.connections.remove(key);
        }
    }
}
