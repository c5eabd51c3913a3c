//! Readiness from the operating system, through mio: epoll, kqueue and their like.
//!
//! A registration names a socket by its key and asks once, edge-triggered, for everything; nothing
//! is asked again until the socket is closed, but for room on a UDP socket that lacked it. The
//! kernel accepts registrations from any thread while another one waits, so this engine needs no
//! mailbox (contract, rule 7).

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::OnceLock;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};

use super::{Event, Foreign, Key, Readiness, Source};
use crate::os::{RawDescriptor, platform};

/// The token of the waker; no key has it, since no index is that large.
const UNPARK: Token = Token(usize::MAX);

/// What any thread may use.
pub(crate) struct MioDriver {
    registry: Registry,
    waker: mio::Waker,
    pub(super) events_per_wait: usize,
}

/// What the holder of the turn uses.
pub(crate) struct MioEvents {
    poll: Poll,
    events: Events,
}

/// Opens the system's event queue.
pub(super) fn start(events_per_wait: usize) -> io::Result<(MioDriver, MioEvents)> {
    let poll = Poll::new()?;
    let registry = poll.registry().try_clone()?;
    let waker = mio::Waker::new(&registry, UNPARK)?;
    let events = Events::with_capacity(events_per_wait);
    Ok((MioDriver { registry, waker, events_per_wait }, MioEvents { poll, events }))
}

/// The descriptor of `source`, and what is asked of it.
fn watched(source: &Source) -> io::Result<(RawDescriptor, Interest)> {
    match source {
        Source::Os(descriptor) | Source::Datagrams(descriptor) => {
            Ok((*descriptor, platform::INTEREST))
        }
        Source::Foreign(foreign) => Ok((foreign.descriptor(), interest_of(foreign.interest()))),
        Source::Sim(_) => Err(super::wrong_kind()),
    }
}

fn interest_of(asked: super::Interest) -> Interest {
    let read = asked.is_readable().then_some(Interest::READABLE);
    let write = asked.is_writable().then_some(Interest::WRITABLE);
    let urgent = if asked.is_priority() { platform::PRIORITY } else { None };
    let all = [read, write, urgent].into_iter().flatten();
    // Errors are reported to everybody who waits for anything.
    all.reduce(Interest::add).unwrap_or(Interest::READABLE)
}

/// Registers and deregisters, to find out whether that can be done. The event queue for this is
/// opened once, and is never waited for.
pub(super) fn probe(foreign: &Foreign) -> io::Result<()> {
    static QUEUE: OnceLock<Poll> = OnceLock::new();
    let queue = match QUEUE.get() {
        Some(queue) => queue,
        None => {
            let queue = Poll::new()?;
            QUEUE.get_or_init(|| queue)
        }
    };
    let (fd, interest) = (foreign.descriptor(), interest_of(foreign.interest()));
    match queue.registry().register(&mut SourceFd(&fd), UNPARK, interest) {
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
    /// Registers `source` under `key`. If this queue has a foreign descriptor already, a duplicate
    /// is registered instead.
    pub(super) fn register(&self, source: &Source, key: Key) -> io::Result<()> {
        let register = || {
            let (fd, mut interest) = watched(source)?;
            if let Source::Datagrams(_) = source {
                interest = interest.remove(Interest::WRITABLE).unwrap_or(interest);
            }
            self.registry.register(&mut SourceFd(&fd), Token(key.word()), interest)
        };
        match (register(), source) {
            (Err(error), Source::Foreign(foreign))
                if error.kind() == io::ErrorKind::AlreadyExists =>
            {
                foreign.duplicate()?;
                register()
            }
            (result, _) => result,
        }
    }

    pub(super) fn rearm(&self, source: &Source, key: Key) -> io::Result<()> {
        let (fd, interest) = watched(source)?;
        self.registry.reregister(&mut SourceFd(&fd), Token(key.word()), interest)
    }

    pub(super) fn deregister(&self, source: &Source) -> io::Result<()> {
        let (fd, _) = watched(source)?;
        self.registry.deregister(&mut SourceFd(&fd))
    }

    pub(super) fn unpark(&self) -> io::Result<()> {
        self.waker.wake()
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.registry.as_fd()
    }
}

impl MioEvents {
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
    let ready = bit(event.is_readable(), Readiness::READABLE)
        | bit(event.is_writable(), Readiness::WRITABLE);
    // Nearly every event says no more than that.
    if event.is_error() || event.is_priority() || event.is_read_closed() || event.is_write_closed()
    {
        return ready | rare_readiness_of(event);
    }
    ready
}

#[cold]
fn rare_readiness_of(event: &mio::event::Event) -> Readiness {
    bit(event.is_read_closed(), Readiness::READ_CLOSED)
        | bit(event.is_write_closed(), Readiness::WRITE_CLOSED)
        | bit(event.is_priority(), Readiness::PRIORITY)
        | bit(event.is_error(), Readiness::ERROR)
}

fn bit(is_set: bool, bit: Readiness) -> Readiness {
    if is_set { bit } else { Readiness::EMPTY }
}
