//! A list of all sockets as text.

use std::fmt::Write;

use crate::socket::Kind;
use crate::state::{SocketState, State};
use crate::tcp::{Fin, Phase, Role, Side};

impl State {
    pub(crate) fn netstat(&self) -> String {
        let mut text = String::new();
        let mut sockets: Vec<_> = self.sockets.iter().map(|(_, socket)| socket).collect();
        sockets.sort_by_key(|socket| socket.host);
        for socket in sockets {
            self.describe(socket, &mut text);
        }
        text
    }

    fn describe(&self, socket: &SocketState, text: &mut String) {
        let host = &self.host(socket.host).name;
        if let Some(unix) = &socket.unix {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{host} {}", self.describe_unix(socket, unix));
            return;
        }
        let (protocol, state, receive, send) = match (socket.kind, &socket.role) {
            (Kind::Datagram, _) => {
                let state = if socket.peer.is_some() { "CONNECTED" } else { "UNCONNECTED" };
                ("udp", state, socket.datagrams.charged, 0)
            }
            (Kind::Stream, Role::Fresh) => ("tcp", "CLOSED", 0, 0),
            (Kind::Stream, Role::Listening(listener)) => {
                ("tcp", "LISTEN", listener.queue.len(), listener.half_open)
            }
            (Kind::Stream, Role::Connected(key, side)) => {
                let connection = self.connection(*key);
                let receive = connection.flow_to(*side).readable();
                let send = connection.flow_from(*side).queued();
                ("tcp", self.phase_name(socket, *side), receive, send)
            }
        };
        let address = |address: Option<std::net::SocketAddr>| {
            address.map_or_else(|| "*:*".to_owned(), |address| address.to_string())
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{host} {protocol} {} {} {state} receive-queue {receive} send-queue {send}",
            address(socket.local),
            address(socket.peer),
        );
    }

    fn phase_name(&self, socket: &SocketState, side: Side) -> &'static str {
        let Role::Connected(key, _) = socket.role else {
            return "CLOSED";
        };
        let connection = self.connection(key);
        let end = connection.end(side);
        match (end.phase, connection.flow_from(side).fin, end.fin_received) {
            (Phase::Connecting, ..) => "SYN_SENT",
            (Phase::Absent | Phase::HalfOpen, ..) => "SYN_RECV",
            (Phase::Dead | Phase::Gone, ..) => "CLOSED",
            (Phase::Open, Fin::Open, false) => "ESTABLISHED",
            (Phase::Open, Fin::Open, true) => "CLOSE_WAIT",
            (Phase::Open, Fin::Queued | Fin::Sent, false) => "FIN_WAIT1",
            (Phase::Open, Fin::Arrived, false) => "FIN_WAIT2",
            (Phase::Open, Fin::Queued | Fin::Sent, true) => "LAST_ACK",
            (Phase::Open, Fin::Arrived, true) => "TIME_WAIT",
        }
    }
}
