//! An event of a record, as its readers see it.

use std::net::SocketAddr;
use std::time::Duration;

use crate::name::{ConnectionName, PacketName, SocketName, TaskName};
use crate::packet::PacketKind;
use crate::strikes::FaultSet;

/// Something that has happened. It prints as one line.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event<'a> {
    /// When, counted from the start of the world.
    pub at: Duration,
    /// Its number among all events of the world, counted from 0.
    pub nth: u64,
    /// What has happened.
    pub what: What<'a>,
}

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum What<'a> {
    /// A host has sent a packet, and its way is decided.
    #[non_exhaustive]
    Packet {
        /// The host that sends it.
        from: &'a str,
        /// The host that it goes to; `None` if nobody has the address.
        to: Option<&'a str>,
        /// The address that it comes from.
        source: SocketAddr,
        /// The address that it goes to.
        destination: SocketAddr,
        /// What it is for.
        kind: PacketKind,
        /// Its name, which stays the same when other packets come and go.
        name: PacketName<&'a str>,
        /// How many bytes of the user's it carries.
        len: usize,
        /// As many of these bytes as the world [captures](crate::WorldBuilder::capture).
        payload: &'a [u8],
        /// A hash of the bytes: of a datagram's own ones, or of all bytes that its sender has sent
        /// on the connection so far.
        digest: u64,
        /// The number of its first byte in the stream. As in TCP, the first packet of a connection
        /// has 0 and the first byte of a user 1.
        sequence: u64,
        /// The number of the byte that its sender expects next.
        acknowledgement: u64,
        /// How many bytes its sender takes at present.
        window: u64,
        /// The two bits of Explicit Congestion Notification.
        ecn: u8,
        /// What becomes of it.
        fate: Fate,
        /// The faults that have hit it.
        faults: FaultSet,
    },
    /// A link that was clogged lets a packet go.
    #[non_exhaustive]
    Release {
        /// The number of the event in which the packet was sent.
        packet: u64,
        /// When it arrives.
        arrives: Duration,
    },
    /// A packet has reached its host.
    #[non_exhaustive]
    Arrival {
        /// The number of the event in which it was sent.
        packet: u64,
        /// The host that it has reached.
        host: &'a str,
        /// Why the host has not taken it, if it has not.
        lost: Option<&'a str>,
    },
    /// A fault begins, hits something, or ends.
    #[non_exhaustive]
    Fault {
        /// Its kind, such as `partition`.
        fault: &'a str,
        /// Which of the three.
        stage: Stage,
        /// The host that it is on, or where it begins.
        host: Option<&'a str>,
        /// The other host, of a fault between two.
        other: Option<&'a str>,
        /// A number that the fault has, or 0.
        value: u64,
    },
    /// Something was drawn.
    #[non_exhaustive]
    Choice {
        /// What was decided.
        site: &'a str,
        /// For whom.
        entity: u64,
        /// How many possibilities there were.
        of: u64,
        /// The one that was drawn.
        value: u64,
    },
    /// A task was polled.
    #[non_exhaustive]
    Task {
        /// Its name.
        task: TaskName<&'a str>,
    },
    /// Something has happened to a socket or a connection.
    #[non_exhaustive]
    Socket {
        /// The host where it has happened.
        host: &'a str,
        /// Which one.
        subject: Subject<&'a str>,
        /// What has happened, such as `bind`.
        what: &'a str,
        /// A number that belongs to it, such as a port.
        value: u64,
    },
    /// A milestone of the user's was reached.
    #[non_exhaustive]
    Mark {
        /// The host, if a task of one has reached it.
        host: Option<&'a str>,
        /// Its name.
        name: &'a str,
    },
    /// A line of the user's, by [`World::note`](crate::World::note).
    #[non_exhaustive]
    Line {
        /// The host that it is about, if it is.
        host: Option<&'a str>,
        /// The line.
        text: &'a str,
    },
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It arrives at this time, counted from the start of the world.
    Arrives(Duration),
    /// The same, and some of its bytes have changed on the way.
    Corrupted(Duration),
    /// It is a second copy of the packet before it, and arrives at this time.
    Copy(Duration),
    /// It waits on the link, until the link is unclogged.
    Held,
    /// It never arrives.
    Lost,
}

impl Fate {
    /// When the packet arrives, if that is decided.
    pub fn arrives(self) -> Option<Duration> {
        match self {
            Fate::Arrives(at) | Fate::Corrupted(at) | Fate::Copy(at) => Some(at),
            Fate::Held | Fate::Lost => None,
        }
    }
}

/// The part of a fault's life that an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// It is there from now on.
    Begins,
    /// It has hit a packet or a call.
    Strikes,
    /// It is over.
    Ends,
}

/// What an event of a socket is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subject<H = String> {
    /// A socket.
    Socket(SocketName<H>),
    /// A connection.
    Connection(ConnectionName<H>),
}
