//! Engines: what a reactor or runtime waits with.
//!
//! | engine | waits for |
//! |---|---|
//! | [`Engine::mio`], the default | sockets of the operating system: epoll, kqueue |
//! | [`Engine::sim`] | sockets of a simulated host; a seed decides every event |
//!
//! An engine is a value: [`runtime::Builder::engine`](crate::runtime::Builder::engine) and
//! [`Reactor::with_engine`](crate::reactor::Reactor::with_engine) take one. Sockets that are made
//! in a runtime are of its engine's kind, and the code that uses them is the same.
//!
//! [`Readiness`] is what a socket can do now, [`Interest`] what a caller waits for.

mod contract;
mod foreign;
mod key;
mod mio;
mod readiness;
mod sim;
mod source;

pub(crate) use self::foreign::Foreign;
pub(crate) use self::key::Key;
pub(crate) use self::readiness::Direction;
pub use self::readiness::{Interest, Readiness};
pub(crate) use self::sim::SimHost;
use self::sim::Stepped;
pub(crate) use self::source::Source;

use std::fmt;
use std::io;
use std::time::Duration;

use crate::sync::Arc;

/// How many events one wait reports at most, unless told otherwise; the rest come with the next one
/// (rule 5).
pub(crate) const EVENTS_PER_WAIT: usize = 1024;

/// Which engine a reactor or runtime uses, given to a builder.
///
/// ```
/// use minato::engine::Engine;
///
/// let real = Engine::mio();
/// let world = minato::sim::World::new(7);
/// let simulated = Engine::sim(world.host("server"));
/// assert!(!real.is_simulated());
/// assert!(simulated.is_simulated());
/// ```
#[derive(Clone)]
pub struct Engine(Choice);

#[derive(Clone)]
enum Choice {
    /// With as many events in a wait.
    Mio(usize),
    Sim(Arc<SimHost>),
}

impl Engine {
    /// The portable readiness engine of the operating system's sockets: the default.
    pub fn mio() -> Self {
        Self(Choice::Mio(EVENTS_PER_WAIT))
    }

    /// The deterministic simulated network, as seen from one of its hosts.
    pub fn sim(host: minato_sim::Host) -> Self {
        Self(Choice::Sim(SimHost::new(host, false, Stepped::Waits)))
    }

    /// The same for a program that knows nothing of simulations: whatever runtime it builds is
    /// stepped by one thread, and that another thread wakes a task is an error.
    #[doc(hidden)]
    pub fn closed_sim(host: minato_sim::Host) -> Self {
        Self(Choice::Sim(SimHost::new(host, false, Stepped::OneThread)))
    }

    /// The same engine, but its streams keep sent bytes back until their reactor's next turn, as a
    /// ring would. What a program can observe stays the same; tests use it to show that.
    #[doc(hidden)]
    #[must_use]
    pub fn deferring_sends(self) -> Self {
        match self.0 {
            Choice::Mio(_) => self,
            Choice::Sim(host) => {
                Self(Choice::Sim(SimHost::new(host.host().clone(), true, Stepped::Waits)))
            }
        }
    }

    /// The simulated network for a host whose clock a simulation moves.
    pub(crate) fn stepped(host: minato_sim::Host, defers_sends: bool) -> Self {
        Self(Choice::Sim(SimHost::new(host, defers_sends, Stepped::Simulation)))
    }

    /// The same engine with as many events in a wait, which means nothing to a simulated one.
    pub(crate) fn with_events_per_wait(mut self, count: usize) -> Self {
        if let Choice::Mio(events) = &mut self.0 {
            *events = count;
        }
        self
    }

    /// Whether sockets made under this engine are simulated.
    pub fn is_simulated(&self) -> bool {
        matches!(self.0, Choice::Sim(_))
    }

    /// Whether it is that of a program that knows nothing of simulations.
    pub(crate) fn is_closed(&self) -> bool {
        self.host().is_some_and(|host| host.is_closed())
    }

    /// The simulated host, if there is one.
    pub(crate) fn host(&self) -> Option<&Arc<SimHost>> {
        match &self.0 {
            Choice::Mio(_) => None,
            Choice::Sim(host) => Some(host),
        }
    }

    /// Starts the engine: one driver for one reactor.
    pub(crate) fn start(&self) -> io::Result<(Driver, Events)> {
        match &self.0 {
            Choice::Mio(events) => {
                let (driver, events) = mio::start(*events)?;
                Ok((Driver::Mio(driver), Events::Mio(events)))
            }
            Choice::Sim(host) => {
                let driver = sim::SimDriver::new(host.clone());
                Ok((Driver::Sim(driver), Events::Sim(sim::SimEvents::default())))
            }
        }
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::mio()
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Choice::Mio(_) => f.write_str("Engine(mio)"),
            Choice::Sim(host) => write!(f, "Engine(sim, host {})", host.host().name()),
        }
    }
}

/// What became possible for the socket of one key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) key: Key,
    pub(crate) readiness: Readiness,
}

/// The half of a running engine that every thread may use (rule 7).
pub(crate) enum Driver {
    Mio(mio::MioDriver),
    Sim(sim::SimDriver),
}

/// The half of a running engine that only the holder of the turn uses.
pub(crate) enum Events {
    Mio(mio::MioEvents),
    Sim(sim::SimEvents),
}

impl Driver {
    /// Registers `source`, edge-triggered, under `key`: both directions, but what is
    /// [untold](Source::untold) only with a rearm.
    pub(crate) fn register(&self, source: &Source, key: Key) -> io::Result<()> {
        match (self, source) {
            (Self::Mio(driver), source) => driver.register(source, key),
            (Self::Sim(_), Source::Sim(socket)) => socket.register(key.word() as u64),
            _ => Err(wrong_kind()),
        }
    }

    /// Asks for the current readiness of a registered socket to be reported again.
    pub(crate) fn rearm(&self, source: &Source, key: Key) -> io::Result<()> {
        match (self, source) {
            (Self::Mio(driver), source) => driver.rearm(source, key),
            (Self::Sim(_), Source::Sim(socket)) => socket.rearm(),
            _ => Err(wrong_kind()),
        }
    }

    /// Ends a registration.
    pub(crate) fn deregister(&self, source: &Source) -> io::Result<()> {
        match (self, source) {
            (Self::Mio(driver), source) => driver.deregister(source),
            (Self::Sim(_), Source::Sim(socket)) => socket.deregister(),
            _ => Err(wrong_kind()),
        }
    }

    /// This thread is the one that is going to wait, for as long as the engine lives.
    pub(crate) fn note_thread(&self) {
        if let Self::Sim(driver) = self {
            driver.note_thread();
        }
    }

    /// This thread has something for the one that waits.
    #[inline]
    pub(crate) fn note_waker(&self) {
        if let Self::Sim(driver) = self {
            driver.note_waker();
        }
    }

    /// How many events one wait reports at most.
    pub(crate) fn events_per_wait(&self) -> usize {
        match self {
            Self::Mio(driver) => driver.events_per_wait,
            Self::Sim(_) => usize::MAX,
        }
    }

    /// Makes a running or the next [`wait`](Self::wait) return at once.
    pub(crate) fn unpark(&self) -> io::Result<()> {
        match self {
            Self::Mio(driver) => driver.unpark(),
            Self::Sim(driver) => driver.unpark(),
        }
    }

    /// Waits up to `timeout` (`None`: until something happens) and leaves in `events` what
    /// happened. `next_timer` tells the simulated engine how far its clock may go by itself.
    pub(crate) fn wait(
        &self,
        events: &mut Events,
        timeout: Option<Duration>,
        next_timer: impl FnOnce() -> Option<Duration>,
    ) -> io::Result<()> {
        match (self, events) {
            (Self::Mio(_), Events::Mio(events)) => events.wait(timeout),
            (Self::Sim(driver), Events::Sim(events)) => driver.wait(events, timeout, next_timer),
            _ => Err(wrong_kind()),
        }
    }

    /// The simulated host whose sockets this driver serves.
    pub(crate) fn host(&self) -> Option<&Arc<SimHost>> {
        match self {
            Self::Mio(_) => None,
            Self::Sim(driver) => Some(driver.host()),
        }
    }

    /// The descriptor that becomes readable when a wait would report something; the simulated
    /// engine has none and lends one that never does.
    pub(crate) fn descriptor(&self) -> std::os::fd::BorrowedFd<'_> {
        match self {
            Self::Mio(driver) => driver.descriptor(),
            Self::Sim(_) => crate::os::placeholder(),
        }
    }

    /// Whether sockets of `source`'s kind are served by this engine.
    pub(crate) fn serves(&self, source: &Source) -> bool {
        match (self, source) {
            (Self::Mio(_), Source::Os(_) | Source::Datagrams(_) | Source::Foreign(_)) => true,
            (Self::Sim(driver), Source::Sim(socket)) => {
                socket.host_number() == driver.host().host().number()
            }
            _ => false,
        }
    }
}

impl Events {
    /// Whether the last wait ended with any event.
    pub(crate) fn has_events(&self) -> bool {
        match self {
            Self::Mio(events) => events.has_events(),
            Self::Sim(events) => events.has_events(),
        }
    }

    /// Hands out what the last wait left.
    pub(crate) fn for_each_event(&mut self, each: impl FnMut(Event)) {
        match self {
            Self::Mio(events) => events.for_each_event(each),
            Self::Sim(events) => events.for_each_event(each),
        }
    }
}

fn wrong_kind() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "this reactor's engine does not serve sockets of that kind",
    )
}
