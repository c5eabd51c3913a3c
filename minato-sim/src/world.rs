//! The world: its clock, its choices, its hosts and its record.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::Waker;
use std::time::Duration;

use crate::builder::{Config, WorldBuilder};
use crate::choice::{below, between};
use crate::host::Host;
use crate::link::Asking;
use crate::skew::Clocks;
use crate::state::State;
use crate::time::{NEVER, nanos};

/// A simulated network with its own clock. Cheap to clone; clones name the same world.
///
/// The clock stands still until [`advance`](World::advance) goes to the next event. What happens
/// then depends only on the seed and on the calls that were made before, in their order.
#[derive(Clone)]
pub struct World {
    state: Arc<Mutex<State>>,
    asking: Asking,
}

impl World {
    /// The last instant of the clock, more than 584 years after its start. What would be due later
    /// never happens.
    pub const END: Duration = Duration::from_nanos(NEVER - 1);

    /// A world with the default sizes and limits.
    pub fn new(seed: u64) -> World {
        World::builder().seed(seed).build()
    }

    /// Sets up a world.
    pub fn builder() -> WorldBuilder {
        WorldBuilder::new()
    }

    pub(crate) fn from_config(config: Config) -> World {
        let state = State::new(config);
        let asking = state.rules.asking.clone();
        World { state: Arc::new(Mutex::new(state)), asking }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held is a bug of this crate, or of a rule. The test that
        // found it may still need the rest of the world for its report.
        match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => self.wait_for_lock(),
        }
    }

    /// Another thread has the lock, or a rule on this one.
    #[cold]
    fn wait_for_lock(&self) -> MutexGuard<'_, State> {
        assert!(
            !self.asking.is_here(),
            "a rule called into its own world, which waits for the rule's verdict: a rule may look \
             at the packet and at what it has captured, but not use the world, its hosts, links \
             and sockets, nor drop a socket"
        );
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The seed of every choice.
    pub fn seed(&self) -> u64 {
        self.lock().choices.seed
    }

    /// The time since the start of the world.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.lock().now)
    }

    /// When the next event is due; `None` if no event will ever be due.
    pub fn next_event(&self) -> Option<Duration> {
        self.lock().queue.next_at().map(Duration::from_nanos)
    }

    /// Goes to the earliest event that is not after `limit`, counted from the start of the world,
    /// and lets everything happen that is due at that instant, in a drawn order. Returns whether
    /// there was one. If not, the clock goes to `limit`, but never back. A limit after
    /// [`END`](World::END) is none.
    ///
    /// ```
    /// use minato_sim::World;
    /// use std::time::Duration;
    ///
    /// let world = World::new(1);
    /// assert!(!world.advance(Some(Duration::from_secs(3600))));
    /// assert_eq!(world.now(), Duration::from_secs(3600));
    /// assert!(!world.advance(None), "nothing will ever happen here");
    /// assert_eq!(world.now(), Duration::from_secs(3600));
    /// ```
    pub fn advance(&self, limit: Option<Duration>) -> bool {
        self.advance_to(limit.map(nanos)).0
    }

    /// The same in nanoseconds, with the time that it is then.
    pub(crate) fn advance_to(&self, limit: Option<u64>) -> (bool, u64) {
        let mut state = self.lock();
        let (had_event, now) = (state.advance(limit), state.now);
        if !state.woken.is_empty() {
            let woken = std::mem::take(&mut state.woken);
            drop(state);
            woken.into_iter().for_each(Waker::wake);
        }
        (had_event, now)
    }

    /// Adds the numbers of the hosts that have something to look at since the last call to `hosts`,
    /// each once: those with new events, and those that were [notified](Host::notify). A program
    /// that steps many hosts learns here which of them to look at.
    ///
    /// ```
    /// use minato_sim::World;
    ///
    /// let world = World::new(1);
    /// let (_, b) = (world.host("a"), world.host("b"));
    /// b.notify();
    /// b.notify();
    /// let mut hosts = Vec::new();
    /// world.take_notified(&mut hosts);
    /// world.take_notified(&mut hosts);
    /// assert_eq!(hosts, [b.number()]);
    /// ```
    pub fn take_notified(&self, hosts: &mut Vec<u64>) {
        self.lock().take_notified(hosts);
    }

    /// The same, with the time since the start of the world.
    /// Also whether something was asked of a host.
    pub(crate) fn take_notified_at(&self, hosts: &mut Vec<u64>) -> (u64, bool) {
        let mut state = self.lock();
        state.take_notified(hosts);
        (state.now, !state.requests.is_empty())
    }

    /// The clocks of a host.
    pub(crate) fn clocks_of_host(&self, number: usize) -> Clocks {
        self.lock().hosts.get(number).map_or_else(Clocks::default, |host| host.clocks)
    }

    /// What stands for a host in draws.
    pub(crate) fn key_of_host(&self, number: usize) -> u64 {
        self.lock().hosts.get(number).map_or(0, |host| host.key)
    }

    /// Records a choice of one out of `n` possibilities that was drawn elsewhere.
    pub(crate) fn note_choice(&self, site: &'static str, entity: u64, n: usize, value: u64) {
        let mut state = self.lock();
        let now = state.now;
        state.journal.choice(now, site, entity, n as u64, value);
    }

    /// Draws one of `n` possibilities for the task of this [number](crate::TaskName::number), or
    /// for any other number. If `n` is less than 2, it returns 0 without a draw.
    ///
    /// The result depends on the seed, on `site` (what is decided), on the task, on the time, and
    /// on how often this pair has drawn at that instant. So no other task changes it, and what
    /// draws more or less often at one instant changes no later draw. The world keeps nothing of
    /// a task that is over.
    ///
    /// ```
    /// use minato_sim::{TaskName, World};
    ///
    /// let world = World::new(5);
    /// let task = TaskName { host: world.host("a").number(), nth: 3 };
    /// assert!(world.choose_for(task.number(), "which branch", 10) < 10);
    /// ```
    pub fn choose_for(&self, task: u64, site: &'static str, n: usize) -> usize {
        if n < 2 {
            return 0;
        }
        let mut state = self.lock();
        let (now, key) = (state.now, state.key_of_task(task));
        let value = below(state.choices.next_at(now, site, key), n as u64);
        state.journal.choice(now, site, task, n as u64, value);
        value as usize
    }

    /// Draws one of `n` possibilities and returns a number in `0..n`. If `n` is less than 2, it
    /// returns 0 without a draw.
    ///
    /// The result depends on the seed, on `site` (what is decided), on `entity` (for whom) and on
    /// how often this pair has drawn, and on nothing else. The world keeps a counter for each pair,
    /// so entities should be things that last, such as hosts.
    ///
    /// ```
    /// use minato_sim::World;
    ///
    /// let (one, two) = (World::new(5), World::new(5));
    /// two.choose("another site", 0, 10);
    /// assert_eq!(one.choose("next task", 0, 10), two.choose("next task", 0, 10));
    /// ```
    pub fn choose(&self, site: &'static str, entity: u64, n: usize) -> usize {
        if n < 2 {
            return 0;
        }
        let mut state = self.lock();
        let n = n as u64;
        let value = below(state.choices.next(site, entity), n);
        let now = state.now;
        state.journal.choice(now, site, entity, n, value);
        value as usize
    }

    /// Draws a duration of at least `min` and at most `max`, as [`choose`](World::choose) draws a
    /// number.
    pub fn draw_duration(
        &self,
        site: &'static str,
        entity: u64,
        min: Duration,
        max: Duration,
    ) -> Duration {
        let (min, max) = (nanos(min), nanos(max));
        let mut state = self.lock();
        let value = between(state.choices.next(site, entity), min, max);
        let now = state.now;
        state.journal.choice(now, site, entity, max, value);
        Duration::from_nanos(value)
    }

    /// Fills `bytes` with random numbers, for what asks a system for them outside of all hosts;
    /// see [`Host::fill_random`] for the others.
    ///
    /// They depend on the seed, the time, and how many bytes were asked for at that instant before;
    /// so what draws more or less often at one instant changes no later one. They are no part of
    /// the [record](World::record): what is sent because of them is.
    ///
    /// ```
    /// use minato_sim::World;
    ///
    /// let random = |seed| {
    ///     let mut bytes = [0; 16];
    ///     World::new(seed).fill_random(&mut bytes);
    ///     bytes
    /// };
    /// assert_eq!(random(1), random(1));
    /// assert_ne!(random(1), random(2));
    /// ```
    pub fn fill_random(&self, bytes: &mut [u8]) {
        let mut state = self.lock();
        let now = state.now;
        for part in bytes.chunks_mut(8) {
            let number = state.choices.next_at(now, "random", 0).to_le_bytes();
            part.copy_from_slice(&number[..part.len()]);
        }
    }

    /// The host of this name. The first call with a name makes the host. The first host has the
    /// addresses 10.0.0.1 and fd00::1, the next 10.0.0.2 and fd00::2, and so on.
    pub fn host(&self, name: &str) -> Host {
        let id = self.lock().host_named(name);
        Host { world: self.clone(), id }
    }

    /// Gives `name` these addresses from now on. Without an address the name is unknown.
    pub fn dns_insert(&self, name: &str, addresses: impl IntoIterator<Item = IpAddr>) {
        self.dns().insert(name, addresses);
    }

    /// Counts that a milestone has been reached. A [sweep](crate::sweep::Sweep::must_reach) can ask
    /// that a mark is reached by some run.
    ///
    /// ```
    /// use minato_sim::World;
    ///
    /// let world = World::new(1);
    /// world.mark("decided");
    /// world.mark("decided");
    /// assert!(world.seen("decided") && !world.seen("undecided"));
    /// assert_eq!(world.marks()["decided"], 2);
    /// ```
    pub fn mark(&self, name: &str) {
        let mut state = self.lock();
        match state.marks.get_mut(name) {
            Some(count) => *count += 1,
            None => _ = state.marks.insert(name.to_owned(), 1),
        }
        let now = state.now;
        state.journal.mark(now, None, name);
    }

    /// Whether a mark has been reached.
    pub fn seen(&self, mark: &str) -> bool {
        self.lock().marks.contains_key(mark)
    }

    /// All marks that have been reached, and how often.
    pub fn marks(&self) -> BTreeMap<String, u64> {
        self.lock().marks.clone()
    }

    /// All sockets, one a line: host, protocol, own address, peer, state and the bytes in both
    /// queues (for a listener: connections to accept, and those that are half open).
    pub fn netstat(&self) -> String {
        self.lock().netstat()
    }

    /// How many sockets are open on all hosts.
    pub fn open_sockets(&self) -> usize {
        self.lock().sockets.len()
    }

    /// How many connections there are. A connection whose sockets are closed counts while its last
    /// packets are under way.
    pub fn open_connections(&self) -> usize {
        self.lock().connections.len()
    }
}

/// Clones are the same world, and all others differ.
impl PartialEq for World {
    fn eq(&self, other: &World) -> bool {
        Arc::ptr_eq(&self.state, &other.state)
    }
}

impl Eq for World {}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("World")
            .field("seed", &state.choices.seed)
            .field("now", &Duration::from_nanos(state.now))
            .field("hosts", &state.hosts.len())
            .field("sockets", &state.sockets.len())
            .finish()
    }
}
