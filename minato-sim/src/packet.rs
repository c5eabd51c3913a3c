//! A packet as rules see it: where it goes, what it carries, and its name.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use crate::arena::Key;
use crate::choice::{below, draw, site};
use crate::host::HostId;
use crate::name::PacketName;
use crate::state::State;
use crate::tcp::Side;

const RULE: u64 = site("rule");

/// What each link carries at once, of IPv4 and of IPv6.
pub(crate) const MIN_MTU_V4: usize = 68;
pub(crate) const MIN_MTU_V6: usize = 1280;

/// What a packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PacketKind {
    /// The first packet of a connection.
    Syn,
    /// The answer to it.
    SynAck,
    /// The client's confirmation of that answer, or an acknowledgement of bytes.
    Ack,
    /// Bytes of a stream.
    Data,
    /// The end of a stream.
    Fin,
    /// A reset.
    Reset,
    /// Word that the receiver of a stream has room again.
    WindowUpdate,
    /// A question whether the peer is still there: by a sender whose packets were lost, or by
    /// keepalive.
    Probe,
    /// A datagram.
    Datagram,
    /// Word that no socket has the port that a datagram was sent to.
    Unreachable,
}

impl PacketKind {
    /// Whether it belongs to a connection of TCP.
    pub fn is_stream(self) -> bool {
        !matches!(self, PacketKind::Datagram | PacketKind::Unreachable)
    }

    /// Whether what is sent later in the same direction arrives later.
    pub(crate) fn is_ordered(self) -> bool {
        self.is_stream() && !matches!(self, PacketKind::WindowUpdate)
    }
}

/// What a [rule](crate::World::rule) says of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The next rule and then the link decide.
    Pass,
    /// It is lost. A stream sends its bytes again.
    Drop,
    /// It takes this much longer. Packets of a stream that are behind it wait for it; datagrams
    /// overtake it.
    Delay(Duration),
    /// A second copy arrives this much later than the first. A stream ignores it.
    Duplicate(Duration),
    /// It is changed on its way. A packet of a stream fails its checksum and is lost. Of a datagram
    /// a few bytes arrive changed, and an empty one is lost.
    Corrupt,
    /// Both ends of its connection get a reset, and it is lost. A datagram is only lost.
    Reset,
}

/// Which packets count together: those of one end of a connection, or the datagrams from one host
/// to another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Flow {
    Connection { key: Key, from: Side },
    Datagrams,
}

/// What a packet carries.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Payload<'a> {
    Nothing,
    Bytes(&'a [u8]),
    /// The next unsent bytes of its flow, as many as this.
    Unsent(usize),
}

impl Payload<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Payload::Nothing => 0,
            Payload::Bytes(bytes) => bytes.len(),
            Payload::Unsent(len) => *len,
        }
    }
}

/// A packet that is about to leave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) from: HostId,
    /// Nobody, if no host has the address.
    pub(crate) to: Option<HostId>,
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
    pub(crate) kind: PacketKind,
    pub(crate) flow: Flow,
    /// Whether it arrives after all earlier packets of its flow.
    pub(crate) ordered: bool,
    /// The two bits of Explicit Congestion Notification.
    pub(crate) ecn: u8,
    pub(crate) payload: Payload<'a>,
    pub(crate) name: PacketName<HostId>,
    /// What stands for its flow in draws, and its number there.
    pub(crate) entity: u64,
    pub(crate) nth: u64,
}

impl Outgoing<'_> {
    /// Its bytes with the headers of IP and of TCP or UDP.
    pub(crate) fn wire_len(&self) -> usize {
        let ip = if self.destination.is_ipv4() { 20 } else { 40 };
        ip + if self.kind.is_stream() { 20 } else { 8 } + self.payload.len()
    }

    /// Into how many pieces a link splits it that carries `mtu` bytes at once. Segments of a stream
    /// fit as they are.
    pub(crate) fn pieces(&self, mtu: usize) -> usize {
        if self.kind.is_stream() || self.wire_len() <= mtu {
            return 1;
        }
        let mtu = if self.destination.is_ipv4() { mtu } else { mtu.max(MIN_MTU_V6) };
        if self.wire_len() <= mtu {
            return 1;
        }
        // Each piece but the last carries a multiple of 8 bytes.
        let room = (mtu - self.piece_header()) / 8 * 8;
        (self.payload.len() + 8).div_ceil(room)
    }

    /// Its bytes with headers, if it goes in so many pieces.
    pub(crate) fn bytes_in(&self, pieces: usize) -> usize {
        self.wire_len() + (pieces - 1) * self.piece_header()
    }

    fn piece_header(&self) -> usize {
        if self.destination.is_ipv4() { 20 } else { 40 + 8 }
    }
}

/// A packet that is about to leave its host, as a [rule](crate::World::rule) sees it.
///
/// ```
/// use minato_sim::{Family, Kind, PacketKind, Verdict, World};
///
/// # fn main() -> std::io::Result<()> {
/// let world = World::new(1);
/// let (a, b) = (world.host("a"), world.host("b"));
/// let rule = world.rule(|packet| {
///     assert_eq!((packet.from(), packet.to()), ("a", "b"));
///     assert_eq!(packet.kind(), PacketKind::Datagram);
///     assert_eq!((packet.payload(), packet.wire_len()), (&b"ahoy"[..], 20 + 8 + 4));
///     assert_eq!(packet.name().to_string(), "a>b~0");
///     // One packet in three, the same ones whenever this world runs.
///     if packet.draw(3) == 0 { Verdict::Drop } else { Verdict::Pass }
/// });
/// a.socket(Family::V4, Kind::Datagram)?.send_to(b"ahoy", (b.ip(), 7000).into())?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Packet<'a> {
    pub(crate) state: &'a State,
    pub(crate) outgoing: &'a Outgoing<'a>,
    pub(crate) payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// The name of the host that sends it.
    pub fn from(&self) -> &'a str {
        &self.state.host(self.outgoing.from).name
    }

    /// The name of the host that it goes to; empty if no host has the address.
    pub fn to(&self) -> &'a str {
        self.outgoing.to.map_or("", |host| &self.state.host(host).name)
    }

    /// The address that it comes from.
    pub fn source(&self) -> SocketAddr {
        self.outgoing.source
    }

    /// The address that it goes to.
    pub fn destination(&self) -> SocketAddr {
        self.outgoing.destination
    }

    /// What it is for.
    pub fn kind(&self) -> PacketKind {
        self.outgoing.kind
    }

    /// Whether it is the first packet of a connection.
    pub fn is_syn(&self) -> bool {
        self.outgoing.kind == PacketKind::Syn
    }

    /// Whether it belongs to a connection of TCP.
    pub fn is_stream(&self) -> bool {
        self.outgoing.kind.is_stream()
    }

    /// The bytes of the user's that it carries.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// How many bytes of the user's it carries.
    pub fn len(&self) -> usize {
        self.outgoing.payload.len()
    }

    /// Whether it carries no bytes of the user's.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes it has with its headers, which is what a [rate](crate::Link::rate) counts.
    pub fn wire_len(&self) -> usize {
        self.outgoing.wire_len()
    }

    /// The time since the start of the world.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.state.now)
    }

    /// The name of this packet.
    pub fn name(&self) -> PacketName {
        self.state.written(self.outgoing.name)
    }

    /// One of `n` possibilities, a number in `0..n`, drawn for this packet: each call for the same
    /// packet gives the same. 0 if `n` is 0.
    pub fn draw(&self, n: usize) -> usize {
        let (entity, nth) = (self.outgoing.entity, self.outgoing.nth);
        below(draw(self.state.choices.seed, RULE, entity, nth), n as u64) as usize
    }
}

impl fmt::Debug for Packet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("name", &format_args!("{}", self.name()))
            .field("kind", &self.kind())
            .field("source", &self.source())
            .field("destination", &self.destination())
            .field("len", &self.len())
            .finish()
    }
}
