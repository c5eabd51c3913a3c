//! How each kind of event is written as words, and read again.
//!
//! The first word of all is the [head](super::journal::Head), the second the time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU64;
use std::time::Duration;

use super::Record;
use super::event::{Event, Fate, Stage, Subject, What};
use super::journal::{Journal, Kind};
use crate::hash::hash;
use crate::host::HostId;
use crate::name::{ConnectionName, PacketName, SocketName, TaskName};
use crate::packet::PacketKind;
use crate::strikes::FaultSet;

/// Stands for no host.
const NOBODY: u32 = u32::MAX;

/// A packet whose way is decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) route: &'a Route,
    pub(crate) kind: PacketKind,
    /// Which packet of its flow it is.
    pub(crate) nth: u64,
    pub(crate) len: usize,
    /// What is kept of the bytes.
    pub(crate) payload: &'a [u8],
    pub(crate) digest: u64,
    pub(crate) sequence: u64,
    pub(crate) acknowledgement: u64,
    pub(crate) window: u64,
    pub(crate) ecn: u8,
    pub(crate) fate: Decided,
    pub(crate) faults: FaultSet,
}

/// What all packets of one flow have in common, as their events have it. A connection makes it once
/// for each end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    hosts: u64,
    /// The ports in the upper half, and bits about the route below.
    ports: u64,
    /// In the upper half which connection it is, counted from 1; 0 for datagrams.
    connection: u64,
    addresses: Addresses,
}

#[derive(Clone, Copy, Debug)]
enum Addresses {
    V4(u64),
    V6([u64; 4]),
}

impl Route {
    /// The route of packets with this name, whatever their number.
    pub(crate) fn new(
        (from, to): (HostId, Option<HostId>),
        (source, destination): (SocketAddr, SocketAddr),
        name: PacketName<HostId>,
    ) -> Self {
        // A packet from the server goes from the second host of its connection to the first.
        let (connection, from_server) = match name {
            PacketName::OfConnection { connection, from_server, .. } => {
                (u64::from(connection.nth) + 1, from_server)
            }
            PacketName::Datagram { .. } => (0, false),
        };
        let is_v4 = source.is_ipv4();
        let [from_high, from_low] = words_of(source.ip());
        let [to_high, to_low] = words_of(destination.ip());
        Route {
            hosts: pair(Some(from), to),
            ports: u64::from(is_v4) << 24
                | u64::from(from_server) << 25
                | u64::from(source.port()) << 32
                | u64::from(destination.port()) << 48,
            connection: connection << 32,
            addresses: match is_v4 {
                true => Addresses::V4(from_low << 32 | to_low),
                false => Addresses::V6([from_high, from_low, to_high, to_low]),
            },
        }
    }
}

/// What the record calls a packet: the number of its event, and nothing for what is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PacketNumber(Option<NonZeroU64>);

impl PacketNumber {
    fn of_event(nth: u64) -> Self {
        PacketNumber(NonZeroU64::new(nth + 1))
    }

    fn event(self) -> u64 {
        self.0.map_or(0, |number| number.get() - 1)
    }

    pub(crate) fn is_some(self) -> bool {
        self.0.is_some()
    }

    /// That of the copy, which is written down after the packet itself.
    pub(crate) fn next(self) -> Self {
        PacketNumber(self.0.and_then(|number| number.checked_add(1)))
    }
}

/// What becomes of a packet, as the world writes it down; see [`Fate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decided {
    Arrives(u64),
    Corrupted(u64),
    Copy(u64),
    Held,
    Lost,
}

const KINDS: [PacketKind; 10] = [
    PacketKind::Syn,
    PacketKind::SynAck,
    PacketKind::Ack,
    PacketKind::Data,
    PacketKind::Fin,
    PacketKind::Reset,
    PacketKind::WindowUpdate,
    PacketKind::Probe,
    PacketKind::Datagram,
    PacketKind::Unreachable,
];

const STAGES: [Stage; 3] = [Stage::Begins, Stage::Strikes, Stage::Ends];

/// Two hosts in a word.
fn pair(one: Option<HostId>, other: Option<HostId>) -> u64 {
    let number = |host: Option<HostId>| u64::from(host.map_or(NOBODY, |host| host.0));
    number(one) << 32 | number(other)
}

/// The two words of an address. That of IPv4 has none of IPv6.
fn words_of(ip: IpAddr) -> [u64; 2] {
    let bits = match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits(),
    };
    [(bits >> 64) as u64, bits as u64]
}

impl Journal {
    /// A host has sent a packet.
    #[inline(always)]
    pub(crate) fn packet(&mut self, at: u64, sent: &Sent<'_>) -> PacketNumber {
        let (fate, value) = match sent.fate {
            Decided::Arrives(at) => (0, at),
            Decided::Corrupted(at) => (1, at),
            Decided::Copy(at) => (2, at),
            Decided::Held => (3, 0),
            Decided::Lost => (4, 0),
        };
        let Route { hosts, ports, connection, ref addresses } = *sent.route;
        let connection = connection | u64::from(sent.faults.bits());
        let small = ports | sent.kind as u64 | fate << 8 | u64::from(sent.ecn) << 16;
        let size = (sent.len as u64) << 32 | sent.window & 0xffff_ffff;
        let (nth, sequence, expected) = (sent.nth, sent.sequence, sent.acknowledgement);
        let digest = sent.digest;
        let number = match *addresses {
            Addresses::V4(addresses) => {
                let words = [
                    0, at, hosts, small, value, connection, nth, size, sequence, expected, digest,
                    addresses,
                ];
                self.push(Kind::Packet, words, sent.payload)
            }
            Addresses::V6([from_high, from, to_high, to]) => {
                let words = [
                    0, at, hosts, small, value, connection, nth, size, sequence, expected, digest,
                    from_high, from, to_high, to,
                ];
                self.push(Kind::Packet, words, sent.payload)
            }
        };
        PacketNumber::of_event(number)
    }

    /// The packet with this number has reached its host, which has perhaps not taken it.
    pub(crate) fn arrival(
        &mut self,
        at: u64,
        packet: PacketNumber,
        host: HostId,
        lost: Option<&'static str>,
    ) {
        let why = lost.map_or(u64::from(NOBODY), |why| self.name(why));
        let host = u64::from(host.0) << 32 | why;
        self.push(Kind::Arrival, [0, at, packet.event(), host], &[]);
    }

    /// A packet that was held goes on, and arrives at `arrives`.
    pub(crate) fn release(&mut self, at: u64, packet: PacketNumber, arrives: u64) {
        self.push(Kind::Release, [0, at, packet.event(), arrives], &[]);
    }

    /// A fault begins, strikes or ends.
    pub(crate) fn fault(
        &mut self,
        at: u64,
        stage: Stage,
        fault: &'static str,
        hosts: (Option<HostId>, Option<HostId>),
        value: u64,
    ) {
        let what = self.name(fault) << 8 | stage as u64;
        self.push(Kind::Fault, [0, at, what, pair(hosts.0, hosts.1), value], &[]);
    }

    /// `value` was drawn out of `of` possibilities.
    pub(crate) fn choice(&mut self, at: u64, site: &'static str, entity: u64, of: u64, value: u64) {
        let site = self.name(site);
        self.push(Kind::Choice, [0, at, site, entity, of, value], &[]);
    }

    /// A task of a host is polled.
    pub(crate) fn task(&mut self, at: u64, task: TaskName<HostId>) {
        self.push(Kind::Task, [0, at, u64::from(task.host.0), task.nth], &[]);
    }

    /// Something has happened to a socket or a connection of a host.
    pub(crate) fn socket(
        &mut self,
        at: u64,
        host: HostId,
        subject: Subject<HostId>,
        what: &'static str,
        value: u64,
    ) {
        let what = self.name(what) << 32 | u64::from(host.0);
        let (hosts, nth) = match subject {
            Subject::Socket(socket) => (pair(Some(socket.host), None), socket.nth),
            Subject::Connection(ConnectionName { client, server, nth }) => {
                (pair(Some(client), Some(server)), u64::from(nth))
            }
        };
        self.push(Kind::Socket, [0, at, what, hosts, nth, value], &[]);
    }

    /// A milestone was reached.
    pub(crate) fn mark(&mut self, at: u64, host: Option<HostId>, name: &str) {
        let digest = hash(0, name.as_bytes());
        self.push(Kind::Mark, [0, at, pair(host, None), digest], name.as_bytes());
    }

    /// A line of text.
    pub(crate) fn line(&mut self, at: u64, host: Option<HostId>, line: &str) {
        let digest = hash(0, line.as_bytes());
        self.push(Kind::Line, [0, at, pair(host, None), digest], line.as_bytes());
    }

    /// A host was made. The events have only its number.
    pub(crate) fn host(&mut self, name: &str) {
        self.absorb(name.as_bytes());
    }
}

impl Record {
    /// Reads an event: its words after the head, and its bytes.
    pub(super) fn event<'a>(
        &'a self,
        nth: u64,
        kind: Kind,
        words: &[u64],
        bytes: &'a [u8],
    ) -> Event<'a> {
        let [at, fields @ ..] = words else { unreachable!("each event has a time") };
        let first_host = |word: u64| self.host((word >> 32) as u32);
        let text = || std::str::from_utf8(bytes).unwrap_or_default();
        let what = match (kind, fields) {
            (Kind::Packet, fields) => self.packet(fields, bytes),
            (Kind::Arrival, [packet, host]) => What::Arrival {
                packet: *packet,
                host: first_host(*host).unwrap_or_default(),
                lost: (*host as u32 != NOBODY).then(|| self.names.get(*host & 0xffff_ffff)),
            },
            (Kind::Release, [packet, arrives]) => {
                What::Release { packet: *packet, arrives: Duration::from_nanos(*arrives) }
            }
            (Kind::Fault, [what, hosts, value]) => What::Fault {
                fault: self.names.get(what >> 8),
                stage: STAGES[(what & 0xff) as usize],
                host: first_host(*hosts),
                other: self.host(*hosts as u32),
                value: *value,
            },
            (Kind::Choice, [site, entity, of, value]) => What::Choice {
                site: self.names.get(*site),
                entity: *entity,
                of: *of,
                value: *value,
            },
            (Kind::Task, [host, task]) => {
                let host = self.host(*host as u32).unwrap_or_default();
                What::Task { task: TaskName { host, nth: *task } }
            }
            (Kind::Socket, [what, hosts, nth, value]) => What::Socket {
                host: self.host(*what as u32).unwrap_or_default(),
                subject: match (first_host(*hosts).unwrap_or_default(), self.host(*hosts as u32)) {
                    (client, Some(server)) => {
                        Subject::Connection(ConnectionName { client, server, nth: *nth as u32 })
                    }
                    (host, None) => Subject::Socket(SocketName { host, nth: *nth }),
                },
                what: self.names.get(what >> 32),
                value: *value,
            },
            (Kind::Mark, [hosts, _]) => What::Mark { host: first_host(*hosts), name: text() },
            (Kind::Line, [hosts, _]) => What::Line { host: first_host(*hosts), text: text() },
            _ => unreachable!("the journal writes no such event"),
        };
        Event { at: Duration::from_nanos(*at), nth, what }
    }

    fn packet<'a>(&'a self, fields: &[u64], payload: &'a [u8]) -> What<'a> {
        let [
            hosts,
            small,
            value,
            connection,
            nth,
            size,
            sequence,
            acknowledgement,
            digest,
            addresses @ ..,
        ] = fields
        else {
            unreachable!("the journal writes no such packet")
        };
        let at = Duration::from_nanos(*value);
        let fate = match small >> 8 & 0xff {
            0 => Fate::Arrives(at),
            1 => Fate::Corrupted(at),
            2 => Fate::Copy(at),
            3 => Fate::Held,
            _ => Fate::Lost,
        };
        let (source, destination): (IpAddr, IpAddr) = match addresses {
            [both] => {
                let (source, destination) = ((both >> 32) as u32, *both as u32);
                (Ipv4Addr::from_bits(source).into(), Ipv4Addr::from_bits(destination).into())
            }
            [source_high, source, destination_high, destination] => {
                let ip = |high: u64, low: u64| u128::from(high) << 64 | u128::from(low);
                let source = Ipv6Addr::from_bits(ip(*source_high, *source));
                let destination = Ipv6Addr::from_bits(ip(*destination_high, *destination));
                (source.into(), destination.into())
            }
            _ => unreachable!("the journal writes no such packet"),
        };
        let from = self.host((hosts >> 32) as u32).unwrap_or_default();
        let to = self.host(*hosts as u32);
        let (nth, ends) = (*nth, (from, to.unwrap_or_default()));
        let from_server = small >> 25 & 1 == 1;
        let (client, server) = if from_server { (ends.1, ends.0) } else { ends };
        let name = match (connection >> 32).checked_sub(1) {
            Some(number) => {
                let connection = ConnectionName { client, server, nth: number as u32 };
                PacketName::OfConnection { connection, from_server, nth }
            }
            None => PacketName::Datagram { from, to: server, nth },
        };
        What::Packet {
            from,
            to,
            source: SocketAddr::new(source, (small >> 32) as u16),
            destination: SocketAddr::new(destination, (small >> 48) as u16),
            kind: KINDS[(small & 0xff) as usize],
            name,
            len: (size >> 32) as usize,
            payload,
            digest: *digest,
            sequence: *sequence,
            acknowledgement: *acknowledgement,
            window: size & 0xffff_ffff,
            ecn: (small >> 16) as u8,
            fate,
            faults: FaultSet::from_bits(*connection as u32),
        }
    }

    fn host(&self, number: u32) -> Option<&str> {
        self.hosts.get(number as usize).map(String::as_str)
    }
}
