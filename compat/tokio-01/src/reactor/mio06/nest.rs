//! A `Poll` of mio 0.6 within a reactor.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use minato::engine::Interest;
use minato::net::AsyncFd;
use mio::unix::UnixReady;
use mio::{Events, PollOpt, Ready, Token};

use crate::bridge::Tasks;

/// How many events one look into the nest takes out.
const EVENTS: usize = 256;

/// Where a reactor's nest is, for as long as there are sources in it.
#[derive(Default)]
pub(crate) struct Nest {
    /// The reactor, unless the first wait is to find one.
    reactor: Option<minato::reactor::Handle>,
    present: Mutex<Weak<Inside>>,
}

impl Nest {
    pub(crate) const fn new(reactor: Option<minato::reactor::Handle>) -> Self {
        Self { reactor, present: Mutex::new(Weak::new()) }
    }

    /// That of the default handle.
    pub(crate) fn of_default() -> &'static Self {
        static DEFAULT: Nest = Nest::new(None);
        &DEFAULT
    }

    /// The inside, made now if there is none.
    pub(super) fn inside(&self) -> io::Result<Arc<Inside>> {
        let mut present = lock(&self.present);
        if let Some(inside) = present.upgrade() {
            return Ok(inside);
        }
        let inside = Inside::new(self.reactor.as_ref())?;
        *present = Arc::downgrade(&inside);
        Ok(inside)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One source: what is known of its readiness, and who waits.
#[derive(Default)]
pub(super) struct Source {
    readiness: AtomicUsize,
    readers: Tasks,
    writers: Tasks,
}

/// A direction in which a source is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Read,
    Write,
}

impl Direction {
    /// The bit that operations in this direction wait for.
    pub(super) fn usual(self) -> Ready {
        match self {
            Self::Read => Ready::readable(),
            Self::Write => Ready::writable(),
        }
    }

    /// The bits that concern it. A hang-up concerns both.
    fn mask(self) -> Ready {
        match self {
            Self::Read => Ready::all() - Ready::writable(),
            Self::Write => Ready::writable() | hup(),
        }
    }
}

/// The other end is gone, for good.
pub(super) fn hup() -> Ready {
    UnixReady::hup().into()
}

impl Source {
    /// Takes the readiness of `direction` out; a hang-up stays.
    pub(super) fn take(&self, direction: Direction) -> Option<Ready> {
        let mask = direction.mask();
        let taken = (mask - hup()).as_usize();
        let before = Ready::from_usize(self.readiness.fetch_and(!taken, Ordering::SeqCst));
        let ready = before & mask;
        (!ready.is_empty()).then_some(ready)
    }

    /// Keeps the current task for the next event.
    pub(super) fn wait(&self, direction: Direction) {
        match direction {
            Direction::Read => self.readers.add_current(),
            Direction::Write => self.writers.add_current(),
        }
    }

    pub(super) fn notify(&self, ready: Ready) {
        if !(ready & Direction::Read.mask()).is_empty() {
            self.readers.notify();
        }
        if !(ready & Direction::Write.mask()).is_empty() {
            self.writers.notify();
        }
    }
}

/// The nest itself.
pub(super) struct Inside {
    poll: AsyncFd<Descriptor>,
    events: Mutex<Events>,
    sources: Mutex<HashMap<usize, Arc<Source>>>,
    next_token: AtomicUsize,
    /// How often [`turn`](Self::turn) was asked for since it last was done.
    asked: AtomicUsize,
    /// Why the reactor does not serve it, if so.
    failure: Mutex<Option<io::Error>>,
    waker: Waker,
}

struct Descriptor(mio::Poll);

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: a `Poll` owns its descriptor, and keeps it open until it is dropped.
        unsafe { BorrowedFd::borrow_raw(self.0.as_raw_fd()) }
    }
}

impl Inside {
    fn new(reactor: Option<&minato::reactor::Handle>) -> io::Result<Arc<Self>> {
        let poll = Descriptor(mio::Poll::new()?);
        let poll = match reactor {
            Some(reactor) => AsyncFd::with_interest_on(reactor, poll, Interest::READABLE)?,
            None => AsyncFd::from_owner_with_interest(poll, Interest::READABLE)?,
        };
        Ok(Arc::new_cyclic(|inside| Self {
            poll,
            events: Mutex::new(Events::with_capacity(EVENTS)),
            sources: Mutex::default(),
            next_token: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
            failure: Mutex::default(),
            waker: Waker::from(Arc::new(Turner(inside.clone()))),
        }))
    }

    pub(super) fn poll(&self) -> &mio::Poll {
        &self.poll.get_ref().0
    }

    /// Registers a source, for all events.
    pub(super) fn add<E: mio::Evented + ?Sized>(&self, io: &E) -> io::Result<(Token, Arc<Source>)> {
        let token = Token(self.next_token.fetch_add(1, Ordering::Relaxed));
        let source = Arc::new(Source::default());
        lock(&self.sources).insert(token.0, source.clone());
        match io.register(self.poll(), token, Ready::all(), PollOpt::edge()) {
            Ok(()) => Ok((token, source)),
            Err(error) => {
                self.remove(token);
                Err(error)
            }
        }
    }

    pub(super) fn remove(&self, token: Token) {
        let removed = lock(&self.sources).remove(&token.0);
        drop(removed);
    }

    /// Sees to it that the reactor tells of events that are still to come, and delivers those that
    /// are there.
    ///
    /// One thread does that at a time. Whoever asks meanwhile, and be it the reactor from within,
    /// has it done once more.
    pub(super) fn turn(&self) {
        if self.asked.fetch_add(1, Ordering::SeqCst) > 0 {
            return;
        }
        loop {
            let asked = self.asked.load(Ordering::SeqCst);
            let failure = self.look().err();
            let failed = failure.is_some();
            *lock(&self.failure) = failure;
            if failed {
                self.notify_all();
            }
            if self.asked.fetch_sub(asked, Ordering::SeqCst) == asked {
                return;
            }
        }
    }

    /// The error with which the last turn failed, if it did.
    pub(super) fn check(&self) -> io::Result<()> {
        match &*lock(&self.failure) {
            Some(error) => Err(io::Error::new(error.kind(), error.to_string())),
            None => Ok(()),
        }
    }

    fn look(&self) -> io::Result<()> {
        loop {
            match self.poll.poll_read_ready(&mut Context::from_waker(&self.waker)) {
                Poll::Pending => return Ok(()),
                Poll::Ready(guard) => guard?.clear_ready(),
            }
            // What comes from now on makes the descriptor ready anew.
            while self.deliver()? {}
        }
    }

    /// Delivers some of the events that are there; says whether there may be more.
    fn deliver(&self) -> io::Result<bool> {
        let mut events = lock(&self.events);
        let count = self.poll().poll(&mut events, Some(Duration::ZERO))?;
        let mut delivered = Vec::with_capacity(count);
        {
            let sources = lock(&self.sources);
            for event in events.iter() {
                if let Some(source) = sources.get(&event.token().0) {
                    let ready = event.readiness();
                    source.readiness.fetch_or(ready.as_usize(), Ordering::SeqCst);
                    delivered.push((source.clone(), ready));
                }
            }
        }
        drop(events);
        for (source, ready) in delivered {
            source.notify(ready);
        }
        Ok(count > 0)
    }

    fn notify_all(&self) {
        let all: Vec<_> = lock(&self.sources).values().cloned().collect();
        all.iter().for_each(|source| source.notify(Ready::all()));
    }
}

/// Turns the nest when the reactor wakes it.
struct Turner(Weak<Inside>);

impl Wake for Turner {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(inside) = self.0.upgrade() {
            inside.turn();
        }
    }
}
