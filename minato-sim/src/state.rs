//! Everything that a world holds, and how an event changes it.
//!
//! One lock guards it all. The parts add their methods to [`State`] in their own files: streams in
//! `tcp/`, datagrams in `udp/`, binding in `table.rs`, options in `settings.rs`.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::Waker;

use crate::address::Bound;
use crate::alarm::AlarmState;
use crate::arena::{Arena, Key};
use crate::builder::Config;
use crate::choice::{Choices, draw_at, site};
use crate::crash::Waiting;
use crate::disk::DiskState;
use crate::dns::LookupFaults;
use crate::host::{HostId, HostState};
use crate::link::{Links, Rules};
use crate::name::{ConnectionName, PacketName, SocketName, TaskName, key_of};
use crate::names::{self, Names};
use crate::options::Options;
use crate::queue::{Occurrence, Queue, Step};
use crate::readiness::{Event, Readiness};
use crate::record::{DOWN, Journal, PacketNumber};
use crate::socket::{Family, Kind};
use crate::strikes::{FaultSet, Strikes};
use crate::tcp::{Connection, Role, Side};
use crate::time::NEVER;
use crate::udp::{DatagramState, Interface};
use crate::unix::UnixSocket;

/// They tell the keys of a host's sockets, and of what it sends, from those of its connections.
const SOCKETS: u64 = site("sockets");
const DATAGRAMS: u64 = site("datagrams");
const TASKS: u64 = site("tasks");

/// What the world keeps about a socket.
#[derive(Debug)]
pub(crate) struct SocketState {
    pub(crate) name: SocketName<HostId>,
    pub(crate) host: HostId,
    pub(crate) family: Family,
    pub(crate) kind: Kind,
    pub(crate) options: Options,
    /// The key that events carry, while the socket is registered.
    pub(crate) registration: Option<u64>,
    /// Whether the socket is in its host's list of sockets with events.
    pub(crate) queued: bool,
    /// The address that it is bound to, if it has a place in the table of ports. A connect makes
    /// an unspecified one specific.
    pub(crate) bound: Option<Bound>,
    /// The address that the user bound it to. A failed connect restores it.
    pub(crate) bound_by_user: Option<IpAddr>,
    pub(crate) local: Option<SocketAddr>,
    pub(crate) peer: Option<SocketAddr>,
    /// Of a stream socket.
    pub(crate) role: Role,
    /// Of a datagram socket.
    pub(crate) datagrams: DatagramState,
    /// Of a Unix socket.
    pub(crate) unix: Option<Box<UnixSocket>>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) config: Config,
    pub(crate) now: u64,
    pub(crate) queue: Queue,
    pub(crate) choices: Choices,
    pub(crate) journal: Journal,
    /// What has struck the packet whose way is being decided.
    pub(crate) struck: FaultSet,
    pub(crate) links: Links,
    pub(crate) rules: Rules,
    pub(crate) strikes: Strikes,
    pub(crate) lookup_faults: LookupFaults,
    /// Whether a host was ever told that calls fail.
    pub(crate) calls_fail: bool,
    pub(crate) names: Names,
    pub(crate) hosts: Vec<HostState>,
    host_ids: BTreeMap<String, HostId>,
    /// How many sockets of a host have joined a group.
    pub(crate) members: BTreeMap<(IpAddr, Interface, HostId), u32>,
    /// The hosts with new events since the last call of `take_notified`, each once.
    pub(crate) notified: Vec<u64>,
    /// What was asked of hosts and not carried out yet.
    pub(crate) requests: VecDeque<Waiting>,
    pub(crate) disks: Vec<DiskState>,
    pub(crate) alarms: Arena<AlarmState>,
    /// To be woken once the world's lock is free.
    pub(crate) woken: Vec<Waker>,
    pub(crate) sockets: Arena<SocketState>,
    pub(crate) connections: Arena<Connection>,
    /// The packets that were lost by chance.
    pub(crate) lost: Vec<PacketName<HostId>>,
    /// The milestones that have been reached, and how often.
    pub(crate) marks: BTreeMap<String, u64>,
    /// What happened first that was none of the world's.
    pub(crate) escape: Option<String>,
}

impl State {
    pub(crate) fn new(config: Config) -> Self {
        State {
            now: 0,
            queue: Queue::default(),
            choices: Choices::new(config.seed),
            struck: FaultSet::default(),
            journal: Journal::new(config.seed, config.recorded_events, config.hash_history),
            links: Links::new(config.loopback, config.latency),
            rules: Rules::default(),
            strikes: Strikes::default(),
            lookup_faults: LookupFaults::default(),
            calls_fail: false,
            names: Names::default(),
            hosts: Vec::new(),
            host_ids: BTreeMap::new(),
            members: BTreeMap::new(),
            notified: Vec::new(),
            requests: VecDeque::new(),
            disks: Vec::new(),
            alarms: Arena::default(),
            woken: Vec::new(),
            sockets: Arena::default(),
            connections: Arena::default(),
            lost: Vec::new(),
            marks: BTreeMap::new(),
            escape: None,
            config,
        }
    }

    pub(crate) fn host(&self, id: HostId) -> &HostState {
        &self.hosts[id.0 as usize]
    }

    pub(crate) fn host_mut(&mut self, id: HostId) -> &mut HostState {
        &mut self.hosts[id.0 as usize]
    }

    /// The host of this name, made if there is none.
    pub(crate) fn host_named(&mut self, name: &str) -> HostId {
        if let Some(found) = self.host_ids.get(name) {
            return *found;
        }
        let id = HostId(self.hosts.len() as u32);
        self.journal.host(name);
        self.host_ids.insert(name.to_owned(), id);
        let (v4, v6) = names::addresses(id.0);
        self.names.own(v4.into(), id);
        self.names.own(v6.into(), id);
        let v6_of_name = self.config.ipv6_names.then_some(v6.into());
        self.names.insert(0, name, [v4.into()].into_iter().chain(v6_of_name).collect());
        self.hosts.push(HostState::new(name, v4, v6));
        id
    }

    /// The host of this name, if there is one.
    pub(crate) fn host_by_name(&self, name: &str) -> Option<HostId> {
        self.host_ids.get(name).copied()
    }

    /// The socket of a key that its `Socket` still holds.
    pub(crate) fn socket(&self, key: Key) -> &SocketState {
        self.sockets.get(key).expect("a socket is in the table until it is dropped")
    }

    pub(crate) fn socket_mut(&mut self, key: Key) -> &mut SocketState {
        self.sockets.get_mut(key).expect("a socket is in the table until it is dropped")
    }

    /// The open sockets of which `text` says something, their hosts, and what it says.
    pub(crate) fn each_socket(
        &self,
        text: impl Fn(&State, Key) -> Option<String>,
    ) -> Vec<(Key, String, String)> {
        let mut found = Vec::new();
        for (key, socket) in self.sockets.iter() {
            if let Some(text) = text(self, key) {
                let host = &self.host(socket.host).name;
                let address = |address: Option<SocketAddr>| {
                    address.map_or_else(|| "*".to_owned(), |address| address.to_string())
                };
                let (local, peer) = (address(socket.local), address(socket.peer));
                found.push((
                    key,
                    host.clone(),
                    format!("host {host}: the socket {local} > {peer} {text}"),
                ));
            }
        }
        found
    }

    /// A connection that a socket, a backlog or a queued event names.
    pub(crate) fn connection(&self, key: Key) -> &Connection {
        self.connections.get(key).expect("a connection lives as long as anything names it")
    }

    pub(crate) fn connection_mut(&mut self, key: Key) -> &mut Connection {
        self.connections.get_mut(key).expect("a connection lives as long as anything names it")
    }

    /// Names the connection that `client` now asks `server` for, and gives its key in draws.
    pub(crate) fn next_connection(
        &mut self,
        client: HostId,
        server: HostId,
    ) -> (ConnectionName<HostId>, u64) {
        let nth = self.host_mut(client).counts.next_connection(server);
        let key = key_of(self.host(client).key, self.host(server).key, u64::from(nth));
        (ConnectionName { client, server, nth }, key)
    }

    /// Names the datagram that `from` now sends to `to`.
    pub(crate) fn next_datagram(&mut self, from: HostId, to: HostId) -> PacketName<HostId> {
        PacketName::Datagram { from, to, nth: self.host_mut(from).counts.next_datagram(to) }
    }

    /// What stands for all datagrams from one host to another in draws.
    pub(crate) fn key_of_datagrams(&self, from: HostId, to: HostId) -> u64 {
        key_of(self.host(from).key, self.host(to).key, DATAGRAMS)
    }

    /// What stands for the sender of a packet in draws, and which of its packets it is.
    pub(crate) fn key_and_nth(&self, packet: PacketName<HostId>) -> (u64, u64) {
        match packet {
            PacketName::OfConnection { connection, from_server, nth } => {
                let ConnectionName { client, server, nth: connection } = connection;
                let (client, server) = (self.host(client).key, self.host(server).key);
                (key_of(client, server, u64::from(connection)) ^ u64::from(from_server), nth)
            }
            PacketName::Datagram { from, to, nth } => (self.key_of_datagrams(from, to), nth),
        }
    }

    /// The name of a packet with the names of its hosts.
    pub(crate) fn written(&self, packet: PacketName<HostId>) -> PacketName {
        packet.map(|host| self.host(host).name.clone())
    }

    /// The name of a packet with the numbers of its hosts.
    ///
    /// # Errors
    /// `InvalidInput` if the world has no such host.
    pub(crate) fn numbered(&self, packet: &PacketName) -> io::Result<PacketName<HostId>> {
        let mut unknown = None;
        let name = packet.clone().map(|host| match self.host_ids.get(&host) {
            Some(id) => *id,
            None => {
                unknown = Some(host);
                HostId(0)
            }
        });
        match unknown {
            None => Ok(name),
            Some(host) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("the packet {packet} names '{host}', which is no host of this world"),
            )),
        }
    }

    /// The names of the packets that were lost by chance.
    pub(crate) fn lost_packets(&self) -> Vec<PacketName> {
        self.lost.iter().map(|name| name.map(|host| self.host(host).name.clone())).collect()
    }

    /// What stands for a socket in draws.
    pub(crate) fn key_of_socket(&self, key: Key) -> u64 {
        let SocketName { host, nth } = self.socket(key).name;
        key_of(self.host(host).key, SOCKETS, nth)
    }

    /// What stands for a task, known by its number, in draws.
    pub(crate) fn key_of_task(&self, number: u64) -> u64 {
        let Some(TaskName { host, nth }) = TaskName::of_number(number) else { return number };
        key_of(self.hosts.get(host as usize).map_or(host, |host| host.key), TASKS, nth)
    }

    /// Queues an event. Events of one instant and one entity keep their order; which entity comes
    /// first is a draw that no other event shifts. An entity is the key of a connection, or of all
    /// datagrams from one host to another.
    pub(crate) fn schedule(&mut self, at: u64, entity: u64, what: Occurrence) {
        let tie = draw_at(self.choices.order, entity, at);
        self.queue.push(at, tie, what);
    }

    pub(crate) fn schedule_for(&mut self, connection: Key, at: u64, step: Step) {
        self.schedule_step(connection, at, step, PacketNumber::default());
    }

    /// The same for a packet that arrives.
    pub(crate) fn schedule_step(
        &mut self,
        connection: Key,
        at: u64,
        step: Step,
        packet: PacketNumber,
    ) {
        let state = self.connection_mut(connection);
        state.pending += 1;
        let entity = state.key;
        self.schedule(at, entity, Occurrence::OfConnection { connection, step, packet });
    }

    /// Names the packet that one end of a connection now sends.
    pub(crate) fn next_packet(&mut self, key: Key, from: Side) -> PacketName<HostId> {
        let connection = self.connection_mut(key);
        let end = connection.end_mut(from);
        end.packets += 1;
        let (nth, from_server) = (end.packets - 1, from == Side::Server);
        PacketName::OfConnection { connection: connection.name, from_server, nth }
    }

    /// Goes to the next instant at which something happens, and lets it happen.
    pub(crate) fn advance(&mut self, limit: Option<u64>) -> bool {
        if !self.requests.is_empty() {
            self.carry_out_crashes();
        }
        let limit = limit.filter(|limit| *limit != NEVER);
        let due = self.queue.next_at().filter(|at| limit.is_none_or(|limit| *at <= limit));
        let Some(at) = due else {
            if let Some(limit) = limit {
                self.now = self.now.max(limit);
            }
            return false;
        };
        self.now = self.now.max(at);
        while let Some(what) = self.queue.pop_due(self.now) {
            self.happen(what);
        }
        true
    }

    fn happen(&mut self, what: Occurrence) {
        let connection = match what {
            Occurrence::Datagram { packet } => return self.on_datagram(*packet),
            Occurrence::Unreachable { socket, error } => return self.on_unreachable(socket, error),
            Occurrence::SyncEnds(end) => return self.on_sync_end(*end),
            Occurrence::OfConnection { connection, step, packet } => {
                self.take_step(connection, step, packet);
                connection
            }
        };
        let state = self.connection_mut(connection);
        state.pending -= 1;
        if state.is_over() {
            self.forget_if_over(connection);
        }
    }

    fn take_step(&mut self, key: Key, step: Step, packet: PacketNumber) {
        let host = self.connection(key).end(step.side()).host;
        let is_lost = self.is_down(host) && step.is_arrival();
        let why = is_lost.then_some(DOWN);
        if packet.is_some() {
            self.journal.arrival(self.now, packet, host, why);
        } else {
            let (what, value) = step.record();
            self.note_connection(key, step.side(), what, value);
        }
        if is_lost {
            return self.lose_at_host(key, step);
        }
        match step {
            Step::Syn => self.on_syn(key),
            Step::SynAck => self.on_syn_ack(key),
            Step::HandshakeAck => self.on_handshake_ack(key),
            Step::SynRetry => self.on_syn_retry(key),
            Step::SynAckRetry { attempt } => self.on_syn_ack_retry(key, attempt),
            Step::ConnectFails { error } => self.fail_connect(key, error),
            Step::Segment { to, bytes, fin } => self.on_segment(key, to, bytes as usize, fin),
            Step::Reset { to } => self.on_reset(key, to),
            Step::WindowUpdate { to } => self.on_window_update(key, to),
            Step::Acknowledged { to, bytes } => self.on_acknowledged(key, to, bytes as usize),
            Step::SpaceFreed { to } => self.on_space_freed(key, to),
            Step::Retransmit { from } => self.on_retransmit(key, from),
            Step::Keepalive { side } => self.on_keepalive(key, side),
        }
    }

    /// Puts a registered socket into its host's list of sockets with events.
    pub(crate) fn edge(&mut self, key: Key) {
        let Some(socket) = self.sockets.get_mut(key) else {
            return;
        };
        if socket.registration.is_some() && !socket.queued {
            socket.queued = true;
            let host = socket.host;
            self.host_mut(host).ready.push(key);
            self.notify(host);
        }
    }

    /// Puts a host into the list that `take_notified` gives.
    pub(crate) fn notify(&mut self, host: HostId) {
        let notified = &mut self.host_mut(host).notified;
        if !*notified {
            *notified = true;
            self.notified.push(u64::from(host.0));
        }
    }

    pub(crate) fn take_notified(&mut self, hosts: &mut Vec<u64>) {
        if self.notified.is_empty() {
            return;
        }
        for host in &self.notified {
            self.hosts[*host as usize].notified = false;
        }
        hosts.append(&mut self.notified);
    }

    /// The same for the socket that has this end, if there is one.
    pub(crate) fn edge_of(&mut self, connection: Key, side: Side) {
        if let Some(socket) = self.connection(connection).end(side).socket() {
            self.edge(socket);
        }
    }

    pub(crate) fn take_events(&mut self, host: HostId, events: &mut Vec<Event>) {
        let state = self.host_mut(host);
        for key in &state.broken {
            events.push(Event { key: *key, readiness: Readiness::BROKEN });
        }
        state.broken.clear();
        state.stale = 0;
        let mut ready = std::mem::take(&mut state.ready);
        for key in ready.iter().copied() {
            let Some(socket) = self.sockets.get_mut(key) else {
                continue;
            };
            socket.queued = false;
            let Some(registration) = socket.registration else {
                continue;
            };
            let readiness = self.poll_readiness(key);
            if readiness != Readiness::EMPTY {
                events.push(Event { key: registration, readiness });
            }
        }
        // The list keeps its memory.
        ready.clear();
        self.host_mut(host).ready = ready;
    }
}
