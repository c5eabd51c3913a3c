//! The name service of a world as users see it: answers that change, come late, or fail.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use crate::host::HostId;
use crate::link::{Chance, Latency};
use crate::names::plain_name;
use crate::state::State;
use crate::strikes::FaultKind;
use crate::time::nanos;
use crate::world::World;

/// Why a look-up fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LookupFailure {
    /// The name service does not answer (`EAI_AGAIN`). It may be asked again.
    Temporary,
    /// It says that there is no such name (`EAI_NONAME`).
    Unknown,
}

impl LookupFailure {
    /// The error that std gives.
    ///
    /// Stable Rust has no name for its kind. An error with a number that the system does not use
    /// has the same kind.
    pub(crate) fn error(self) -> io::Error {
        let kind = io::Error::from_raw_os_error(i32::MAX).kind();
        let why = match self {
            LookupFailure::Temporary => "Temporary failure in name resolution",
            LookupFailure::Unknown => "Name or service not known",
        };
        io::Error::new(kind, format!("failed to lookup address information: {why}"))
    }
}

/// What goes wrong with look-ups.
#[derive(Debug, Default)]
pub(crate) struct LookupFaults {
    pub(crate) delay: Option<Latency>,
    failing: BTreeMap<String, LookupFailure>,
    by_chance: Option<(Chance, LookupFailure)>,
}

/// The name service of a [`World`]. Made by [`World::dns`]. It is cheap to clone.
///
/// An address that is written out, and `localhost`, need no name service: nothing of this concerns
/// them.
///
/// ```
/// use minato_sim::{LookupFailure, World};
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// let world = World::new(1);
/// let client = world.host("client");
/// let (blue, green) = (world.host("blue").ip(), world.host("green").ip());
///
/// // A name with two addresses, of which one is gone a minute later.
/// world.dns().insert("shop", [blue, green]);
/// world.dns().insert_at(Duration::from_secs(60), "shop", [green]);
/// assert_eq!(client.lookup("shop")?, [blue, green]);
/// world.advance(Some(Duration::from_secs(60)));
/// assert_eq!(client.lookup("shop")?, [green]);
///
/// world.dns().delay(Duration::from_secs(5))?;
/// assert_eq!(client.lookup_delay("shop"), Duration::from_secs(5));
/// world.dns().fail("shop", LookupFailure::Temporary);
/// assert!(client.lookup("shop").is_err());
/// world.dns().heal();
/// assert!(client.lookup("shop").is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Dns {
    world: World,
}

impl Dns {
    /// Gives `name` these addresses from now on, until the next change. Without an address the name
    /// is unknown.
    pub fn insert(&self, name: &str, addresses: impl IntoIterator<Item = IpAddr>) {
        let addresses = addresses.into_iter().collect();
        let mut state = self.world.lock();
        let now = state.now;
        state.names.insert(now, name, addresses);
    }

    /// Gives `name` these addresses from a time on, counted from the start of the world. Changes
    /// that are told for later stay.
    pub fn insert_at(&self, at: Duration, name: &str, addresses: impl IntoIterator<Item = IpAddr>) {
        let addresses = addresses.into_iter().collect();
        self.world.lock().names.insert(nanos(at), name, addresses);
    }

    /// Lets each look-up take this long. A delay of zero ends that. Who cannot wait looks up at
    /// once nevertheless: [`Host::lookup`](crate::Host::lookup), and std's resolver in a world that
    /// answers for the system.
    ///
    /// # Errors
    /// `InvalidInput` for an empty range.
    pub fn delay(&self, delay: impl Into<Latency>) -> io::Result<Dns> {
        let delay = delay.into();
        delay.check()?;
        self.world.lock().lookup_faults.delay = Some(delay);
        Ok(self.clone())
    }

    /// Lets each look-up of `name` fail, until [`mend`](Dns::mend).
    pub fn fail(&self, name: &str, failure: LookupFailure) {
        self.world.lock().lookup_faults.failing.insert(plain_name(name), failure);
    }

    /// Ends [`fail`](Dns::fail) for this name.
    pub fn mend(&self, name: &str) {
        self.world.lock().lookup_faults.failing.remove(&plain_name(name));
    }

    /// Lets look-ups of all names fail with this probability. Zero ends that.
    ///
    /// # Errors
    /// `InvalidInput` for what is not a probability from 0 to 1.
    pub fn fail_by_chance(&self, failure: LookupFailure, probability: f64) -> io::Result<Dns> {
        let chance = Chance::new("a failed look-up", probability)?;
        self.world.lock().lookup_faults.by_chance = Some((chance, failure));
        Ok(self.clone())
    }

    /// Ends all delays and failures.
    pub fn heal(&self) {
        self.world.lock().lookup_faults = LookupFaults::default();
    }
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Dns").field(&self.world.lock().lookup_faults).finish()
    }
}

impl World {
    /// The name service of the world.
    pub fn dns(&self) -> Dns {
        Dns { world: self.clone() }
    }
}

impl State {
    /// The addresses of a name, as a host learns them now.
    pub(crate) fn lookup(&mut self, host: HostId, name: &str) -> io::Result<Vec<IpAddr>> {
        if let Some(addresses) = self.names.without_service(name) {
            return Ok(addresses);
        }
        if let Some(failure) = self.lookup_failure(host, name) {
            self.strike(FaultKind::Dns, (Some(host), None));
            return Err(failure.error());
        }
        let found = self.names.lookup(self.now, name);
        if found.is_none() {
            let now = self.now;
            self.journal.line(now, Some(host), &format!("nobody has the name {name}"));
        }
        found.ok_or_else(|| LookupFailure::Unknown.error())
    }

    fn lookup_failure(&mut self, host: HostId, name: &str) -> Option<LookupFailure> {
        let faults = &self.lookup_faults;
        if let Some(failure) = faults.failing.get(&plain_name(name)) {
            return Some(*failure);
        }
        let (chance, failure) = faults.by_chance?;
        let key = self.host(host).key;
        chance.hits(self.choices.next("failed look-up", key)).then_some(failure)
    }

    /// How long the next look-up of a name takes a host.
    pub(crate) fn lookup_delay(&mut self, host: HostId, name: &str) -> u64 {
        let Some(delay) = self.lookup_faults.delay else { return 0 };
        if self.names.without_service(name).is_some() {
            return 0;
        }
        let key = self.host(host).key;
        let delay = delay.delay(self.choices.next("delay of a look-up", key));
        if delay > 0 {
            self.strike(FaultKind::Dns, (Some(host), None));
        }
        delay
    }
}
