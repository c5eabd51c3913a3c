//! A deterministic simulated network and clock: hosts, links, TCP, UDP, and every choice drawn
//! from one seed.
//!
//! A [`World`] is a small universe inside one process. It has [`Host`]s with addresses, links
//! between them, and [`Socket`]s that behave as non-blocking sockets do on Linux, with the same
//! errors, readiness and limits. It has no threads and no real time: its clock jumps from one event
//! to the next when it is told to ([`World::advance`]), so that an idle year costs nothing.
//!
//! What happens depends on the seed and on the calls made, and on nothing else. How long a packet
//! takes, which of two events of one instant comes first, which of several listeners gets a
//! connection: all this is drawn from the seed, each kind of choice from a sequence of its own, so
//! that a change in one place does not reshuffle all others. [`World::choose`] offers the same to
//! the program that drives the world. [`World::trace_hash`] sums a run up: every event, every
//! choice and every byte that was sent. Two runs with the same hash have done the same.
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
//! // Like every socket here it never blocks: the handshake takes time.
//! let begun = client.connect(address).unwrap_err();
//! assert_eq!(begun.raw_os_error(), Some(115), "EINPROGRESS");
//!
//! // Nothing moves until somebody turns the clock. Then everything that is due happens.
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
//! [`Socket::register`] is an edge-triggered registration as epoll has it: what a socket is ready
//! for is reported when it is registered, and again whenever something changes. Several changes
//! before the next [`Host::take_events`] become one event, which carries the whole state at that
//! moment.
//!
//! # Streams
//!
//! A connection has a handshake, a backlog, windows that count bytes, half-close in both
//! directions, resets, and ports that stay taken for a minute after a close. Packets of one
//! direction never overtake each other. A link that is cut ([`World::partition`]) stalls a stream;
//! it never loses bytes from its middle. Simplifications: small segments are never held back, there
//! is no congestion control, no out-of-band data and no simultaneous open.
//!
//! # Datagrams
//!
//! Datagrams keep their bounds, may overtake each other, and are dropped by a full receive buffer.
//! A connected socket learns that nobody has the port it sends to. A send never blocks.
//! Broadcasts and multicasts reach every host of the world.
//!
//! # Faults
//!
//! Links can be slow ([`World::set_link_latency`]) and cut ([`World::partition`]). What a kernel
//! rarely says can be asked for: [`Host::fail`] has the next calls of a [`Verb`] fail with given
//! errors, and [`WorldBuilder::reports_aborted`] has accepts tell of connections that were reset
//! while they waited.

mod address;
mod arena;
mod builder;
mod choice;
mod errno;
mod faults;
mod hash;
mod host;
mod link;
mod message;
mod names;
mod netstat;
mod options;
mod ports;
mod queue;
mod readiness;
mod settings;
mod socket;
mod state;
mod table;
mod tcp;
mod time;
mod trace;
mod udp;
mod world;

pub use builder::WorldBuilder;
pub use faults::Verb;
pub use host::Host;
pub use message::Message;
pub use options::{Options, SocketOption};
pub use readiness::{Event, Readiness};
pub use socket::{Family, Kind, Socket};
pub use world::World;
