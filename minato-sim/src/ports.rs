//! The ports of a host: who holds them, and which one a socket without a port gets.

use std::collections::BTreeMap;

use crate::arena::Key;
use crate::socket::Kind;

/// The ports that are handed out on their own, as on Linux.
const EPHEMERAL: std::ops::RangeInclusive<u16> = 32_768..=60_999;

/// One port of one protocol.
#[derive(Debug, Default)]
pub(crate) struct Port {
    /// The sockets bound to it, in the order in which they were bound.
    pub(crate) binders: Vec<Key>,
    /// Connections without a bound socket of their own: accepted ones, and those whose socket is
    /// closed. Counted apart for those without and with `ReuseAddress`.
    connections: [u32; 2],
    /// Until when a connection that was closed here first keeps the port.
    waiting_until: [u64; 2],
}

impl Port {
    /// Whether the connections left on the port keep a socket from binding it.
    pub(crate) fn held_by_connections(&self, now: u64, reuse_address: bool) -> bool {
        let held = |class: usize| self.connections[class] > 0 || self.waiting_until[class] > now;
        held(0) || (held(1) && !reuse_address)
    }

    fn is_unused(&self, now: u64) -> bool {
        self.binders.is_empty() && !self.held_by_connections(now, false)
    }

    fn is_connectable(&self) -> bool {
        self.binders.is_empty() && self.connections == [0, 0]
    }
}

/// All ports of a host.
#[derive(Debug)]
pub(crate) struct Ports {
    table: BTreeMap<(Kind, u16), Port>,
    next: [u16; 2],
}

impl Default for Ports {
    fn default() -> Self {
        Ports { table: BTreeMap::new(), next: [*EPHEMERAL.start(); 2] }
    }
}

impl Ports {
    pub(crate) fn get(&self, kind: Kind, port: u16) -> Option<&Port> {
        self.table.get(&(kind, port))
    }

    /// The sockets bound to a port.
    pub(crate) fn binders(&self, kind: Kind, port: u16) -> &[Key] {
        self.get(kind, port).map_or(&[], |port| port.binders.as_slice())
    }

    pub(crate) fn bind(&mut self, kind: Kind, port: u16, socket: Key) {
        self.table.entry((kind, port)).or_default().binders.push(socket);
    }

    pub(crate) fn unbind(&mut self, kind: Kind, port: u16, socket: Key) {
        if let Some(entry) = self.table.get_mut(&(kind, port)) {
            entry.binders.retain(|binder| *binder != socket);
        }
        self.tidy(kind, port);
    }

    /// A connection without a bound socket holds the port from now on.
    pub(crate) fn hold(&mut self, port: u16, reuse_address: bool) {
        let entry = self.table.entry((Kind::Stream, port)).or_default();
        entry.connections[usize::from(reuse_address)] += 1;
    }

    /// Such a connection ends; `until` is when the port is really free.
    pub(crate) fn release(&mut self, port: u16, reuse_address: bool, until: Option<u64>) {
        if let Some(entry) = self.table.get_mut(&(Kind::Stream, port)) {
            let class = usize::from(reuse_address);
            entry.connections[class] = entry.connections[class].saturating_sub(1);
            if let Some(until) = until {
                entry.waiting_until[class] = entry.waiting_until[class].max(until);
            }
        }
        self.tidy(Kind::Stream, port);
    }

    /// A port that nobody uses; for a connecting socket, if there is none, one that only waits.
    pub(crate) fn ephemeral(&mut self, kind: Kind, now: u64, connecting: bool) -> Option<u16> {
        let unused = |port: &Port| port.is_unused(now);
        self.search(kind, unused)
            .or_else(|| if connecting { self.search(kind, Port::is_connectable) } else { None })
    }

    fn search(&mut self, kind: Kind, fits: impl Fn(&Port) -> bool) -> Option<u16> {
        let lane = usize::from(kind == Kind::Datagram);
        for _ in EPHEMERAL {
            let port = self.next[lane];
            self.next[lane] = if port == *EPHEMERAL.end() { *EPHEMERAL.start() } else { port + 1 };
            if self.table.get(&(kind, port)).is_none_or(&fits) {
                return Some(port);
            }
        }
        None
    }

    fn tidy(&mut self, kind: Kind, port: u16) {
        let empty = |entry: &Port| entry.is_connectable() && entry.waiting_until == [0, 0];
        if self.table.get(&(kind, port)).is_some_and(empty) {
            self.table.remove(&(kind, port));
        }
    }
}
