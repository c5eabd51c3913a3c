//! How a world is set up.

use std::time::Duration;

use crate::link::Latency;
use crate::udp::MAX_OVER_IPV6;
use crate::world::World;

/// The sizes and limits of a world.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) seed: u64,
    pub(crate) latency: Latency,
    pub(crate) loopback: Latency,
    pub(crate) send_buffer: usize,
    pub(crate) receive_buffer: usize,
    pub(crate) datagram_buffer: usize,
    pub(crate) descriptor_limit: usize,
    pub(crate) privileged_ports: bool,
    pub(crate) ipv6_names: bool,
    pub(crate) reports_aborted: bool,
    pub(crate) max_datagram: usize,
    pub(crate) datagram_part: usize,
    pub(crate) segment: usize,
    pub(crate) recorded_events: usize,
    pub(crate) hash_history: bool,
    pub(crate) capture: usize,
}

/// Sets up a [`World`]. Made by [`World::builder`].
///
/// ```
/// use minato_sim::World;
/// use std::time::Duration;
///
/// let world = World::builder()
///     .seed(7)
///     .latency(Duration::from_millis(1), Duration::from_millis(20))
///     .send_buffer(4096)
///     .build();
/// assert_eq!(world.seed(), 7);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct WorldBuilder {
    config: Config,
}

impl WorldBuilder {
    pub(crate) fn new() -> Self {
        let micros = |min: u64, max: u64| Latency::between_nanos(min * 1000, max * 1000);
        WorldBuilder {
            config: Config {
                seed: 0,
                latency: micros(100, 1000),
                loopback: micros(5, 20),
                send_buffer: 256 * 1024,
                receive_buffer: 128 * 1024,
                datagram_buffer: 208 * 1024,
                descriptor_limit: 65_536,
                privileged_ports: true,
                ipv6_names: false,
                reports_aborted: false,
                max_datagram: MAX_OVER_IPV6,
                datagram_part: usize::MAX,
                segment: 64 * 1024,
                recorded_events: 4096,
                hash_history: false,
                capture: 0,
            },
        }
    }

    /// The seed of every choice. Default: 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = seed;
        self
    }

    /// How long a packet takes between two hosts; drawn for each packet. Streams stay in order,
    /// datagrams may overtake each other. Default: 100 µs to 1 ms.
    pub fn latency(mut self, min: Duration, max: Duration) -> Self {
        self.config.latency = Latency::uniform(min, max);
        self
    }

    /// How long a packet takes within a host. Default: 5 µs to 20 µs.
    pub fn loopback_latency(mut self, min: Duration, max: Duration) -> Self {
        self.config.loopback = Latency::uniform(min, max);
        self
    }

    /// Bytes that a stream socket queues before a send would block. At least 1. Default: 256 KiB.
    pub fn send_buffer(mut self, bytes: usize) -> Self {
        self.config.send_buffer = bytes.max(1);
        self
    }

    /// Bytes that may wait in a stream socket to be received. This is also the window that it
    /// offers. At least 1. Default: 128 KiB.
    pub fn receive_buffer(mut self, bytes: usize) -> Self {
        self.config.receive_buffer = bytes.max(1);
        self
    }

    /// The memory for datagrams that wait in a socket. A datagram that does not fit is dropped; an
    /// empty buffer takes any. A datagram counts the memory that Linux needs for it: at least 832
    /// bytes, and 2,304 for 1,000 bytes. At least 1. Default: 208 KiB, enough for 256 small
    /// datagrams.
    pub fn datagram_buffer(mut self, bytes: usize) -> Self {
        self.config.datagram_buffer = bytes.max(1);
        self
    }

    /// How many sockets a host may have; one more gives `EMFILE`. Default: 65,536.
    pub fn descriptor_limit(mut self, sockets: usize) -> Self {
        self.config.descriptor_limit = sockets;
        self
    }

    /// Whether ports below 1024 may be bound, as by root; otherwise that gives `EACCES`. Default:
    /// yes.
    pub fn privileged_ports(mut self, allowed: bool) -> Self {
        self.config.privileged_ports = allowed;
        self
    }

    /// Whether the name of a host also has its IPv6 address, behind its IPv4 address. A connect by
    /// name to a host that does not answer then tries, and waits for, both. Default: no.
    pub fn ipv6_names(mut self, both: bool) -> Self {
        self.config.ipv6_names = both;
        self
    }

    /// Whether an accept gives `ECONNABORTED` for a connection that was reset while it waited, as
    /// POSIX says and other systems do. Otherwise the accept returns the dead connection, as on
    /// Linux. Default: no.
    pub fn reports_aborted(mut self, reported: bool) -> Self {
        self.config.reports_aborted = reported;
        self
    }

    /// The largest datagram; a longer one gives `EMSGSIZE`. Default: what fits into a packet, which
    /// is the limit in any case: 65,507 bytes over IPv4, and 65,527 over IPv6.
    pub fn max_datagram(mut self, bytes: usize) -> Self {
        self.config.max_datagram = bytes;
        self
    }

    /// How many bytes of a datagram a send takes at most. It drops the rest and returns how many it
    /// took. The interface of sockets allows that, although no system is known to do it. Default:
    /// all.
    pub fn datagram_part(mut self, bytes: usize) -> Self {
        self.config.datagram_part = bytes;
        self
    }

    /// How many bytes of a stream travel as one packet at most. At least 1. Default: 64 KiB.
    pub fn segment(mut self, bytes: usize) -> Self {
        self.config.segment = bytes.clamp(1, u32::MAX as usize);
        self
    }

    /// How many events [`World::record`] can give at most: the last ones. The
    /// [hash](crate::record::Record::hash) covers all. Default: 4096.
    pub fn recorded_events(mut self, events: usize) -> Self {
        self.config.recorded_events = events;
        self
    }

    /// How many bytes of each packet the record keeps beside its headers. They are what
    /// [`Record::pcap`](crate::record::Record::pcap) shows. Default: none.
    pub fn capture(mut self, bytes: usize) -> Self {
        self.config.capture = bytes;
        self
    }

    /// Whether the world keeps the hash after each event, 8 bytes for each. Then
    /// [`Record::first_difference`](crate::record::Record::first_difference) finds the first event
    /// in which two runs differ, even long after the event itself was dropped. Default: no.
    pub fn hash_history(mut self, enabled: bool) -> Self {
        self.config.hash_history = enabled;
        self
    }

    /// Makes the world, at time zero and without hosts.
    pub fn build(self) -> World {
        World::from_config(self.config)
    }
}
