//! How a connection comes about: connect, and the three packets.

use std::io;
use std::net::SocketAddr;

use super::Role;
use super::connection::{Connection, Owner, Phase, Side};
use crate::address::{canonical, loopback_like};
use crate::arena::Key;
use crate::errno::{self, fail};
use crate::faults::Verb;
use crate::host::HostId;
use crate::link::Fate;
use crate::names::is_broadcast;
use crate::packet::{Outgoing, PacketKind, Payload};
use crate::queue::Step;
use crate::socket::{Family, Kind};
use crate::state::State;
use crate::time::SECOND;
use crate::udp::Interface;

/// How often a client sends its first packet again; the pauses are 1, 2, 4, ... seconds.
const SYN_RETRIES: u32 = 6;

/// How long a connect waits for an answer.
const CONNECT_TIMEOUT: u64 = ((1 << (SYN_RETRIES + 1)) - 1) * SECOND;

/// How often a server answers again.
pub(crate) const SYN_ACK_RETRIES: u32 = 5;

/// How long a server keeps a half-open connection without a packet from the client.
const HALF_OPEN_TIMEOUT: u64 = 60 * SECOND;

impl State {
    pub(crate) fn connect_stream(&mut self, key: Key, to: SocketAddr) -> io::Result<()> {
        match &self.socket(key).role {
            Role::Fresh => {}
            Role::Listening(_) => return fail(errno::EISCONN),
            Role::Connected(connection, side) => {
                return self.connect_again(key, *connection, *side);
            }
        }
        let to = self.target(key, to)?;
        self.injected_fault(Verb::Connect, key, Some(to.port()))?;
        if to.ip().is_multicast() || is_broadcast(to.ip()) {
            return fail(errno::ENETUNREACH);
        }
        let host = self.socket(key).host;
        let owner = self.names.owner(host, to.ip());
        let local = self.source_for(key, to, owner)?;
        let options = &self.socket(key).options;
        let buffers = (options.send_buffer, options.receive_buffer);
        // If no host has the address, the host is not used.
        let server = owner.unwrap_or(host);
        let name = self.next_connection(host, server);
        let mut connection =
            Connection::new(name, self.now, (host, local, key), (server, to), buffers);
        connection.ends[0].last_heard = self.now;
        let connection_key = self.connections.insert(connection);
        let to_itself = self.connection(connection_key).is_to_itself();
        let side = if to_itself { Side::Itself } else { Side::Client };
        self.socket_mut(key).role = Role::Connected(connection_key, side);
        self.connect_addresses(key, local, to);
        self.note_connection(connection_key, Side::Client, "connects", u64::from(to.port()));
        if owner.is_none() {
            self.send_syn_to_nobody(connection_key);
        } else {
            self.send_syn(connection_key);
        }
        fail(errno::EINPROGRESS)
    }

    /// A connect on a socket that was already told to connect.
    fn connect_again(&mut self, key: Key, connection: Key, side: Side) -> io::Result<()> {
        let end = self.connection_mut(connection).end_mut(side);
        match end.phase {
            Phase::Connecting => fail(errno::EALREADY),
            Phase::Dead if end.was_open => fail(errno::EISCONN),
            Phase::Dead => {
                // This call returns the failure. After that the socket may connect anew.
                let number = end.error.take().unwrap_or(errno::ECONNABORTED);
                end.owner = Owner::Nobody;
                self.forget_if_over(connection);
                self.socket_mut(key).role = Role::Fresh;
                self.disconnect_addresses(key);
                fail(number)
            }
            _ => fail(errno::EISCONN),
        }
    }

    /// Checks where a stream or datagram socket wants to send, and makes the address canonical.
    pub(crate) fn target(&self, key: Key, to: SocketAddr) -> io::Result<SocketAddr> {
        let socket = self.socket(key);
        match (socket.family, to) {
            (Family::V4, SocketAddr::V6(_)) => return fail(errno::EAFNOSUPPORT),
            (Family::V6, SocketAddr::V4(_)) if socket.kind == Kind::Stream => {
                return fail(errno::EINVAL);
            }
            _ => {}
        }
        let mut to = canonical(to);
        // Who is bound to an address of IPv6 keeps to IPv6.
        let bound_to_v6 =
            socket.bound_by_user.is_some_and(|ip| ip.is_ipv6() && !ip.is_unspecified());
        let only_v6 = socket.options.only_v6 || bound_to_v6;
        if socket.family == Family::V6 && only_v6 && to.is_ipv4() {
            return fail(errno::ENETUNREACH);
        }
        // As on Linux, "anywhere" as a destination means the own host.
        if to.ip().is_unspecified() {
            to.set_ip(loopback_like(to.ip()));
        }
        Ok(to)
    }

    /// The address that a packet to `to` comes from. Binds the socket if it is not bound.
    pub(crate) fn source_for(
        &mut self,
        key: Key,
        to: SocketAddr,
        owner: Option<HostId>,
    ) -> io::Result<SocketAddr> {
        if self.socket(key).bound.is_none() {
            self.bind_ephemeral(key, Some(to))?;
        }
        let socket = self.socket(key);
        let Some(bound) = socket.bound else {
            return fail(errno::EINVAL);
        };
        // Who is bound to a group receives for it, and sends from an address of the host.
        let bound_to_many = bound.ip.is_multicast() || is_broadcast(bound.ip);
        if bound.is_specific() && !bound_to_many {
            // A datagram for many leaves by the interface of the address that it comes from.
            let many = to.ip().is_multicast() || is_broadcast(to.ip());
            let here = owner == Some(socket.host) || many;
            if bound.ip.is_ipv4() != to.is_ipv4() || (bound.ip.is_loopback() && !here) {
                return fail(errno::EINVAL);
            }
            return Ok(SocketAddr::new(bound.ip, bound.port));
        }
        let ip = match owner {
            // All of 127.0.0.0/8 is reached from 127.0.0.1, any other own address from itself.
            _ if to.ip().is_loopback() => loopback_like(to.ip()),
            Some(owner) if owner == socket.host => to.ip(),
            _ if self.chosen_interface(key, to.ip()) == Some(Interface::Loopback) => {
                loopback_like(to.ip())
            }
            _ => self.host(socket.host).address_like(to.ip()),
        };
        Ok(SocketAddr::new(ip, bound.port))
    }

    fn send_syn(&mut self, key: Key) {
        if !self.send_packet(key, Side::Client, PacketKind::Syn, Payload::Nothing, Step::Syn) {
            self.schedule_syn_retry(key);
        }
    }

    /// No host has the address. A router says so, unless the packet does not get there.
    fn send_syn_to_nobody(&mut self, key: Key) {
        let packet = self.outgoing_packet(key, Side::Client, PacketKind::Syn, Payload::Nothing);
        let packet = Outgoing { to: None, ..packet };
        let (at, error) = match self.decide(&packet).fate {
            Fate::Arrives(at) => (at, errno::EHOSTUNREACH),
            _ => (self.now.saturating_add(CONNECT_TIMEOUT), errno::ETIMEDOUT),
        };
        self.schedule_for(key, at, Step::ConnectFails { error });
    }

    /// Called only when no answer will come. So a world without losses has no timers.
    pub(crate) fn schedule_syn_retry(&mut self, key: Key) {
        let connection = self.connection(key);
        let mut pause = SECOND;
        let mut at = connection.started.saturating_add(pause);
        for _ in 0..SYN_RETRIES {
            if at > self.now {
                break;
            }
            pause *= 2;
            at = at.saturating_add(pause);
        }
        self.schedule_for(key, at, Step::SynRetry);
    }

    pub(crate) fn on_syn_retry(&mut self, key: Key) {
        let connection = self.connection(key);
        if connection.end(Side::Client).phase != Phase::Connecting {
            return;
        }
        let waited = self.now.saturating_sub(connection.started);
        if waited >= CONNECT_TIMEOUT {
            self.fail_connect(key, errno::ETIMEDOUT);
        } else {
            self.send_syn(key);
        }
    }

    pub(crate) fn on_syn(&mut self, key: Key) {
        let connection = self.connection(key);
        let server = connection.end(Side::Server);
        let (host, to) = (server.host, server.address);
        match server.phase {
            Phase::Absent => {}
            Phase::HalfOpen => return self.send_syn_ack(key),
            _ => return,
        }
        // A client that has crashed meanwhile cannot take its packet back.
        if !matches!(connection.end(Side::Client).phase, Phase::Connecting | Phase::Gone) {
            return;
        }
        if connection.is_to_itself() {
            // The first packet of a simultaneous open, which the socket answers itself.
            return self.send_syn_ack(key);
        }
        let Some(listener_key) = self.find_listener(host, to, connection.key) else {
            self.send_reset(key, Side::Server);
            return;
        };
        let socket = self.socket_mut(listener_key);
        let options = &socket.options;
        let reuse = (options.reuse_address, options.reuse_port);
        let (receive, send) = (options.receive_buffer, options.send_buffer);
        let Role::Listening(listener) = &mut socket.role else {
            return;
        };
        if listener.is_full() {
            self.note_connection(key, Side::Server, "backlog full", u64::from(to.port()));
            self.schedule_syn_retry(key);
            return;
        }
        listener.half_open += 1;
        let now = self.now;
        let connection = self.connection_mut(key);
        connection.flow_from_mut(Side::Server).send_buffer = send;
        connection.flow_to_mut(Side::Server).receive_buffer = receive;
        let end = connection.end_mut(Side::Server);
        end.phase = Phase::HalfOpen;
        end.owner = Owner::Backlog(listener_key);
        end.last_heard = now;
        self.hold_port(key, Side::Server, reuse);
        self.send_syn_ack(key);
    }

    fn send_syn_ack(&mut self, key: Key) {
        let (kind, payload) = (PacketKind::SynAck, Payload::Nothing);
        if !self.send_packet(key, Side::Server, kind, payload, Step::SynAck) {
            self.schedule_syn_retry(key);
            self.schedule_half_open_end(key);
        }
    }

    /// The server waits only so long for a confirmation.
    pub(crate) fn schedule_half_open_end(&mut self, key: Key) {
        let at = self.now.saturating_add(HALF_OPEN_TIMEOUT);
        let last = Step::SynAckRetry { attempt: SYN_ACK_RETRIES };
        self.schedule_for(key, at, last);
    }

    pub(crate) fn on_syn_ack(&mut self, key: Key) {
        let now = self.now;
        let end = self.connection_mut(key).end_mut(Side::Client);
        match end.phase {
            Phase::Connecting => {}
            Phase::Dead | Phase::Gone => {
                self.send_reset(key, Side::Client);
                return;
            }
            _ => return,
        }
        end.phase = Phase::Open;
        end.was_open = true;
        end.last_heard = now;
        self.edge_of(key, Side::Client);
        if self.connection(key).is_to_itself() {
            return self.arm_keepalive(key, Side::Itself);
        }
        self.arm_keepalive(key, Side::Client);
        self.send_handshake_ack(key, 0);
    }

    fn send_handshake_ack(&mut self, key: Key, attempt: u32) {
        let (kind, payload) = (PacketKind::Ack, Payload::Nothing);
        if !self.send_packet(key, Side::Client, kind, payload, Step::HandshakeAck) {
            self.schedule_syn_ack_retry(key, attempt);
        }
    }

    pub(crate) fn on_syn_ack_retry(&mut self, key: Key, attempt: u32) {
        if self.connection(key).end(Side::Server).phase != Phase::HalfOpen {
            return;
        }
        if attempt >= SYN_ACK_RETRIES {
            self.kill(key, Side::Server, None);
            // The server forgets the connection. The client may still try again.
            self.connection_mut(key).end_mut(Side::Server).phase = Phase::Absent;
        } else if self.connection(key).end(Side::Client).phase == Phase::Gone {
            self.answer_gone_client(key, attempt + 1);
        } else {
            self.send_handshake_ack(key, attempt + 1);
        }
    }

    /// The server answers a client that has crashed once more. The client's host resets the
    /// connection, if it is up again.
    fn answer_gone_client(&mut self, key: Key, attempt: u32) {
        match self.probe(key, Side::Server, PacketKind::SynAck) {
            Some(at) => self.schedule_for(key, at, Step::Reset { to: Side::Server }),
            None => self.schedule_syn_ack_retry(key, attempt),
        }
    }

    /// The server knows that the client is there: by its confirmation, or by its first bytes.
    pub(crate) fn on_handshake_ack(&mut self, key: Key) {
        if self.connection(key).is_unknown(Side::Server) {
            self.refuse_unknown(key, Side::Server);
            return;
        }
        let end = self.connection(key).end(Side::Server);
        if end.phase != Phase::HalfOpen {
            return;
        }
        let Owner::Backlog(listener_key) = end.owner else {
            return;
        };
        let listening = self.sockets.get_mut(listener_key).map(|socket| &mut socket.role);
        let Some(Role::Listening(listener)) = listening else {
            self.connection_mut(key).end_mut(Side::Server).owner = Owner::Nobody;
            self.send_reset(key, Side::Server);
            self.kill(key, Side::Server, None);
            return;
        };
        listener.half_open = listener.half_open.saturating_sub(1);
        listener.queue.push_back(key);
        let end = self.connection_mut(key).end_mut(Side::Server);
        end.phase = Phase::Open;
        end.was_open = true;
        self.edge(listener_key);
    }

    pub(crate) fn fail_connect(&mut self, key: Key, error: i32) {
        if self.connection(key).end(Side::Client).phase == Phase::Connecting {
            self.kill(key, Side::Client, Some(error));
            self.edge_of(key, Side::Client);
        }
    }
}
