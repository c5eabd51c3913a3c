//! A place in a reactor for something that can be waited for.
//!
//! * **Made**: no reactor knows of it.
//! * **Registered**: at the first wait, once, for everything. The reactor is that of the explicit
//!   handle, else of the core that this thread holds, else the background reactor.
//! * **Waited for**: wakers are left in the [`Slot`]; the reactor wakes them.
//! * **Registered again**: when its reactor has ended, a registration with the operating system and
//!   without an explicit handle goes to another reactor at its next wait. Any other returns an
//!   error that says so.
//! * **Dropped**: its place is given back, before the descriptor is closed. That closing ends the
//!   system's registration too, unless the descriptor was ever lent out and may have been
//!   duplicated: then the registration is ended by a call.

use std::io;
use std::panic::Location;
use std::sync::OnceLock;
use std::task::Context;

use crate::engine::{Interest, Readiness, SimHost, Source};
use crate::reactor::inner::ended_error;
use crate::reactor::{Handle, ReactorInner, Slot, Snapshot, fallback};
use crate::runtime::context;
use crate::spans::Span;
use crate::sync::plain::AtomicU8;
use crate::sync::{Arc, AtomicBool, Ordering, Weak};

/// What is registered, and where.
pub(crate) struct Registration {
    source: Source,
    /// The bits of an event that mean something for the source.
    meaningful: Readiness,
    origin: Origin,
    /// Where the program made it, for the error of a wait that has no reactor to go to.
    made_at: &'static Location<'static>,
    /// What is taken for granted before anything is known of it.
    assumed: AtomicU8,
    /// Whether the descriptor may outlive this, so that the registration must be ended by a call.
    lent: AtomicBool,
    slot: OnceLock<Arc<Slot>>,
    /// Lives as long as what is registered.
    span: Span,
}

/// What decides where it is registered.
#[derive(Clone)]
enum Origin {
    /// Wherever it first waits.
    Anywhere,
    /// The reactor it was given.
    Explicit(Arc<ReactorInner>),
    /// The reactor that was current when it was made, which a simulated socket goes back to.
    Noted(Weak<ReactorInner>),
}

/// The simulated host whose sockets are made with `handle`, or without one on this thread; `None`
/// if they are the operating system's.
pub(crate) fn host(handle: Option<&Handle>) -> Option<Arc<SimHost>> {
    match handle {
        Some(handle) => handle.inner().driver.host().cloned(),
        None => context::host(),
    }
}

impl Registration {
    #[track_caller]
    pub(crate) fn new(source: Source, meaningful: Readiness, handle: Option<&Handle>) -> Self {
        let origin = match (handle, &source) {
            (Some(handle), _) => Origin::Explicit(handle.inner().clone()),
            (None, Source::Os(_) | Source::Datagrams(_) | Source::Foreign(_)) => Origin::Anywhere,
            (None, Source::Sim(_)) => Origin::Noted(
                context::reactor().map_or_else(Weak::new, |reactor| Arc::downgrade(&reactor)),
            ),
        };
        // Somebody else closes a foreign descriptor.
        let lent = AtomicBool::new(matches!(source, Source::Foreign(_)));
        let assumed = AtomicU8::new(source.untold().bits());
        let (made_at, slot) = (Location::caller(), OnceLock::new());
        let span = Span::new_socket(made_at);
        Self { source, meaningful, origin, made_at, assumed, lent, slot, span }
    }

    /// That of a connection which this listener accepted. It is taken to be ready for both: often
    /// the client has sent something, and there is room to write.
    pub(super) fn for_accepted(&self, source: Source) -> Self {
        let origin = self.origin.clone();
        let assumed = AtomicU8::new(Readiness::ALL_OPEN.bits());
        let (lent, slot) = (AtomicBool::new(false), OnceLock::new());
        let Self { meaningful, made_at, .. } = *self;
        let span = Span::new_socket(made_at);
        Self { source, meaningful, origin, made_at, assumed, lent, slot, span }
    }

    /// Names the place in the program that made it, for what makes it only when polled.
    pub(super) fn set_place(&mut self, place: &'static Location<'static>) {
        self.made_at = place;
    }

    /// Where the program made it.
    pub(super) fn place(&self) -> &'static Location<'static> {
        self.made_at
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// From now on the descriptor may have duplicates, which keep the system's registration alive.
    pub(super) fn note_lent(&self) {
        self.lent.store(true, Ordering::Relaxed);
    }

    /// The slot, if anything ever waited.
    #[inline(always)]
    pub(super) fn slot(&self) -> Option<&Arc<Slot>> {
        self.slot.get()
    }

    /// The slot, made now if there is none, with `assumed` taken for granted until something would
    /// block.
    pub(super) fn slot_assuming(&self, assumed: Readiness) -> &Arc<Slot> {
        self.slot.get_or_init(|| Arc::new(Slot::new(self.meaningful, assumed)))
    }

    /// The slot, made now if there is none, for who wants to know of readiness and tries nothing.
    pub(super) fn slot_at_start(&self) -> &Arc<Slot> {
        self.slot_assuming(Readiness::from_bits(self.assumed.load(Ordering::Relaxed)))
    }

    /// Takes `readiness` for granted until something would block.
    pub(super) fn assume(&mut self, readiness: Readiness) {
        self.assumed = AtomicU8::new(readiness.bits());
    }

    /// Something would block before anything else was known.
    #[cold]
    pub(super) fn assume_without(&self, bits: Readiness) {
        self.assumed.fetch_and(!bits.bits(), Ordering::Relaxed);
    }

    /// Whether a reactor tells of its readiness.
    pub(super) fn is_registered(&self) -> bool {
        self.slot().is_some_and(|slot| slot.is_registered())
    }

    /// Whether to try what no reactor tells of: always what is ours. Of a foreign descriptor the
    /// system is asked, since a try may say too much: a read of a FIFO before its first writer
    /// finds the end.
    #[cold]
    pub(super) fn may_be_ready(&self, mask: Readiness) -> bool {
        match &self.source {
            Source::Foreign(foreign) => foreign.may_be_ready(mask),
            _ => true,
        }
    }

    /// A snapshot of the readiness; `None` if nothing ever waited, so that nothing is known.
    #[inline(always)]
    pub(crate) fn snapshot(&self) -> Option<Snapshot> {
        self.slot().map(|slot| slot.snapshot())
    }

    /// The bits that an operation waited for with `interest` clears when it would block. The ends
    /// of a socket are final. Those of a foreign descriptor may pass: a FIFO is opened again, or a
    /// socket connects that was waited for before.
    pub(super) fn cleared_by_would_block(&self, interest: Interest) -> Readiness {
        let bits = interest.cleared_by_would_block();
        match self.source {
            Source::Foreign(_) => bits.union(interest.mask()),
            _ => bits,
        }
    }

    /// The reactor to register with.
    fn reactor(&self) -> io::Result<Arc<ReactorInner>> {
        match self.reactor_at_hand()? {
            Some(reactor) => Ok(reactor),
            None => fallback::reactor_at(self.made_at),
        }
    }

    /// The reactor to register with; `None` if that is the background reactor, which may need to be
    /// started.
    fn reactor_at_hand(&self) -> io::Result<Option<Arc<ReactorInner>>> {
        let serves = |reactor: &Arc<ReactorInner>| reactor.driver.serves(&self.source);
        match &self.origin {
            Origin::Explicit(reactor) if reactor.has_ended() => Err(ended_error()),
            Origin::Explicit(reactor) => Ok(Some(reactor.clone())),
            Origin::Noted(reactor) => match reactor.upgrade().filter(|r| !r.has_ended()) {
                Some(reactor) => Ok(Some(reactor)),
                None => context::reactor().filter(serves).ok_or_else(ended_error).map(Some),
            },
            Origin::Anywhere => Ok(context::reactor().filter(|r| serves(r) && !r.has_ended())),
        }
    }

    /// Registers with a reactor, unless it is registered with one that lives.
    fn register(&self, slot: &Arc<Slot>) -> io::Result<Arc<ReactorInner>> {
        if let Some(reactor) = slot.reactor() {
            return Ok(reactor);
        }
        let reactor = self.reactor()?;
        slot.register(&self.source, &reactor)?;
        self.span.note(&self.source);
        Ok(slot.reactor().unwrap_or(reactor))
    }

    /// An operation of `interest` would block, and nothing ever waited: registers, not ready for
    /// `interest`, so that the next try waits for an event too.
    ///
    /// A try starts no thread. Where registering would need one, or fails, nothing changes, and the
    /// next try asks the system again.
    #[cold]
    pub(super) fn register_blocked(&self, interest: Interest) {
        let Ok(Some(reactor)) = self.reactor_at_hand() else { return };
        let slot = self.slot_assuming(Readiness::ALL_OPEN.difference(interest.mask()));
        match slot.register(&self.source, &reactor) {
            Ok(()) => self.span.note(&self.source),
            Err(_) => slot.assume(Readiness::ALL_OPEN),
        }
    }

    /// After a waker was left in `slot`: whether a reactor is sure to have it and to be turned. The
    /// other cases are for [`register_and_watch`](Self::register_and_watch).
    #[inline(always)]
    pub(super) fn is_served(&self, slot: &Arc<Slot>, cx: &Context<'_>) -> bool {
        context::will_turn(slot.reactor_address(), cx.waker())
    }

    /// After a waker was left in `slot`: registers if need be, and makes sure that something turns
    /// the reactor.
    #[cold]
    pub(super) fn register_and_watch(&self, slot: &Arc<Slot>, cx: &Context<'_>) -> io::Result<()> {
        let watched =
            self.register(slot).and_then(|reactor| reactor.ensure_turned(cx.waker(), self.made_at));
        // No event will come, so the next operation has to try.
        watched.inspect_err(|_| slot.assume(Readiness::ALL_OPEN))
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(slot) = self.slot() {
            slot.deregister(&self.source, self.lent.load(Ordering::Relaxed));
        }
    }
}
