//! Bytes: from the user into a flow, over the link, and out to the other user.

use std::io::{self, IoSlice};
use std::net::SocketAddr;

use super::Role;
use super::connection::{Phase, Side};
use super::flow::Fin;
use crate::arena::Key;
use crate::errno::{self, EAGAIN, fail};
use crate::faults::Verb;
use crate::packet::{MIN_MTU_V4, MIN_MTU_V6, PacketKind, Payload};
use crate::queue::Step;
use crate::socket::Kind;
use crate::state::State;
use crate::udp::SendOptions;

impl State {
    /// The connection of a stream socket; `otherwise` is the error if it has none.
    pub(crate) fn stream(&self, key: Key, otherwise: i32) -> io::Result<(Key, Side)> {
        match self.socket(key).role {
            Role::Connected(connection, side) => Ok((connection, side)),
            _ => fail(otherwise),
        }
    }

    pub(crate) fn stream_receive(
        &mut self,
        key: Key,
        limit: usize,
        consume: bool,
        sink: impl FnMut(&[u8]),
    ) -> io::Result<usize> {
        let (connection_key, side) = self.stream(key, errno::ENOTCONN)?;
        self.injected_fault(Verb::Recv, key, None)?;
        let connection = self.connection_mut(connection_key);
        if limit == 0 {
            return Ok(0);
        }
        let flow = connection.flow_to_mut(side);
        if flow.readable() > 0 {
            let count = flow.read(limit, sink);
            if consume {
                flow.consume(count);
                if flow.unsent() > 0 {
                    self.offer_window(connection_key, side);
                }
            }
            return Ok(count);
        }
        let end = connection.end_mut(side);
        // The order is that of Linux: the peer's end of stream hides an error that came later.
        if end.fin_received {
            return Ok(0);
        }
        if let Some(number) = end.error.take() {
            return fail(number);
        }
        if end.is_read_closed() { Ok(0) } else { fail(EAGAIN) }
    }

    /// Tells the sender of the flow to `side` that there is room, if it waits for that.
    pub(crate) fn offer_window(&mut self, key: Key, side: Side) {
        let flow = self.connection_mut(key).flow_to_mut(side);
        if flow.unsent() == 0 || flow.update_pending || flow.stalled || !flow.is_window_open() {
            return;
        }
        flow.update_pending = true;
        let sender = side.other();
        let step = Step::WindowUpdate { to: sender };
        if !self.send_packet(key, side, PacketKind::WindowUpdate, Payload::Nothing, step) {
            // The sender will probe the closed window.
            self.connection_mut(key).flow_from_mut(sender).update_pending = false;
            self.stall(key, sender);
        }
    }

    pub(crate) fn stream_send(&mut self, key: Key, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let (connection_key, side) = self.stream(key, errno::EPIPE)?;
        self.injected_fault(Verb::Send, key, None)?;
        let now = self.now;
        let connection = self.connection_mut(connection_key);
        connection.end_mut(side).check_sendable()?;
        let flow = connection.flow_from_mut(side);
        flow.take_acknowledgements(now);
        let space = flow.space();
        let mut taken = 0;
        let mut short = false;
        for piece in pieces {
            let part = &piece[..piece.len().min(space - taken)];
            flow.queue(part);
            taken += part.len();
            if part.len() < piece.len() {
                short = true;
                break;
            }
        }
        if short {
            connection.end_mut(side).wants_space = true;
            self.arm_space_timer(connection_key, side);
        }
        if taken > 0 {
            self.transmit(connection_key, side);
            Ok(taken)
        } else if short {
            fail(EAGAIN)
        } else {
            Ok(0)
        }
    }

    /// Queues bytes even beyond the send buffer.
    pub(crate) fn force_send(&mut self, key: Key, bytes: &[u8]) -> io::Result<()> {
        if self.socket(key).kind == Kind::Datagram {
            return self
                .datagram_send(key, &[IoSlice::new(bytes)], None, SendOptions::default())
                .map(drop);
        }
        let (connection_key, side) = self.stream(key, errno::EPIPE)?;
        let connection = self.connection_mut(connection_key);
        connection.end_mut(side).check_sendable()?;
        connection.flow_from_mut(side).queue(bytes);
        self.transmit(connection_key, side);
        Ok(())
    }

    /// Sends what the window allows, and the end of the stream after the last byte.
    pub(crate) fn transmit(&mut self, key: Key, side: Side) {
        let most = self.largest_segment(key, side);
        loop {
            let connection = self.connection(key);
            let flow = connection.flow_from(side);
            if connection.end(side).phase != Phase::Open || flow.stalled {
                return;
            }
            let unsent = flow.unsent();
            let bytes = unsent.min(flow.window()).min(most);
            let fin = unsent == 0 && flow.fin == Fin::Queued;
            if bytes == 0 && !fin {
                return;
            }
            let kind = if fin { PacketKind::Fin } else { PacketKind::Data };
            let (to, payload) = (side.other(), Payload::Unsent(bytes));
            let step = Step::Segment { to, bytes: bytes as u32, fin };
            if !self.send_packet(key, side, kind, payload, step) {
                self.stall(key, side);
                return;
            }
            let connection = self.connection_mut(key);
            if fin {
                let end = connection.end_mut(side);
                end.closed_first = !end.fin_received;
                connection.flow_from_mut(side).fin = Fin::Sent;
            }
            let flow = connection.flow_from_mut(side);
            flow.sent(bytes);
            if bytes == unsent && flow.fin != Fin::Queued {
                return;
            }
        }
    }

    /// The most bytes of a stream that go in one packet.
    fn largest_segment(&self, key: Key, from: Side) -> usize {
        let most = self.config.segment;
        if self.links.plain().is_some() {
            return most;
        }
        let connection = self.connection(key);
        let (here, there) = (connection.end(from), connection.end(from.other()));
        match self.links.settings(here.host, there.host).mtu {
            Some(mtu) if here.host != there.host => most.min(room_in(mtu, there.address)),
            _ => most,
        }
    }

    pub(crate) fn on_window_update(&mut self, key: Key, to: Side) {
        self.connection_mut(key).flow_from_mut(to).update_pending = false;
        self.transmit(key, to);
    }

    /// Takes in acknowledgements, and reports room to a user who waits for it.
    pub(crate) fn check_space(&mut self, key: Key, side: Side) {
        let now = self.now;
        let connection = self.connection_mut(key);
        let flow = connection.flow_from_mut(side);
        flow.take_acknowledgements(now);
        let writable = flow.is_writable();
        let end = connection.end_mut(side);
        if !end.wants_space {
            return;
        }
        if writable {
            end.wants_space = false;
            self.edge_of(key, side);
        } else {
            self.arm_space_timer(key, side);
        }
    }

    /// Queues an event for the next acknowledgement, but only for a sender that waits for room.
    /// Other senders take acknowledgements in when they send.
    pub(crate) fn arm_space_timer(&mut self, key: Key, side: Side) {
        let connection = self.connection_mut(key);
        let next = connection.flow_from(side).next_acknowledgement();
        let end = connection.end_mut(side);
        if let (Some(at), true, false) = (next, end.wants_space, end.space_timer) {
            end.space_timer = true;
            self.schedule_for(key, at, Step::SpaceFreed { to: side });
        }
    }

    pub(crate) fn on_space_freed(&mut self, key: Key, to: Side) {
        self.connection_mut(key).end_mut(to).space_timer = false;
        self.check_space(key, to);
    }
}

/// The bytes of a stream that fit into a packet of `mtu` bytes.
fn room_in(mtu: usize, to: SocketAddr) -> usize {
    match to {
        SocketAddr::V4(_) => mtu.max(MIN_MTU_V4) - 40,
        SocketAddr::V6(_) => mtu.max(MIN_MTU_V6) - 60,
    }
}
