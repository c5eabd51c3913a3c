//! A host: its addresses, its sockets and the events for them.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::arena::Key;
use crate::crash::Life;
use crate::disk::DiskSettings;
use crate::faults::Faults;
use crate::name::key_of_host;
use crate::ports::Ports;
use crate::readiness::Event;
use crate::skew::Clocks;
use crate::socket::{Family, Kind, Socket};
use crate::unix::UnixNames;
use crate::world::World;

/// The number of a host, in the order in which hosts were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct HostId(pub(crate) u32);

/// What the world keeps about a host.
#[derive(Debug)]
pub(crate) struct HostState {
    pub(crate) name: String,
    /// What stands for it in draws.
    pub(crate) key: u64,
    pub(crate) counts: Counts,
    pub(crate) v4: Ipv4Addr,
    pub(crate) v6: Ipv6Addr,
    pub(crate) ports: Ports,
    pub(crate) unix: UnixNames,
    pub(crate) descriptors: usize,
    /// Sockets with new events, each once.
    pub(crate) ready: Vec<Key>,
    /// The keys with which sockets were registered that a crash has taken.
    pub(crate) broken: Vec<u64>,
    /// How many entries of `ready` belong to sockets that are closed.
    pub(crate) stale: usize,
    pub(crate) faults: Faults,
    /// How many sockets it may have, if that is its own number.
    pub(crate) descriptor_limit: Option<usize>,
    /// When the last datagram that was sent within the host arrives.
    pub(crate) last_loopback: u64,
    /// Whether the host is in the world's list of notified hosts.
    pub(crate) notified: bool,
    pub(crate) life: Life,
    pub(crate) disk_settings: DiskSettings,
    pub(crate) clocks: Clocks,
    /// How many tasks were numbered.
    tasks: u64,
}

/// What a host has had so far, for the names of what it gets next.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    sockets: u64,
    connections: BTreeMap<HostId, u32>,
    datagrams: BTreeMap<HostId, u64>,
}

impl Counts {
    pub(crate) fn next_socket(&mut self) -> u64 {
        self.sockets += 1;
        self.sockets - 1
    }

    /// Counts a connection that this host asks `server` for.
    pub(crate) fn next_connection(&mut self, server: HostId) -> u32 {
        let count = self.connections.entry(server).or_default();
        *count = count.wrapping_add(1);
        count.wrapping_sub(1)
    }

    /// Counts a datagram that this host sends to `to`.
    pub(crate) fn next_datagram(&mut self, to: HostId) -> u64 {
        let count = self.datagrams.entry(to).or_default();
        *count += 1;
        *count - 1
    }
}

impl HostState {
    pub(crate) fn new(name: &str, v4: Ipv4Addr, v6: Ipv6Addr) -> Self {
        HostState {
            name: name.to_owned(),
            key: key_of_host(name),
            counts: Counts::default(),
            v4,
            v6,
            ports: Ports::default(),
            unix: UnixNames::default(),
            descriptors: 0,
            ready: Vec::new(),
            broken: Vec::new(),
            stale: 0,
            faults: Faults::default(),
            descriptor_limit: None,
            last_loopback: 0,
            notified: false,
            life: Life::default(),
            disk_settings: DiskSettings::default(),
            clocks: Clocks::default(),
            tasks: 0,
        }
    }

    /// Whether a socket may be bound to `ip` here.
    pub(crate) fn has_address(&self, ip: IpAddr) -> bool {
        ip.is_loopback() || ip == self.v4 || ip == self.v6
    }

    /// The address that the host shows to others, of the family of `like`.
    pub(crate) fn address_like(&self, like: IpAddr) -> IpAddr {
        if like.is_ipv4() { self.v4.into() } else { self.v6.into() }
    }
}

/// A host of a [`World`]. It is cheap to clone, and clones are the same host.
#[derive(Clone, PartialEq, Eq)]
pub struct Host {
    pub(crate) world: World,
    pub(crate) id: HostId,
}

impl Host {
    /// The name that the host was made with.
    pub fn name(&self) -> String {
        self.world.lock().host(self.id).name.clone()
    }

    /// Its IPv4 address, in 10.0.0.0/8.
    pub fn ip(&self) -> IpAddr {
        self.world.lock().host(self.id).v4.into()
    }

    /// Its IPv6 address, in fd00::/64.
    pub fn ip_v6(&self) -> IpAddr {
        self.world.lock().host(self.id).v6.into()
    }

    /// The world that the host is in.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// A number that no other host of the world has: 0 for the first, and so on.
    pub fn number(&self) -> u64 {
        u64::from(self.id.0)
    }

    /// The addresses of a name: of a host of this world, of `localhost`, or of a record made by
    /// [`World::dns_insert`]. A host has its IPv4 address by default
    /// ([`WorldBuilder::ipv6_names`](crate::WorldBuilder::ipv6_names)). A written IP address is its
    /// own result.
    ///
    /// # Errors
    /// For any other name the error that std gives, with its kind, which
    /// [`ErrorKind`](io::ErrorKind) has no stable name for, and its text. The
    /// [record](World::record) has the name. The same where the name service
    /// [fails](crate::Dns::fail).
    pub fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.world.lock().lookup(self.id, name)
    }

    /// How long the next [`lookup`](Host::lookup) of this name takes: what has to wait for it waits
    /// before it looks the name up. Zero unless the world [says otherwise](crate::Dns::delay).
    pub fn lookup_delay(&self, name: &str) -> Duration {
        Duration::from_nanos(self.world.lock().lookup_delay(self.id, name))
    }

    /// A new socket, which never blocks.
    ///
    /// # Errors
    /// `EMFILE` if the host has as many sockets as it may have, `ENETDOWN` if it is
    /// [down](crate::Condition::Down).
    pub fn socket(&self, family: Family, kind: Kind) -> io::Result<Socket> {
        let key = self.world.lock().open_socket(self.id, family, kind)?;
        Ok(Socket { world: self.world.clone(), host: self.id, key, family, kind })
    }

    /// Adds the events since the last call to `events`, the oldest first, each socket once.
    pub fn take_events(&self, events: &mut Vec<Event>) {
        self.world.lock().take_events(self.id, events);
    }

    /// Fills `bytes` with random numbers, for what asks the system of this host for them.
    ///
    /// They depend on the seed, the host, the time, and how many numbers the host has asked for at
    /// that instant before. So what asks more or less often changes no later number, and none of
    /// another host. They are no part of the [trace](World::trace_hash): what is sent because of
    /// them is.
    ///
    /// ```
    /// use minato_sim::World;
    ///
    /// let random = |asked_before: usize| {
    ///     let world = World::new(1);
    ///     let mut bytes = [0; 16];
    ///     world.host("other").fill_random(&mut vec![0; asked_before]);
    ///     world.host("host").fill_random(&mut bytes);
    ///     bytes
    /// };
    /// assert_eq!(random(0), random(100));
    /// ```
    pub fn fill_random(&self, bytes: &mut [u8]) {
        let mut state = self.world.lock();
        let (now, key) = (state.now, state.host(self.id).key);
        for part in bytes.chunks_mut(8) {
            let number = state.choices.next_at(now, "random", key).to_le_bytes();
            part.copy_from_slice(&number[..part.len()]);
        }
    }

    /// Puts this host into the list that [`World::take_notified`] gives.
    pub fn notify(&self) {
        self.world.lock().notify(self.id);
    }

    /// Numbers the next task of the host. The numbers go on after a crash.
    #[doc(hidden)]
    pub fn next_task(&self) -> u64 {
        let mut state = self.world.lock();
        let tasks = &mut state.host_mut(self.id).tasks;
        *tasks += 1;
        *tasks - 1
    }

    /// Whether [`take_events`](Host::take_events) may give something.
    pub fn has_events(&self) -> bool {
        let state = self.world.lock();
        let host = state.host(self.id);
        !host.ready.is_empty() || !host.broken.is_empty()
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Host").field(&self.id.0).finish()
    }
}
