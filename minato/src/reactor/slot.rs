//! One registered socket as its reactor and its waiting tasks see it.
//!
//! A slot is made at a socket's first wait and lives as long as the socket. Its readiness word is
//! written by the reactor and read by every operation; its waiters are left by tasks and taken by
//! the reactor. It can be registered with another reactor once its own has ended.

use std::io;
use std::task::Waker;

use super::inner::ReactorInner;
use super::readiness::{ReadinessWord, Snapshot};
use super::waiters::{EntryId, Waiters};
use crate::engine::{Direction, Key, Readiness, Source};
use crate::os::{Address, RawDescriptor, Transport};
use crate::panics::contain;
use crate::sync::{Arc, AtomicUsize, Mutex, MutexGuard, Ordering};
use crate::task::ParkedTask;

/// A registered socket, or one that is about to be.
pub(crate) struct Slot {
    word: ReadinessWord,
    /// The bits that mean something for this kind of socket.
    meaningful: Readiness,
    /// The first task of ours that waits for reading, and that for writing.
    parked: [ParkedTask; 2],
    /// Everybody else who waits.
    waiters: Mutex<Waiters>,
    registered: Mutex<Option<Registered>>,
    /// The address of the reactor it is registered with, or [`NO_REACTOR`]. It tells without a lock
    /// whether this thread turns that reactor.
    reactor_address: AtomicUsize,
}

/// No reactor. Not 0: that is what a thread without a core has.
const NO_REACTOR: usize = usize::MAX;

struct Registered {
    reactor: Arc<ReactorInner>,
    key: Key,
    /// What is registered, for those who look. It is closed only after this is gone.
    shown: Source,
}

/// A registered socket as those see it who look.
pub(crate) struct SlotView {
    /// The number of its descriptor.
    pub(crate) number: Option<RawDescriptor>,
    pub(crate) transport: Transport,
    pub(crate) local: Option<Address>,
    pub(crate) peer: Option<Address>,
    /// Who waits: the data of each waker, and for what it does.
    pub(crate) waiters: Vec<(usize, Readiness)>,
}

impl Slot {
    /// A slot that is not registered, in which `assumed` holds until something would block.
    pub(crate) fn new(meaningful: Readiness, assumed: Readiness) -> Self {
        Self {
            word: ReadinessWord::new(assumed),
            meaningful,
            parked: Default::default(),
            waiters: Mutex::default(),
            registered: Mutex::default(),
            reactor_address: AtomicUsize::new(NO_REACTOR),
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.word.snapshot()
    }

    /// Clears `bits`, unless an event of `direction` has come since `snapshot`.
    #[inline(always)]
    pub(crate) fn clear(&self, direction: Direction, snapshot: Snapshot, bits: Readiness) -> bool {
        self.word.clear(direction, snapshot, bits)
    }

    /// An operation after `snapshot` has left nothing to do in `direction`. Where that is the rule,
    /// a note costs less than a clearing.
    #[inline(always)]
    pub(crate) fn used_up(&self, direction: Direction, snapshot: Snapshot) {
        match direction {
            Direction::Read => self.word.empty(snapshot),
            Direction::Write => {
                self.word.clear(direction, snapshot, direction.cleared_by_would_block());
            }
        }
    }

    /// Takes `bits` for granted until something would block: there is no reactor to tell.
    pub(crate) fn assume(&self, bits: Readiness) {
        self.word.set(bits);
    }

    /// Takes in what no reactor reports, and wakes everybody concerned.
    #[cold]
    pub(crate) fn report(&self, bits: Readiness) {
        let mut wakers = Vec::new();
        self.event(bits, &mut wakers);
        for waker in wakers {
            // As in `wait_poll_in_list`.
            _ = contain(|| waker.wake());
        }
    }

    /// Takes in an event; the wakers of everybody concerned go into `wakers`.
    #[inline(always)]
    pub(crate) fn event(&self, event: Readiness, wakers: &mut Vec<Waker>) {
        let event = event.intersection(self.meaningful);
        // The word first: a task that leaves its waker after we took the others looks at it again.
        let listed = self.word.set(event);
        self.take_parked(event, wakers);
        if listed {
            self.take_listed(event, wakers);
        }
    }

    #[inline]
    fn take_parked(&self, event: Readiness, wakers: &mut Vec<Waker>) {
        for direction in [Direction::Read, Direction::Write] {
            if event.intersects(direction.mask())
                && let Some(waker) = self.parked[direction as usize].take()
            {
                wakers.push(waker);
            }
        }
    }

    #[cold]
    fn take_listed(&self, event: Readiness, wakers: &mut Vec<Waker>) {
        let mut waiters = self.waiters.lock();
        waiters.take(event, wakers);
        if waiters.is_empty() {
            self.word.unlist();
        }
    }

    /// The list of all waiters but the parked tasks, for one that joins it.
    fn join_waiters(&self) -> MutexGuard<'_, Waiters> {
        let waiters = self.waiters.lock();
        self.word.list();
        waiters
    }

    /// Leaves a poll's waker. Afterwards the caller looks at the word once more.
    #[inline(always)]
    pub(crate) fn wait_poll(&self, direction: Direction, waker: &Waker) {
        if !self.parked[direction as usize].park(waker) {
            self.wait_poll_in_list(direction, waker);
        }
    }

    #[cold]
    fn wait_poll_in_list(&self, direction: Direction, waker: &Waker) {
        // Wakers are cloned, woken and dropped with the list free again: that is foreign code.
        let waker = waker.clone();
        let free = self.join_waiters().add_poll(direction, waker);
        let Some(woken) = free.woken else { return };
        drop(free.dropped);
        if free.is_probe {
            let probe = woken.clone();
            let before = self.waiters.lock().set_probe(direction, probe);
            drop(before);
        }
        // It is somebody else's waker, whose panic must not keep the caller from its result.
        _ = contain(|| woken.wake());
    }

    /// Leaves the waker of the only poll of a direction.
    pub(crate) fn wait_last_poll(&self, direction: Direction, waker: &Waker) {
        let waker = waker.clone();
        let before = self.join_waiters().set_last_poll(direction, waker);
        drop(before);
    }

    /// Leaves a future's waker in its entry.
    pub(crate) fn wait_entry(
        &self,
        id: Option<EntryId>,
        wants: Readiness,
        waker: &Waker,
    ) -> EntryId {
        let waker = waker.clone();
        let (id, before) = self.join_waiters().set_entry(id, wants, waker);
        drop(before);
        id
    }

    /// Takes a future's entry out.
    pub(crate) fn leave(&self, id: EntryId) {
        let waker = self.waiters.lock().remove_entry(id);
        drop(waker);
    }

    /// The address of the reactor that this slot is registered with, or [`NO_REACTOR`], which a
    /// reactor that ends leaves here.
    pub(crate) fn reactor_address(&self) -> usize {
        self.reactor_address.load(Ordering::Acquire)
    }

    /// Whether it is registered with a reactor that has not ended.
    pub(crate) fn is_registered(&self) -> bool {
        self.reactor_address() != NO_REACTOR
    }

    /// The reactor that this slot is registered with, unless it has ended.
    pub(crate) fn reactor(&self) -> Option<Arc<ReactorInner>> {
        let registered = self.registered.lock();
        let alive = registered.as_ref().filter(|place| !place.reactor.has_ended());
        alive.map(|place| place.reactor.clone())
    }

    /// Registers `source` under this slot with `reactor`, unless it is registered with another one
    /// that has not ended.
    pub(crate) fn register(
        self: &Arc<Self>,
        source: &Source,
        reactor: &Arc<ReactorInner>,
    ) -> io::Result<()> {
        // Dropped after the lock: with the last reference to a reactor go the wakers in it.
        let old;
        let mut registered = self.registered.lock();
        if registered.as_ref().is_some_and(|old| !old.reactor.has_ended()) {
            return Ok(());
        }
        old = registered.take();
        if let Some(old) = &old
            && !old.reactor.is_from_before_fork()
        {
            _ = old.reactor.driver.deregister(source);
        }
        let key = reactor.insert(source, self.clone())?;
        // What is found missing already is asked for.
        let untold = source.untold().difference(self.snapshot().readiness());
        if !untold.is_empty() && reactor.driver.rearm(source, key).is_err() {
            self.assume(untold);
        }
        self.reactor_address.store(Arc::as_ptr(reactor).addr(), Ordering::Release);
        *registered = Some(Registered { reactor: reactor.clone(), key, shown: source.shown() });
        Ok(())
    }

    /// Asks the reactor to report the current readiness anew.
    pub(crate) fn rearm(&self, source: &Source) -> io::Result<()> {
        match &*self.registered.lock() {
            Some(place) if place.reactor.is_from_before_fork() => Ok(()),
            Some(place) => place.reactor.driver.rearm(source, place.key),
            None => Ok(()),
        }
    }

    /// Gives the place in the reactor back; the system's registration ends too if `explicitly`, or
    /// by itself with the descriptor if not.
    pub(crate) fn deregister(&self, source: &Source, explicitly: bool) {
        let Some(place) = self.registered.lock().take() else { return };
        self.reactor_address.store(NO_REACTOR, Ordering::Release);
        if place.reactor.is_from_before_fork() {
            // The registration, and the place with its lock, are the parent's.
            return;
        }
        if explicitly {
            // Fails only if the registration is gone already, which is what we want.
            _ = place.reactor.driver.deregister(source);
        }
        place.reactor.remove(place.key);
    }

    /// What it is and who waits here. Nobody is woken, kept or lost by that: wakers are only
    /// compared. `None` if it is not registered, or nobody waits.
    pub(crate) fn view(&self) -> Option<SlotView> {
        let mut waiters = Vec::new();
        for direction in [Direction::Read, Direction::Write] {
            let parked = self.parked[direction as usize].address();
            waiters.extend(parked.map(|task| (task, direction.mask())));
        }
        waiters.extend(self.waiters.lock().addresses());
        // While this lock is held the socket is not deregistered, and so not closed.
        let registered = self.registered.lock();
        let shown = registered.as_ref().filter(|_| !waiters.is_empty()).map(|here| &here.shown)?;
        let (transport, local, peer) = shown.describe();
        Some(SlotView { number: shown.number(), transport, local, peer, waiters })
    }

    /// Wakes everybody: the reactor ends.
    pub(crate) fn close(&self, wakers: &mut Vec<Waker>) {
        self.reactor_address.store(NO_REACTOR, Ordering::Release);
        self.take_parked(Readiness::ALL, wakers);
        self.take_listed(Readiness::ALL, wakers);
    }
}
