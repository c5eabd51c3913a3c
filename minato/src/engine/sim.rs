//! Events of a simulated host.
//!
//! A wait takes the host's events. When there are none, the world goes on to its next event, so
//! virtual time passes only while nobody has anything to do. Tasks that wake themselves all the
//! time do not stop the clock: after [`BUSY_TURNS`] turns in a row that must not wait and find
//! nothing, time passes all the same, as it does on a real machine.
//!
//! A *stepped* host belongs to a [`Simulation`](crate::sim::Simulation), which moves the clock. A
//! turn of it that must not wait never does: two movers of one clock would pass by each other's
//! deadlines.

use std::io;
use std::sync::OnceLock;
use std::thread::{self, ThreadId};
use std::time::Duration;

use minato_sim::Host;
use minato_sim::agenda::BUSY_TIME;
use minato_sim::outbox::Mailbox;

use super::{Event, Key, Readiness};
use crate::sim::{DEPUTIES, SimSocket};
use crate::sync::{Arc, AtomicBool, Ordering};

/// After this many turns in a row that find nothing and must not wait, time passes nevertheless.
const BUSY_TURNS: u32 = 100;

/// What the engine needs to know of its host.
pub(crate) struct SimHost {
    host: Host,
    stepped: Stepped,
    /// What is sent with the next turn, if sends are deferred.
    mailbox: Option<Arc<Mailbox<SimSocket>>>,
}

/// Who moves the clock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stepped {
    /// A simulation of several hosts.
    Simulation,
    /// The waits of the host itself.
    Waits,
    /// The same, and no thread but the one that waits may wake anything.
    OneThread,
}

impl SimHost {
    pub(super) fn new(host: Host, defers_sends: bool, stepped: Stepped) -> Arc<Self> {
        let mailbox = defers_sends.then(Arc::default);
        Arc::new(Self { host, stepped, mailbox })
    }

    /// Numbers the next task of the host.
    pub(crate) fn next_task(&self) -> u64 {
        self.host.next_task()
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    pub(super) fn is_closed(&self) -> bool {
        self.stepped == Stepped::OneThread
    }

    pub(crate) fn mailbox(&self) -> Option<&Arc<Mailbox<SimSocket>>> {
        self.mailbox.as_ref()
    }
}

/// The engine for one host.
pub(crate) struct SimDriver {
    host: Arc<SimHost>,
    unparked: AtomicBool,
    /// The thread that waits, where no other may wake anything.
    waits: OnceLock<ThreadId>,
}

/// The events of the last wait.
#[derive(Default)]
pub(crate) struct SimEvents {
    list: Vec<minato_sim::Event>,
    /// How many turns have found nothing since one found something or waited.
    busy_turns: u32,
}

impl SimDriver {
    pub(super) fn new(host: Arc<SimHost>) -> Self {
        Self { host, unparked: AtomicBool::new(false), waits: OnceLock::new() }
    }

    pub(super) fn host(&self) -> &Arc<SimHost> {
        &self.host
    }

    /// This thread is going to wait.
    pub(super) fn note_thread(&self) {
        if self.host.stepped != Stepped::Waits {
            self.waits.get_or_init(|| thread::current().id());
        }
    }

    pub(super) fn note_waker(&self) {
        let thread = thread::current();
        if self.waits.get().is_some_and(|waits| *waits != thread.id()) {
            let (name, host) = (thread.name().unwrap_or("without a name"), &self.host.host);
            host.world().note_escape(format!(
                "the thread '{name}' has woken a task of the simulated host {}, which knows no \
                 other thread: when that happens is nothing that a seed decides",
                host.name()
            ));
        }
    }

    pub(super) fn unpark(&self) -> io::Result<()> {
        self.unparked.store(true, Ordering::SeqCst);
        if self.host.stepped == Stepped::Simulation {
            self.host.host.notify();
        }
        Ok(())
    }

    /// Waits for events; `next_timer` returns how long it is until the reactor's next timer,
    /// which no time that passes by itself may overtake.
    pub(super) fn wait(
        &self,
        events: &mut SimEvents,
        timeout: Option<Duration>,
        next_timer: impl FnOnce() -> Option<Duration>,
    ) -> io::Result<()> {
        events.list.clear();
        if let Some(mailbox) = &self.host.mailbox {
            mailbox.send_all(&mut events.list);
        }
        self.host.host.take_events(&mut events.list);
        let unparked = self.unparked.swap(false, Ordering::SeqCst);
        if !events.list.is_empty() {
            events.busy_turns = 0;
            return Ok(());
        }
        let mut timeout = timeout;
        if unparked || timeout == Some(Duration::ZERO) {
            if self.host.stepped == Stepped::Simulation {
                return Ok(());
            }
            events.busy_turns += 1;
            if events.busy_turns < BUSY_TURNS {
                return Ok(());
            }
            timeout = Some(next_timer().map_or(BUSY_TIME, |timer| timer.min(BUSY_TIME)));
        }
        events.busy_turns = 0;
        let world = self.host.host.world();
        if let Some(escape) = world.escape() {
            return Err(io::Error::other(escape));
        }
        DEPUTIES.close_abandoned(world);
        // A timeout is counted by the host's own clock.
        let host = &self.host.host;
        let limit = timeout.map(|timeout| host.true_time(host.now().saturating_add(timeout)));
        if !world.advance(limit) && limit.is_none() {
            let mut text = "nothing can run in the simulated world, and no event is due".to_owned();
            if self.host.is_closed() {
                let sockets = world.netstat();
                text += ", and it waits for no other thread and no process; ";
                text += if sockets.is_empty() { "no socket is open" } else { "its sockets:\n" };
                text += &sockets;
            }
            return Err(io::Error::new(io::ErrorKind::Deadlock, text));
        }
        self.host.host.take_events(&mut events.list);
        Ok(())
    }
}

impl Drop for SimDriver {
    fn drop(&mut self) {
        DEPUTIES.close_all(&self.host.host);
    }
}

impl SimEvents {
    pub(super) fn has_events(&self) -> bool {
        !self.list.is_empty()
    }

    pub(super) fn for_each_event(&mut self, mut each: impl FnMut(Event)) {
        for event in &self.list {
            each(Event {
                key: Key::from_word(event.key as usize),
                readiness: readiness_of(event.readiness),
            });
        }
    }
}

/// The world's readiness in the library's words.
fn readiness_of(event: minato_sim::Readiness) -> Readiness {
    use minato_sim::Readiness as World;
    let bits = [
        (World::READABLE, Readiness::READABLE),
        (World::WRITABLE, Readiness::WRITABLE),
        (World::READ_CLOSED, Readiness::READ_CLOSED),
        (World::WRITE_CLOSED, Readiness::WRITE_CLOSED),
        (World::PRIORITY, Readiness::PRIORITY),
        (World::ERROR, Readiness::ERROR),
    ];
    let set = bits.into_iter().filter(|(world, _)| event.contains(*world));
    set.fold(Readiness::EMPTY, |all, (_, bit)| all | bit)
}
