//! A deterministic simulated network and clock: hosts, links, TCP, UDP, and every choice drawn
//! from one seed.
//!
//! A [`World`] is a small universe inside one process. It has [`Host`]s with addresses, links
//! between them, and [`Socket`]s that behave as non-blocking sockets do on Linux, with the same
//! errors, readiness and limits. It has no threads and no real time. Its clock jumps from one event
//! to the next when a program calls [`World::advance`], so an idle year costs nothing.
//!
//! What happens depends on the seed and on the calls made, and on nothing else. The seed decides
//! how long a packet takes, which of two events of one instant comes first, and which of several
//! listeners gets a connection. Each kind of choice has a sequence of its own, so a change in one
//! place does not reshuffle the others. [`World::choose`] draws for the program that drives the
//! world. [`World::record`] has what happened, and [`World::trace_hash`] sums it up: every event,
//! every choice and every byte that was sent. Two runs with the same hash have done the same.
//!
//! ```
//! use minato_sim::{Event, Family, Kind, Readiness, World};
//! use std::mem::MaybeUninit;
//!
//! # fn main() -> std::io::Result<()> {
//! let world = World::new(42);
//! let (harbour, ship) = (world.host("harbour"), world.host("ship"));
//!
//! let listener = harbour.socket(Family::V4, Kind::Stream)?;
//! listener.bind("0.0.0.0:7000".parse().unwrap())?;
//! listener.listen(16)?;
//!
//! let client = ship.socket(Family::V4, Kind::Stream)?;
//! client.register(1)?;
//! let address = (ship.lookup("harbour")?[0], 7000).into();
//! // No socket blocks: the handshake takes time.
//! let started = client.connect(address).unwrap_err();
//! assert_eq!(started.raw_os_error(), Some(115), "EINPROGRESS");
//!
//! // Nothing happens until the program moves the clock. Then everything happens that is due.
//! while world.advance(None) {}
//!
//! let mut events = Vec::new();
//! ship.take_events(&mut events);
//! assert_eq!(events, [Event { key: 1, readiness: Readiness::WRITABLE }]);
//! let (served, _peer) = listener.accept()?;
//!
//! assert_eq!(client.send(b"ahoy")?, 4);
//! let mut buffer = [MaybeUninit::new(0_u8); 16];
//! let early = served.recv(&mut buffer).unwrap_err();
//! assert_eq!(early.kind(), std::io::ErrorKind::WouldBlock, "the bytes are under way");
//! while world.advance(None) {}
//! assert_eq!(served.recv(&mut buffer)?, 4);
//! assert!(world.now().as_micros() > 0);
//! println!("{}", world.netstat());
//! # Ok(())
//! # }
//! ```
//!
//! # Readiness
//!
//! [`Socket::register`] is an edge-triggered registration like that of epoll. It reports what the
//! socket is ready for, and does so again whenever something changes. Several changes before the
//! next [`Host::take_events`] become one event, which carries the whole state at that moment.
//!
//! # Streams
//!
//! A connection has a handshake, a backlog, windows that count bytes, half-close in both
//! directions, resets, and ports that stay taken for a minute after a close. Packets of one
//! direction never overtake each other. A link that is cut ([`World::partition`]) stalls a stream;
//! it never loses bytes from its middle.
//!
//! # Datagrams
//!
//! A datagram arrives whole. Between hosts datagrams may overtake each other; within a host they
//! keep their order. A full receive buffer drops them. A connected socket learns that no socket has
//! the port it sends to. A send never blocks. A broadcast reaches every host of the world, and a
//! multicast every host that has joined the group.
//!
//! # Unix sockets
//!
//! Within a host there are Unix sockets, too: streams, datagrams and pairs ([`Socket::bind_unix`],
//! [`Host::unix_pair`]). What is sent is received at once and in order. Each host has its own
//! names, and none of them is ever a file of the machine: a path is there from a bind until
//! [`Host::unlink`].
//!
//! # Faults
//!
//! Each is one line. A link is one direction between two hosts ([`World::link`]), or the default of
//! all ([`World::links`]). [`World::strikes`] counts what each kind of fault has hit: a test whose
//! fault never struck has tested nothing.
//!
//! | fault | is turned on by | and then |
//! |---|---|---|
//! | latency | [`Link::latency`], [`Link::slow`] | by a [distribution](Latency), each way its own |
//! | loss | [`Link::loss`] | a stream sends again, a datagram is gone |
//! | duplication | [`Link::duplicate`] | a datagram arrives twice |
//! | reordering | [`Link::reorder`] | datagrams overtake, a stream waits |
//! | corruption | [`Link::corrupt`], [`Link::corrupt_unnoticed`] | lost, or bytes changed |
//! | bandwidth | [`Link::rate`], [`Link::queue`] | packets wait; what finds no room is lost |
//! | MTU | [`Link::mtu`] | segments fit, datagrams go in pieces |
//! | cut | [`Link::cut`], [`World::partition`] | one way, or both |
//! | flap | [`Link::flap`] | up and down in turns |
//! | clog | [`Link::clog`] | held, and delivered when unclogged |
//! | reset | [`World::reset`] | both ends of each connection between two hosts get one |
//! | one packet | [`World::lose`] | lost by its [name](PacketName) |
//! | a rule | [`World::rule`] | a function of yours decides what happens to each packet |
//! | names | [`World::dns`] | answers that change, come late, or fail |
//! | descriptors | [`Host::limit_descriptors`] | `EMFILE` |
//! | crash | [`Host::crash`], [`Host::restart`] | silence, then resets; see [`Durable`] |
//! | pause | [`Host::pause`], [`Host::resume`] | the kernel goes on, the program does not |
//! | clocks | [`Host::skew`] | timers and dates go by the host's wrong clock |
//! | disks | [`Host::set_sync_time`], [`Host::fail_syncs`] | syncs are slow, or fail |
//! | calls | [`Host::fail`], [`Host::fail_by_chance`] | the next calls of a [`Verb`] fail |
//!
//! With [`WorldBuilder::reports_aborted`] an accept also reports a connection that was reset while
//! it waited. What a link does is decided when a packet is sent: a cut does not hit what is under
//! way. Each decision is a draw for this packet by its [name](PacketName), so a fault on one link
//! changes nothing on another.
//!
//! A link that is mended tells nobody. A sender whose packets were lost tries again after a pause
//! that doubles each time, up to two minutes; so does a sender on Linux. [`World::heal_all`] ends
//! all faults of links and lets every sender try at once.
//!
//! # Differences from Linux
//!
//! Everything else is meant to be as on Linux; where it is not, that is a bug. Each difference has
//! one of three reasons. *Speed*: it would cost instructions in every run and change few programs.
//! *Tests*: it would make tests harder to write or less certain. *Later*: nobody has needed it yet.
//!
//! - There is no congestion control, and small segments are never held back (speed).
//! - A lost packet of a stream is sent again after 0.2 s, 0.4 s and so on. Linux is often told
//!   sooner, by duplicate acknowledgements (speed).
//! - The sender of a stream buffers 256 KiB and the receiver 128 KiB. On Linux both grow with the
//!   traffic (tests).
//! - Buffer sizes of streams are taken as asked, from one byte on. Linux doubles them and has a
//!   minimum (tests).
//! - A datagram longer than the send buffer gives `EMSGSIZE`. Linux sends it (tests).
//! - Between hosts, too, a datagram counts against the receive buffer what it counts on the
//!   loopback of Linux. There a driver decides (tests).
//! - A host knows the [MTU](Link::mtu) of its whole way to another host, without losing a packet
//!   first (tests).
//! - A copy of a packet of a stream is ignored, also one that opens a connection (later).
//! - While a [clogged](Link::clog) link holds bytes of a stream, their sender does not give up
//!   (later).
//! - Free ports are given out in order. Linux draws them (tests).
//! - A client has its port for itself, so a host has at most 28,232 outgoing connections. On Linux,
//!   connections to different destinations share a port (later).
//! - Two sockets that are bound to one address may connect to one destination. Linux refuses the
//!   second with `EADDRNOTAVAIL` (later).
//! - Two sockets cannot open a connection by connecting to each other; a socket can connect to
//!   itself (later).
//! - There is no out-of-band data (later).
//! - Time to live and limits of hops above 0 are remembered and have no effect (later).
//! - Zones and flow labels of IPv6 addresses are ignored (later).
//! - A close never blocks, however long the linger is (tests).
//! - Names are looked up at once unless [the world is told otherwise](Dns::delay), and give IPv4
//!   addresses unless it is [told that, too](WorldBuilder::ipv6_names) (tests).
//! - Ports below 1024 may be bound unless [the world is told
//!   otherwise](WorldBuilder::privileged_ports) (tests).
//! - Every directory of a Unix socket's path exists, and its owner and permissions never matter
//!   (tests). No descriptors and no credentials pass with a message (later).

// What users hold.
#[doc(hidden)]
pub mod agenda;
mod builder;
mod crash;
mod disk;
mod faults;
mod host;
mod message;
mod named;
mod options;
#[doc(hidden)]
pub mod outbox;
pub mod picker;
mod readiness;
mod skew;
mod socket;
mod world;

// The state behind the one lock, and the events that change it.
mod queue;
mod state;

// What sockets do: opening and binding, options, streams, datagrams.
mod netstat;
mod settings;
mod table;
mod tcp;
mod udp;
mod unix;

// What a network has: the paths of packets, names, ports.
mod dns;
mod link;
mod names;
mod packet;
mod ports;

// Choices, and the record of a run.
mod choice;
mod hash;
mod name;
pub mod record;
mod strikes;

// Many runs: what goes wrong in one, what it is, and many of them.
pub mod plan;
pub mod scenario;
pub mod sweep;

// Helpers.
mod address;
mod alarm;
mod arena;
mod errno;
mod escape;
mod time;

pub use builder::WorldBuilder;
pub use crash::{Action, Condition};
pub use disk::{DiskSync, Durable};
pub use dns::{Dns, LookupFailure};
pub use faults::Verb;
pub use host::Host;
pub use link::{Latency, Link, Rule};
pub use message::Message;
pub use name::{ConnectionName, PacketName, SocketName, TaskName};
pub use named::{Membership, OptionName, OptionValue};
pub use options::{Options, SocketOption};
pub use packet::{Packet, PacketKind, Verdict};
pub use readiness::{Event, Readiness};
pub use skew::Offset;
pub use socket::{Family, Kind, Socket};
pub use strikes::{FaultKind, FaultSet, Strikes};
pub use unix::MAX_WAITING;
pub use world::World;
