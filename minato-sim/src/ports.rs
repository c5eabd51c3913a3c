//! The ports of a host: who holds them, and which one a socket without a port gets.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::arena::Key;
use crate::socket::Kind;

/// The ports for sockets that do not ask for one, as on Linux.
const EPHEMERAL: std::ops::RangeInclusive<u16> = 32_768..=60_999;

/// A connection that holds a port without a bound socket: one that was accepted, or one whose
/// socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    /// The address of its end on this host.
    pub(crate) ip: IpAddr,
    /// The options of its socket or of its listener.
    pub(crate) reuse_address: bool,
    pub(crate) reuse_port: bool,
}

/// All connections that hold a port in the same way.
#[derive(Debug)]
struct Hold {
    holder: Holder,
    count: u32,
    /// Until when the connections that were closed here first keep the port.
    waiting_until: u64,
}

/// One port of one protocol.
#[derive(Debug, Default)]
pub(crate) struct Port {
    /// The sockets bound to it, in the order in which they were bound.
    pub(crate) binders: Vec<Key>,
    holds: Vec<Hold>,
}

impl Port {
    /// The kinds of connections that hold the port.
    pub(crate) fn holders(&self, now: u64) -> impl Iterator<Item = &Holder> {
        let is_held = move |hold: &&Hold| hold.count > 0 || hold.waiting_until > now;
        self.holds.iter().filter(is_held).map(|hold| &hold.holder)
    }

    fn is_unused(&self, now: u64) -> bool {
        self.binders.is_empty() && self.holders(now).next().is_none()
    }

    fn is_connectable(&self) -> bool {
        self.binders.is_empty() && self.holds.iter().all(|hold| hold.count == 0)
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

    /// Nobody holds a port any more. The next free ones are those that come after the last given.
    pub(crate) fn clear(&mut self) {
        self.table.clear();
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

    /// A connection holds the port from now on.
    pub(crate) fn hold(&mut self, port: u16, holder: Holder) {
        let holds = &mut self.table.entry((Kind::Stream, port)).or_default().holds;
        match holds.iter_mut().find(|hold| hold.holder == holder) {
            Some(hold) => hold.count += 1,
            None => holds.push(Hold { holder, count: 1, waiting_until: 0 }),
        }
    }

    /// The connection ends; `until` is when it really gives the port up.
    pub(crate) fn release(&mut self, port: u16, holder: Holder, until: Option<u64>, now: u64) {
        let Some(entry) = self.table.get_mut(&(Kind::Stream, port)) else {
            return;
        };
        if let Some(hold) = entry.holds.iter_mut().find(|hold| hold.holder == holder) {
            hold.count = hold.count.saturating_sub(1);
            hold.waiting_until = hold.waiting_until.max(until.unwrap_or(0));
        }
        entry.holds.retain(|hold| hold.count > 0 || hold.waiting_until > now);
        self.tidy(Kind::Stream, port);
    }

    /// A port that is not in use. If there is none, a connecting socket gets one that is only in
    /// the waiting state.
    pub(crate) fn ephemeral(&mut self, kind: Kind, now: u64, connecting: bool) -> Option<u16> {
        let unused = |port: &Port| port.is_unused(now);
        self.search(kind, unused)
            .or_else(|| if connecting { self.search(kind, Port::is_connectable) } else { None })
    }

    fn search(&mut self, kind: Kind, fits: impl Fn(&Port) -> bool) -> Option<u16> {
        let index = usize::from(kind == Kind::Datagram);
        for _ in EPHEMERAL {
            let port = self.next[index];
            self.next[index] = if port == *EPHEMERAL.end() { *EPHEMERAL.start() } else { port + 1 };
            if self.table.get(&(kind, port)).is_none_or(&fits) {
                return Some(port);
            }
        }
        None
    }

    fn tidy(&mut self, kind: Kind, port: u16) {
        let empty = |entry: &Port| entry.binders.is_empty() && entry.holds.is_empty();
        if self.table.get(&(kind, port)).is_some_and(empty) {
            self.table.remove(&(kind, port));
        }
    }
}
