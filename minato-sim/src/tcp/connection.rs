//! A connection: its two ends and the flow from each of them.

use std::io;
use std::net::SocketAddr;

use super::flow::{Fin, Flow};
use crate::arena::Key;
use crate::errno::{self, fail};
use crate::host::HostId;
use crate::name::{ConnectionName, PacketName};
use crate::packet::PacketKind;
use crate::ports::Holder;
use crate::record::Route;

/// One of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The end that asked for the connection.
    Client,
    /// The end that listened.
    Server,
    /// The only end of a connection from a socket to itself. It has the place of the client, and
    /// what it sends comes back to it.
    Itself,
}

impl Side {
    pub(crate) fn other(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
            Side::Itself => Side::Itself,
        }
    }

    /// The place of this end among the two of a connection.
    pub(crate) fn index(self) -> usize {
        usize::from(self == Side::Server)
    }

    /// The place of the other end.
    pub(crate) fn index_of_other(self) -> usize {
        usize::from(self == Side::Client)
    }
}

/// Who has an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A socket.
    Socket(Key),
    /// The queue of a listening socket.
    Backlog(Key),
    /// No socket any more, or none yet. Queued bytes are still delivered.
    Nobody,
}

/// How far an end has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No packet has reached the server yet.
    Absent,
    /// The client waits for an answer.
    Connecting,
    /// The server waits for the client's confirmation.
    HalfOpen,
    /// Connected, perhaps closed in one or both directions.
    Open,
    /// Reset, refused, timed out or fully over.
    Dead,
    /// Its host has crashed. It knows nothing of the connection, and the peer was told nothing.
    Gone,
}

#[derive(Debug)]
pub(crate) struct End {
    pub(crate) host: HostId,
    pub(crate) address: SocketAddr,
    pub(crate) owner: Owner,
    pub(crate) phase: Phase,
    /// The handshake was completed here.
    pub(crate) was_open: bool,
    pub(crate) error: Option<i32>,
    /// The user has shut the reading direction.
    pub(crate) read_shut: bool,
    /// The user has shut the writing direction, or closed.
    pub(crate) write_shut: bool,
    /// The peer's end of stream has arrived.
    pub(crate) fin_received: bool,
    /// This end sent its end of stream before it had the peer's.
    pub(crate) closed_first: bool,
    /// A send found the send buffer full.
    pub(crate) wants_space: bool,
    /// An event for the next acknowledgement is queued.
    pub(crate) space_timer: bool,
    /// How the end holds its port, if it does so without a bound socket.
    pub(crate) holder: Option<Holder>,
    /// When something last arrived, and how many probes went unanswered since.
    pub(crate) last_heard: u64,
    pub(crate) probes: u32,
    /// When the keepalive timer fires, if it runs. Events at other times are of an older one.
    pub(crate) keepalive_at: Option<u64>,
    /// How many packets this end has sent, lost ones included.
    pub(crate) packets: u64,
}

impl End {
    fn new(host: HostId, address: SocketAddr, owner: Owner, phase: Phase) -> Self {
        End {
            host,
            address,
            owner,
            phase,
            was_open: false,
            error: None,
            read_shut: false,
            write_shut: false,
            fin_received: false,
            closed_first: false,
            wants_space: false,
            space_timer: false,
            holder: None,
            last_heard: 0,
            probes: 0,
            keepalive_at: None,
            packets: 0,
        }
    }

    pub(crate) fn socket(&self) -> Option<Key> {
        match self.owner {
            Owner::Socket(socket) => Some(socket),
            _ => None,
        }
    }

    /// Whether nothing more than the readable bytes can ever be received.
    pub(crate) fn is_read_closed(&self) -> bool {
        self.fin_received || self.read_shut || self.phase == Phase::Dead
    }

    /// Fails if nothing can be sent now. The error that waits here is reported once.
    pub(crate) fn check_sendable(&mut self) -> io::Result<()> {
        if self.phase == Phase::Connecting {
            return fail(errno::EAGAIN);
        }
        if let Some(number) = self.error.take() {
            return fail(number);
        }
        if self.is_write_closed() { fail(errno::EPIPE) } else { Ok(()) }
    }

    /// Whether nothing can be sent any more.
    pub(crate) fn is_write_closed(&self) -> bool {
        self.write_shut || self.phase == Phase::Dead
    }
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) name: ConnectionName<HostId>,
    /// What stands for it in draws.
    pub(crate) key: u64,
    pub(crate) started: u64,
    pub(crate) ends: [End; 2],
    /// The flow *from* each side.
    pub(crate) flows: [Flow; 2],
    /// What the record has of all packets from each side.
    pub(crate) routes: [Route; 2],
    /// How many queued events name this connection. It lives at least as long.
    pub(crate) pending: u32,
}

impl Connection {
    pub(crate) fn new(
        (name, key): (ConnectionName<HostId>, u64),
        started: u64,
        client: (HostId, SocketAddr, Key),
        server: (HostId, SocketAddr),
        buffers: (usize, usize),
    ) -> Self {
        let (send, receive) = buffers;
        let route = |from: (HostId, SocketAddr), to: (HostId, SocketAddr), from_server| {
            let name = PacketName::OfConnection { connection: name, from_server, nth: 0 };
            Route::new((from.0, Some(to.0)), (from.1, to.1), name)
        };
        let client_end = (client.0, client.1);
        Connection {
            name,
            key,
            started,
            ends: [
                End::new(client.0, client.1, Owner::Socket(client.2), Phase::Connecting),
                End::new(server.0, server.1, Owner::Nobody, Phase::Absent),
            ],
            flows: [Flow::new(send, receive), Flow::new(send, receive)],
            routes: [route(client_end, server, false), route(server, client_end, true)],
            pending: 0,
        }
    }

    /// Whether a socket has connected to its own address.
    pub(crate) fn is_to_itself(&self) -> bool {
        let [client, server] = &self.ends;
        (client.host, client.address) == (server.host, server.address)
    }

    pub(crate) fn end(&self, side: Side) -> &End {
        &self.ends[side.index()]
    }

    pub(crate) fn end_mut(&mut self, side: Side) -> &mut End {
        &mut self.ends[side.index()]
    }

    /// The flow from `side` to the other.
    pub(crate) fn flow_from(&self, side: Side) -> &Flow {
        &self.flows[side.index()]
    }

    pub(crate) fn flow_from_mut(&mut self, side: Side) -> &mut Flow {
        &mut self.flows[side.index()]
    }

    /// The flow to `side` from the other.
    pub(crate) fn flow_to(&self, side: Side) -> &Flow {
        &self.flows[side.index_of_other()]
    }

    pub(crate) fn flow_to_mut(&mut self, side: Side) -> &mut Flow {
        &mut self.flows[side.index_of_other()]
    }

    /// Whether the host of an end knows nothing of the connection, although the other end may have
    /// taken it to be there.
    pub(crate) fn is_unknown(&self, side: Side) -> bool {
        let peer = self.end(side.other()).phase;
        match self.end(side).phase {
            Phase::Gone => true,
            Phase::Absent => side == Side::Server && peer == Phase::Open,
            _ => false,
        }
    }

    /// What the header of a packet from this side says now: the number of its first byte, the
    /// number of the byte that is expected next, and how many bytes may follow. The two numbers
    /// count from 0, which is the place of the first packet, and leave out what the other side has
    /// not sent.
    pub(crate) fn numbers(&self, side: Side, kind: PacketKind) -> (u64, u64, u64) {
        let (out, back) = (self.flow_from(side), self.flow_to(side));
        let has_ended = matches!(out.fin, Fin::Sent | Fin::Arrived);
        let next = 1 + out.position + u64::from(has_ended);
        let sequence = match kind {
            PacketKind::Syn | PacketKind::SynAck => 0,
            // As keepalive does, it asks again for what was confirmed.
            PacketKind::Probe => next - 1,
            _ => next,
        };
        let expected = match kind {
            PacketKind::Syn => 0,
            _ => 1 + back.position - back.in_flight() as u64 + u64::from(back.fin == Fin::Arrived),
        };
        (sequence, expected, back.receive_buffer.saturating_sub(back.readable()) as u64)
    }

    /// Whether both directions have ended in order, or the end was cut off.
    pub(crate) fn is_closed(&self, side: Side) -> bool {
        let end = self.end(side);
        let ended = end.fin_received && self.flow_from(side).fin == Fin::Arrived;
        ended || end.phase == Phase::Dead
    }

    /// Whether no socket and no event will use this connection again.
    pub(crate) fn is_over(&self) -> bool {
        self.pending == 0 && self.ends.iter().all(|end| end.owner == Owner::Nobody)
    }
}
