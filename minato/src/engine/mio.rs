//! Readiness from the operating system, through mio: epoll, kqueue and their like.
//!
//! A registration names a socket by its key and asks once, edge-triggered, for everything; nothing
//! is asked again until the socket is closed. The kernel accepts registrations from any thread
//! while another one waits, so this engine needs no mailbox (contract, rule 7).

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::OnceLock;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};
use socket2::Socket;

use super::{EVENTS_PER_WAIT, Event, Foreign, Key, Readiness};
use crate::os::platform;

/// The token of the waker; no key has it, since no index is that large.
const UNPARK: Token = Token(usize::MAX);

/// What any thread may use.
pub(crate) struct MioDriver {
    registry: Registry,
    waker: mio::Waker,
}

/// What the holder of the turn uses.
pub(crate) struct MioWaiter {
    poll: Poll,
    events: Events,
}

/// Opens the system's event queue.
pub(super) fn start() -> io::Result<(MioDriver, MioWaiter)> {
    let poll = Poll::new()?;
    let registry = poll.registry().try_clone()?;
    let waker = mio::Waker::new(&registry, UNPARK)?;
    let events = Events::with_capacity(EVENTS_PER_WAIT);
    Ok((MioDriver { registry, waker }, MioWaiter { poll, events }))
}

/// What can be registered.
pub(super) trait Watched {
    fn descriptor(&self) -> RawFd;
    fn interest(&self) -> Interest;
}

impl Watched for Socket {
    fn descriptor(&self) -> RawFd {
        self.as_raw_fd()
    }

    fn interest(&self) -> Interest {
        platform::INTEREST
    }
}

impl Watched for Foreign {
    fn descriptor(&self) -> RawFd {
        Foreign::descriptor(self)
    }

    fn interest(&self) -> Interest {
        let asked = Foreign::interest(self);
        let read = asked.is_readable().then_some(Interest::READABLE);
        let write = asked.is_writable().then_some(Interest::WRITABLE);
        let urgent = if asked.is_priority() { platform::PRIORITY } else { None };
        let all = [read, write, urgent].into_iter().flatten();
        // Errors are reported to whoever waits for anything.
        all.reduce(Interest::add).unwrap_or(Interest::READABLE)
    }
}

/// Registers and deregisters, to find out whether that can be done. The event queue for this is
/// opened once; nobody waits for it.
pub(super) fn probe(watched: &impl Watched) -> io::Result<()> {
    static QUEUE: OnceLock<Poll> = OnceLock::new();
    let queue = match QUEUE.get() {
        Some(queue) => queue,
        None => {
            let queue = Poll::new()?;
            QUEUE.get_or_init(|| queue)
        }
    };
    let fd = watched.descriptor();
    match queue.registry().register(&mut SourceFd(&fd), UNPARK, watched.interest()) {
        Ok(()) => {
            // Fails only if somebody else who tries it has done that already.
            _ = queue.registry().deregister(&mut SourceFd(&fd));
            Ok(())
        }
        // Another thread tries the same descriptor at this moment.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        refused => refused,
    }
}

impl MioDriver {
    /// Registers a descriptor of somebody else's. If this queue has it already, a duplicate is
    /// registered instead.
    pub(super) fn register_foreign(&self, foreign: &Foreign, key: Key) -> io::Result<()> {
        match self.register(foreign, key) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                foreign.duplicate()?;
                self.register(foreign, key)
            }
            result => result,
        }
    }

    pub(super) fn register(&self, watched: &impl Watched, key: Key) -> io::Result<()> {
        let fd = watched.descriptor();
        self.registry.register(&mut SourceFd(&fd), Token(key.word()), watched.interest())
    }

    pub(super) fn rearm(&self, watched: &impl Watched, key: Key) -> io::Result<()> {
        let fd = watched.descriptor();
        self.registry.reregister(&mut SourceFd(&fd), Token(key.word()), watched.interest())
    }

    pub(super) fn deregister(&self, watched: &impl Watched) -> io::Result<()> {
        self.registry.deregister(&mut SourceFd(&watched.descriptor()))
    }

    pub(super) fn unpark(&self) -> io::Result<()> {
        self.waker.wake()
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.registry.as_fd()
    }
}

impl MioWaiter {
    pub(super) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        match self.poll.poll(&mut self.events, timeout) {
            // A signal ends the wait early; that is a wait without events.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                self.events.clear();
                Ok(())
            }
            result => result,
        }
    }

    pub(super) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    pub(super) fn for_each_event(&mut self, mut each: impl FnMut(Event)) {
        for event in &self.events {
            if event.token() != UNPARK {
                let key = Key::from_word(event.token().0);
                each(Event { key, readiness: readiness_of(event) });
            }
        }
    }
}

fn readiness_of(event: &mio::event::Event) -> Readiness {
    let bit = |is: bool, bit: Readiness| if is { bit } else { Readiness::EMPTY };
    bit(event.is_readable(), Readiness::READABLE)
        | bit(event.is_writable(), Readiness::WRITABLE)
        | bit(event.is_read_closed(), Readiness::READ_CLOSED)
        | bit(event.is_write_closed(), Readiness::WRITE_CLOSED)
        | bit(event.is_priority(), Readiness::PRIORITY)
        | bit(event.is_error(), Readiness::ERROR)
}
