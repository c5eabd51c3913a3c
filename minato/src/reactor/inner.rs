//! The reactor itself: an engine, its slots and its timers, and the turn that ties them together.

use std::io;
use std::task::Waker;
use std::thread::{self, Thread};
use std::time::Duration;

use super::park::Park;
use super::process::{Living, forks, has_forked_since};
use super::slot::{Slot, SlotView};
use super::slots::Slots;
use super::timers::Timers;
use super::watch::{self, Sleep, TurnedBy};
use crate::engine::{Driver, Engine, Events, Key, Source};
use crate::panics::contain;
use crate::runtime::CoreCounters;
use crate::runtime::context;
use crate::sync::{Arc, AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Mutex, Ordering};
use crate::time::Instant;
use crate::time::clock::{Clock, real_now};
use crate::time::wheel::TimerKey;

/// A reactor as every thread sees it.
pub(crate) struct ReactorInner {
    pub(crate) driver: Driver,
    /// The turn: the thread that holds this lock turns.
    events: Mutex<Events>,
    slots: Mutex<Slots>,
    /// How many sockets are registered, for those who choose a reactor without its lock.
    socket_count: AtomicUsize,
    pub(crate) timers: Timers,
    park: Park,
    turned_by: AtomicU8,
    /// Until when the monitor sleeps, if it watches this reactor.
    pub(super) watcher: Sleep,
    /// Whether something waits here that is not within a poll of the thread that holds the core.
    pub(super) watched_from_outside: AtomicBool,
    ended: AtomicBool,
    /// The thread that parks in the turns of a core whose engine cannot wait any more.
    parked_thread: Mutex<Option<Thread>>,
    /// Somebody wants to know when the last socket and timer is gone.
    idle_wanted: AtomicBool,
    /// In which process the reactor was started, as the number of forks before: in a child it has
    /// no thread, and its descriptor is the parent's.
    forks: u32,
    /// Whose core this is: the address of the runtime, or 0.
    pub(crate) owner: AtomicUsize,
    /// Counts turns, so that others can tell a reactor that nobody turns.
    turns: AtomicU32,
    pub(crate) counters: CoreCounters,
    /// The address of the task that the thread which turns here polls at present, or 0: for those
    /// who look.
    polled: AtomicUsize,
}

/// All reactors of this process.
static ALL: Living<ReactorInner> = Living::new();

impl ReactorInner {
    pub(crate) fn start(
        engine: &Engine,
        clock: Clock,
        turned_by: TurnedBy,
    ) -> io::Result<Arc<Self>> {
        let (driver, events) = engine.start()?;
        let reactor = Arc::new(Self {
            driver,
            events: Mutex::new(events),
            slots: Mutex::default(),
            socket_count: AtomicUsize::new(0),
            timers: Timers::new(clock),
            park: Park::new(turned_by.is_watched_by_descriptor()),
            turned_by: AtomicU8::new(turned_by as u8),
            watcher: Sleep::default(),
            watched_from_outside: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            parked_thread: Mutex::default(),
            idle_wanted: AtomicBool::new(false),
            forks: forks(),
            owner: AtomicUsize::new(0),
            turns: AtomicU32::new(0),
            counters: CoreCounters::default(),
            polled: AtomicUsize::new(0),
        });
        ALL.add(&reactor);
        Ok(reactor)
    }

    /// All reactors that have not ended.
    pub(crate) fn all() -> impl Iterator<Item = Arc<Self>> {
        ALL.all().into_iter().filter(|reactor| !reactor.has_ended())
    }

    pub(crate) fn address(self: &Arc<Self>) -> usize {
        Arc::as_ptr(self).addr()
    }

    /// Waits once for events, until `timeout` at most (`None`: until something happens) and no
    /// longer than until the next timer is due, and wakes the waiters of what happened.
    ///
    /// `wakers` is room that the caller keeps from turn to turn, so that a turn allocates nothing.
    pub(crate) fn turn(
        &self,
        wakers: &mut Vec<Waker>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        let result = self.collect(wakers, timeout);
        wake_all(wakers);
        result
    }

    /// The same, but leaves the wakers of those who waited in `wakers`, for the caller to wake.
    pub(crate) fn collect(
        &self,
        wakers: &mut Vec<Waker>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        self.check_fork()?;
        let mut events = self.events.lock();
        let result = self.turn_holding(&mut events, wakers, timeout);
        drop(events);
        // First the count, then the look at the monitor's sleep: see the table in `watch`.
        self.turns.fetch_add(1, Ordering::SeqCst);
        self.wake_monitor();
        result
    }

    /// Has the monitor look again, if it watches this reactor and sleeps: somebody turned, took the
    /// core or left it.
    #[inline]
    fn wake_monitor(&self) {
        if self.watcher.is_asleep() && self.watcher.must_wake(real_now()) {
            watch::monitor::wake();
        }
    }

    /// Turns without waiting in the holder's place, unless somebody turns at this moment; says
    /// whether it did.
    pub(crate) fn try_turn(&self, wakers: &mut Vec<Waker>) -> io::Result<bool> {
        self.check_fork()?;
        let Some(mut events) = self.events.try_lock() else { return Ok(false) };
        let result = self.turn_holding(&mut events, wakers, Some(Duration::ZERO));
        drop(events);
        wake_all(wakers);
        result.map(|()| true)
    }

    fn turn_holding(
        &self,
        events: &mut Events,
        wakers: &mut Vec<Waker>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        // 1. Announce the wait, unless somebody has notified this reactor since the last one.
        let timeout = self.wait_time(timeout);
        let by_descriptor = self.turned_by().is_watched_by_descriptor();
        let waits = timeout != Some(Duration::ZERO) && self.park.begin(by_descriptor);
        let timeout = if waits { timeout } else { Some(Duration::ZERO) };
        if !waits && by_descriptor {
            self.park.accept();
        }

        // 2. Wait. A core whose engine has failed sleeps without it.
        let mut result = self.driver.wait(events, timeout, || self.timers.until_next());
        if result.is_err() && self.has_ended() && self.turned_by() == TurnedBy::CoreHolder {
            self.park_thread(timeout);
            result = Ok(());
        }
        // 3. The wait is over: from here on a notifier needs no system call.
        if waits {
            self.park.end(self.turned_by().is_watched_by_descriptor());
        }
        // 4. Collect the wakers of what happened and of the timers that are due. The caller wakes
        //    them when it has released the turn (contract, rule 3).
        if result.is_ok() && events.has_events() {
            self.dispatch(events, wakers);
        }
        self.timers.expire(wakers);
        result
    }

    /// Waits without the engine: it failed, which ended the reactor, but the thread that holds the
    /// core goes on to run tasks, and sleeps here in between.
    #[cold]
    fn park_thread(&self, timeout: Option<Duration>) {
        *self.parked_thread.lock() = Some(thread::current());
        if timeout != Some(Duration::ZERO) && self.is_parked() {
            match timeout {
                Some(timeout) => thread::park_timeout(timeout),
                None => thread::park(),
            }
        }
    }

    /// Takes every event to its slot.
    #[inline]
    fn dispatch(&self, events: &mut Events, wakers: &mut Vec<Waker>) {
        // 1. One lock for all events of the wait.
        let (mut count, mut stale) = (0, 0);
        let slots = self.slots.lock();
        events.for_each_event(
            #[inline(always)]
            |event| {
                count += 1;
                // 2. The slot notes the event in its word and gives the wakers it concerns. A key
                //    that names no slot is of a socket that was closed (contract, rule 2).
                match slots.get(event.key) {
                    Some(slot) => slot.event(event.readiness, wakers),
                    None => stale += 1,
                }
            },
        );
        // 3. Count without the lock.
        drop(slots);
        self.counters.events.add(count);
        self.counters.stale_keys.add(stale);
    }

    /// How long the turn may wait, for the caller's sake and for the timers'.
    fn wait_time(&self, timeout: Option<Duration>) -> Option<Duration> {
        if timeout == Some(Duration::ZERO) {
            return timeout;
        }
        watch::earlier(timeout, self.timers.until_next())
    }

    /// Ends the wait of the turn that is under way, or keeps the next one from waiting; a system
    /// call only if the reactor is parked.
    pub(crate) fn unpark(&self) {
        self.driver.note_waker();
        if self.park.notify() && !self.is_from_before_fork() {
            // The only error is that of a full counter, which is a wake that already stands.
            _ = self.driver.unpark();
            if self.has_ended()
                && let Some(thread) = &*self.parked_thread.lock()
            {
                thread.unpark();
            }
        }
    }

    /// Gives `slot` a place and registers `source` under it.
    pub(super) fn insert(&self, source: &Source, slot: Arc<Slot>) -> io::Result<Key> {
        let mut slots = self.slots.lock();
        let key = slots.insert(slot)?;
        self.socket_count.store(slots.len(), Ordering::Relaxed);
        drop(slots);
        let registered =
            if self.has_ended() { Err(ended_error()) } else { self.driver.register(source, key) };
        if let Err(error) = registered {
            self.remove(key);
            return Err(error);
        }
        Ok(key)
    }

    /// Gives a place back.
    pub(super) fn remove(&self, key: Key) {
        let mut slots = self.slots.lock();
        let slot = slots.remove(key);
        self.socket_count.store(slots.len(), Ordering::Relaxed);
        drop(slots);
        drop(slot);
        self.notice_idle();
    }

    /// Adds a timer to the wheel of this reactor.
    pub(crate) fn insert_timer(&self, deadline: Instant, waker: &Waker) -> TimerKey {
        let (key, earliest) = self.timers.insert(deadline, waker);
        if earliest {
            self.hurry();
        }
        key
    }

    /// Moves a timer to another deadline, with the waker it has; false if the wheel does not know
    /// it any more.
    pub(crate) fn move_timer(&self, key: TimerKey, deadline: Instant) -> bool {
        let moved = self.timers.set_deadline(key, deadline);
        if moved == Some(true) {
            self.hurry();
        }
        moved.is_some()
    }

    /// Fires the timers that are due now that the clock was moved by hand.
    pub(crate) fn fire_timers(&self) {
        let mut wakers = Vec::new();
        self.timers.expire_present(&mut wakers);
        wake_all(&mut wakers);
    }

    /// Fires one timer now, whenever it is due.
    pub(crate) fn fire_timer(&self, key: TimerKey) {
        wake_all(&mut self.timers.take(key).into_iter().collect());
        self.notice_idle();
    }

    /// Has the next deadline looked at again. A turn may have read the old one and not be parked
    /// yet, so that it is told in any case, unless it is this thread that turns.
    fn hurry(&self) {
        if !context::holds(std::ptr::from_ref(self).addr()) {
            self.unpark();
        }
    }

    /// Takes a timer out.
    pub(crate) fn cancel_timer(&self, key: TimerKey) {
        drop(self.timers.take(key));
        self.notice_idle();
    }

    /// Wants the thread that turns to be unparked whenever something is given back.
    pub(crate) fn want_idle(&self) {
        self.idle_wanted.store(true, Ordering::SeqCst);
        self.unpark();
    }

    fn notice_idle(&self) {
        if self.idle_wanted.load(Ordering::Relaxed) {
            self.unpark();
        }
    }

    /// Whether neither a socket nor a timer is registered.
    pub(crate) fn is_idle(&self) -> bool {
        self.has_ended() || self.socket_count() == 0 && self.timers.is_empty()
    }

    /// Whether a thread waits in a turn at this moment.
    pub(crate) fn is_parked(&self) -> bool {
        self.park.is_parked()
    }

    /// How many sockets are registered.
    pub(crate) fn socket_count(&self) -> usize {
        if self.is_from_before_fork() { 0 } else { self.socket_count.load(Ordering::Relaxed) }
    }

    /// Ends the reactor: wakes every waiter and takes no new ones.
    pub(crate) fn end(&self) {
        if self.is_from_before_fork() {
            return;
        }
        self.ended.store(true, Ordering::SeqCst);
        let mut wakers = Vec::new();
        let slots = {
            let mut slots = self.slots.lock();
            self.socket_count.store(0, Ordering::Relaxed);
            slots.drain()
        };
        slots.for_each(|slot| slot.close(&mut wakers));
        self.timers.drain(&mut wakers);
        self.unpark();
        // The background thread keeps a descriptor of what it watches until it looks again.
        if self.watcher.is_watched() {
            watch::monitor::wake();
        }
        wake_all(&mut wakers);
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst) || self.is_from_before_fork()
    }

    /// An error in a forked child of the process that started the reactor.
    pub(super) fn check_fork(&self) -> io::Result<()> {
        if self.is_from_before_fork() { Err(forked_error()) } else { Ok(()) }
    }

    /// Whether this process is a forked child of the one that started the reactor: what it does to
    /// the engine would be done to the parent's, and a lock may be held by a thread that is not
    /// here.
    #[inline]
    pub(crate) fn is_from_before_fork(&self) -> bool {
        has_forked_since(self.forks)
    }

    pub(crate) fn turned_by(&self) -> TurnedBy {
        match self.turned_by.load(Ordering::SeqCst) {
            0 => TurnedBy::Nobody,
            1 => TurnedBy::CoreHolder,
            2 => TurnedBy::Thread,
            _ => TurnedBy::Owner,
        }
    }

    pub(crate) fn set_turned_by(&self, turned_by: TurnedBy) {
        self.turned_by.store(turned_by as u8, Ordering::SeqCst);
        self.park.set_by_descriptor(turned_by.is_watched_by_descriptor());
        self.wake_monitor();
    }

    /// The task that the thread which turns here is about to poll; 0 if it goes on to other things.
    #[inline(always)]
    pub(crate) fn set_polled(&self, task: usize) {
        self.polled.store(task, Ordering::Relaxed);
    }

    /// The address of the task that was polled last, or is being polled; 0 for none.
    pub(crate) fn polled(&self) -> usize {
        self.polled.load(Ordering::Relaxed)
    }

    /// The registered sockets that somebody waits for.
    pub(crate) fn sockets(&self) -> Vec<SlotView> {
        let slots: Vec<_> = self.slots.lock().all().cloned().collect();
        slots.iter().filter_map(|slot| slot.view()).collect()
    }

    /// Counts the turns so far, modulo 2^32.
    pub(crate) fn turns(&self) -> u32 {
        self.turns.load(Ordering::SeqCst)
    }
}

/// Wakes everybody: first the tasks of the core that this thread holds, then the others in order. A
/// waker that panics does not keep the others asleep (contract, rule 4): the panic's hook has
/// reported it, and there is nobody here to hand it to.
pub(crate) fn wake_all(wakers: &mut Vec<Waker>) {
    context::queue_woken_here(wakers);
    wakers.reverse();
    while !wakers.is_empty() {
        _ = contain(|| {
            while let Some(waker) = wakers.pop() {
                waker.wake();
            }
        });
    }
}

#[cold]
fn forked_error() -> io::Error {
    io::Error::other("the reactor belongs to the process that this one was forked from")
}

/// The error of a wait on a reactor that is gone.
pub(crate) fn ended_error() -> io::Error {
    io::Error::other("the reactor that this socket belongs to has been shut down")
}
