//! The life of a socket: made, bound to a reactor at its first wait, waited for, closed.
//!
//! Every public type of [`net`](super) is one of these with its own vocabulary.
//!
//! * **Made**: the kind is fixed (see [`Source`]); no reactor is told.
//! * **Used**: an operation is tried first. Only if it would block does the socket *bind*: to the
//!   reactor of its explicit handle, else of the core that this thread holds, else to the
//!   background reactor. It is registered there once.
//! * **Waited for**: the task's waker stands in the socket's [`Slot`]; the reactor wakes it.
//! * **Rebound**: when its reactor has ended, an operating-system socket without an explicit handle
//!   binds anew at its next wait; any other gives an error that says so.
//! * **Dropped**: its place in the reactor is given back, then the descriptor is closed. That ends
//!   the system's registration too, unless the descriptor was ever lent out and may have been
//!   duplicated: then the registration is ended first.

use std::io;
use std::mem;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::panic::Location;
use std::sync::{OnceLock, Weak};
use std::task::Context;

use crate::engine::{
    Address, Family, Interest, OptionName, OptionValue, Readiness, Source, Transport,
};
use crate::reactor::shared::ended_error;
use crate::reactor::{Handle, Shared, Slot, care};
use crate::runtime::context;
use crate::sync::{Arc, AtomicBool, Ordering};

/// A socket of either kind, and its place in a reactor.
pub(crate) struct Socket {
    source: Source,
    pub(super) transport: Transport,
    /// Whether the descriptor was ever lent out.
    lent: AtomicBool,
    origin: Origin,
    /// Where the program made it, for the error of a wait that has no reactor to go to.
    made_at: &'static Location<'static>,
    pub(super) slot: OnceLock<Arc<Slot>>,
}

/// What decides where a socket binds.
enum Origin {
    /// Wherever it first waits.
    Anywhere,
    /// The reactor it was given.
    Explicit(Arc<Shared>),
    /// The reactor that was current when it was made, which a simulated socket goes back to.
    Noted(Weak<Shared>),
}

impl Socket {
    /// Opens a socket where this thread is: on the simulated host of its runtime, or of the
    /// operating system.
    #[track_caller]
    pub(crate) fn open(
        handle: Option<&Handle>,
        family: Family,
        transport: Transport,
    ) -> io::Result<Self> {
        let host = match handle {
            Some(handle) => handle.shared().driver().host().cloned(),
            None => context::host(),
        };
        let source = Source::open(host.as_ref(), family, transport)?;
        Ok(Self::of(source, transport, handle))
    }

    /// Opens two Unix sockets that are connected to each other.
    #[track_caller]
    pub(crate) fn pair(transport: Transport) -> io::Result<(Self, Self)> {
        let (one, two) = Source::pair(context::host().as_ref(), transport)?;
        Ok((Self::of(one, transport, None), Self::of(two, transport, None)))
    }

    /// Takes over a descriptor from elsewhere, which must be a socket of `wanted`'s kind.
    #[track_caller]
    pub(crate) fn adopt(
        descriptor: OwnedFd,
        wanted: Transport,
        handle: Option<&Handle>,
    ) -> io::Result<Self> {
        let simulated = match handle {
            Some(handle) => handle.shared().driver().host().is_some(),
            None => context::host().is_some(),
        };
        if simulated {
            return Err(crate::engine::no_descriptor("from_std"));
        }
        let (source, transport) = Source::adopt(descriptor)?;
        if transport != wanted {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("the descriptor is a {transport:?} socket, not a {wanted:?} one"),
            ));
        }
        Ok(Self::of(source, transport, handle))
    }

    /// A socket around a source that is there already.
    #[track_caller]
    pub(crate) fn of(source: Source, transport: Transport, handle: Option<&Handle>) -> Self {
        let origin = match (handle, &source) {
            (Some(handle), _) => Origin::Explicit(handle.shared().clone()),
            (None, Source::Os(_) | Source::OsUdp(..) | Source::Foreign(_) | Source::Given) => {
                Origin::Anywhere
            }
            (None, Source::Sim(_)) => Origin::Noted(
                context::reactor().map_or_else(Weak::new, |reactor| Arc::downgrade(&reactor)),
            ),
        };
        // A foreign descriptor does not close with this socket, so nothing ends its registration.
        let lent = AtomicBool::new(matches!(source, Source::Foreign(_)));
        Self { source, transport, lent, origin, made_at: Location::caller(), slot: OnceLock::new() }
    }

    /// The same socket, as one that was made at `place`: for what makes it only when polled.
    pub(crate) fn made_at(mut self, place: &'static Location<'static>) -> Self {
        self.made_at = place;
        self
    }

    /// Where the program made it.
    pub(super) fn place(&self) -> &'static Location<'static> {
        self.made_at
    }

    /// The socket of a connection that this listener accepted.
    pub(crate) fn of_accepted(&self, source: Source) -> Self {
        let origin = match &self.origin {
            Origin::Anywhere => Origin::Anywhere,
            Origin::Explicit(reactor) => Origin::Explicit(reactor.clone()),
            Origin::Noted(reactor) => Origin::Noted(reactor.clone()),
        };
        Self {
            source,
            transport: self.transport,
            lent: AtomicBool::new(false),
            origin,
            made_at: self.made_at,
            slot: OnceLock::new(),
        }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn option(&self, name: OptionName) -> io::Result<OptionValue> {
        self.source().option(name)
    }

    pub(crate) fn set_option(&self, name: OptionName, value: OptionValue) -> io::Result<()> {
        self.source().set_option(name, value)
    }

    pub(crate) fn local_address(&self) -> io::Result<Address> {
        self.source().local_address()
    }

    pub(crate) fn peer_address(&self) -> io::Result<Address> {
        self.source().peer_address()
    }

    /// Lends the descriptor. From then on it may have duplicates, which keep its registration
    /// alive, so it is deregistered explicitly at the end.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.lent.store(true, Ordering::Relaxed);
        // The next verb reports an error of bytes sent earlier: this one cannot.
        self.source().flush_outbox();
        self.source().descriptor()
    }

    /// Gives the descriptor away, registered nowhere.
    pub(crate) fn into_descriptor(mut self) -> io::Result<OwnedFd> {
        self.source().settle()?;
        self.move_out(true);
        mem::replace(&mut self.source, Source::Given).into_descriptor()
    }

    fn move_out(&self, explicitly: bool) {
        if let Some(slot) = self.slot.get() {
            slot.move_out(&self.source, explicitly);
        }
    }

    /// Which bits of an event mean something for this kind of socket. A UDP socket has no ends
    /// that close: what epoll reports as such is a waiting error. A Unix datagram socket has a
    /// reading side that ends.
    fn meaningful(&self) -> Readiness {
        if let Source::Foreign(foreign) = self.source() {
            return foreign.interest().mask();
        }
        match self.transport {
            Transport::Udp => {
                Readiness::ALL.difference(Readiness::READ_CLOSED.union(Readiness::WRITE_CLOSED))
            }
            Transport::UnixDatagram => Readiness::ALL.difference(Readiness::WRITE_CLOSED),
            _ => Readiness::ALL,
        }
    }

    /// The slot, made now if there is none, with `assumed` taken for granted until something would
    /// block.
    pub(super) fn slot(&self, assumed: Readiness) -> &Arc<Slot> {
        self.slot.get_or_init(|| Arc::new(Slot::new(self.meaningful(), assumed)))
    }

    /// The reactor to bind to.
    fn reactor(&self) -> io::Result<Arc<Shared>> {
        match self.reactor_at_hand()? {
            Some(reactor) => Ok(reactor),
            None => care::outside(self.made_at),
        }
    }

    /// The reactor to bind to; `None` if that is the background reactor, which may need to be
    /// started.
    fn reactor_at_hand(&self) -> io::Result<Option<Arc<Shared>>> {
        let serves = |reactor: &Arc<Shared>| reactor.driver().serves(self.source());
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

    /// An operation of `interest` would block, on a socket that was never registered: registers it,
    /// not ready for `interest`, so that the next try waits for an event too.
    ///
    /// A try starts no thread. Where registering would need one, or fails, the socket stays as it
    /// is, and the next try asks the system again.
    #[cold]
    pub(super) fn register_blocked(&self, interest: Interest) {
        if self.source().has_kept() {
            return;
        }
        let Ok(Some(reactor)) = self.reactor_at_hand() else { return };
        let slot = self.slot(Readiness::ALL_OPEN.difference(interest.mask()));
        if slot.settle_in(self.source(), &reactor).is_err() {
            slot.assume(Readiness::ALL_OPEN);
        }
    }

    /// Binds the slot to a reactor, unless it is bound to one that lives.
    fn bind_slot(&self, slot: &Arc<Slot>) -> io::Result<Arc<Shared>> {
        if let Some(home) = slot.home() {
            return Ok(home);
        }
        let reactor = self.reactor()?;
        slot.settle_in(self.source(), &reactor)?;
        Ok(slot.home().unwrap_or(reactor))
    }

    /// After a waker was left in `slot`: makes sure that a reactor has it, and that somebody turns
    /// that reactor.
    #[inline(always)]
    pub(super) fn after_wait(&self, slot: &Arc<Slot>, cx: &Context<'_>) -> io::Result<()> {
        if context::will_turn(slot.home_address(), cx.waker()) {
            return Ok(());
        }
        self.after_first_or_foreign_wait(slot, cx)
    }

    #[cold]
    fn after_first_or_foreign_wait(&self, slot: &Arc<Slot>, cx: &Context<'_>) -> io::Result<()> {
        let looked_after =
            self.bind_slot(slot).and_then(|reactor| reactor.look_after(cx.waker(), self.made_at));
        // No reactor tells of what was kept before the socket was registered.
        self.tell_of_kept();
        // Nobody will tell when the socket is ready, so whatever comes next has to try.
        looked_after.inspect_err(|_| slot.assume(Readiness::ALL_OPEN))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.move_out(self.lent.load(Ordering::Relaxed));
    }
}
