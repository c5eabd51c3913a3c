//! A reactor's timers: its wheel, and the clock that the wheel's ticks count.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::sync::{AtomicU64, Mutex, Ordering};
use crate::time::Instant;
use crate::time::clock::Clock;
use crate::time::wheel::{TimerKey, Wheel};

/// The tick of "no timer at all".
const NEVER: u64 = u64::MAX;

/// The timers of one reactor.
pub(crate) struct Timers {
    clock: Clock,
    /// The instant of tick 0.
    origin: Instant,
    /// The last tick that the clock comes to. A timer that is due later waits for ever, and no
    /// turn waits for it.
    last_tick: u64,
    wheel: Mutex<Wheel>,
    /// The earliest tick at which a timer may be due: a turn without timers takes no lock and
    /// asks no clock.
    next_tick: AtomicU64,
}

impl Timers {
    pub(crate) fn new(clock: Clock) -> Self {
        let origin = clock.now();
        let last_tick = clock.time_left().map_or(NEVER - 2, |left| left.as_millis() as u64);
        let wheel = Mutex::new(Wheel::new());
        Self { clock, origin, last_tick, wheel, next_tick: AtomicU64::new(NEVER) }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Adds a timer; says whether it is the earliest now.
    pub(crate) fn insert(&self, deadline: Instant, waker: &Waker) -> (TimerKey, bool) {
        let tick = self.tick_after(deadline);
        let waker = waker.clone();
        let mut wheel = self.wheel.lock();
        let key = wheel.insert(tick, waker);
        (key, self.announce(tick))
    }

    /// Files a timer under another deadline; says whether it is the earliest now, or nothing if
    /// the timer is no longer in the wheel.
    pub(crate) fn set_deadline(&self, key: TimerKey, deadline: Instant) -> Option<bool> {
        let tick = self.tick_after(deadline);
        let mut wheel = self.wheel.lock();
        wheel.set_deadline(key, tick).then(|| self.announce(tick))
    }

    /// Notes a new deadline, under the wheel's lock; says whether it is the earliest.
    fn announce(&self, tick: u64) -> bool {
        let earliest = tick <= self.last_tick && tick < self.next_tick.load(Ordering::Relaxed);
        if earliest {
            self.next_tick.store(tick, Ordering::SeqCst);
        }
        earliest
    }

    /// Leaves the waker of a timer's owner; ready when the timer is no longer in the wheel.
    pub(crate) fn poll(&self, key: TimerKey, cx: &mut Context<'_>) -> Poll<()> {
        let will_wake = self.wheel.lock().will_wake(key, cx.waker());
        match will_wake {
            Some(true) => Poll::Pending,
            Some(false) => {
                // Cloned before and dropped after the lock, since either may run any code.
                let waker = cx.waker().clone();
                let replaced = self.wheel.lock().set_waker(key, waker);
                if replaced.is_ok() { Poll::Pending } else { Poll::Ready(()) }
            }
            None => Poll::Ready(()),
        }
    }

    /// Takes a timer out and gives its waker back, to be woken or dropped after this call: either
    /// may run any code. The next deadline stays as it was: at worst one turn is for nothing.
    pub(crate) fn take(&self, key: TimerKey) -> Option<Waker> {
        self.wheel.lock().cancel(key)
    }

    /// Moves the wakers of everything due into `wakers`.
    pub(crate) fn expire(&self, wakers: &mut Vec<Waker>) {
        if self.next_tick.load(Ordering::Acquire) != NEVER {
            self.expire_through(self.tick_before(self.clock.now()), wakers);
        }
    }

    /// Like [`expire`](Self::expire), and also what is due at any moment of the present tick: a
    /// clock that is moved by hand may stand still at the very deadline, between two ticks. What
    /// was woken too early joins the wheel again.
    pub(crate) fn expire_present(&self, wakers: &mut Vec<Waker>) {
        self.expire_through(self.tick_after(self.clock.now()), wakers);
    }

    fn expire_through(&self, tick: u64, wakers: &mut Vec<Waker>) {
        if self.next_tick.load(Ordering::Acquire) > tick {
            return;
        }
        let mut wheel = self.wheel.lock();
        wheel.expire(tick, wakers);
        let next_tick = wheel.next_deadline_tick().filter(|tick| *tick <= self.last_tick);
        self.next_tick.store(next_tick.unwrap_or(NEVER), Ordering::Release);
    }

    /// The instant of the next deadline, or an earlier one.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        match self.next_tick.load(Ordering::Acquire) {
            NEVER => None,
            tick => Some(self.origin.saturating_add(Duration::from_millis(tick))),
        }
    }

    /// How long a wait may last before a timer is due.
    pub(crate) fn until_next(&self) -> Option<Duration> {
        let deadline = self.next_deadline()?;
        Some(deadline.duration_since(self.clock.now()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.wheel.lock().is_empty()
    }

    /// How many timers wait.
    pub(crate) fn len(&self) -> usize {
        self.wheel.lock().len()
    }

    /// The data of every timer's waker, and how long until it is due.
    pub(crate) fn waiters(&self) -> Vec<(usize, Duration)> {
        let elapsed = self.clock.now().duration_since(self.origin);
        let left = |tick| Duration::from_millis(tick).saturating_sub(elapsed);
        self.wheel.lock().addresses().map(|(task, tick)| (task, left(tick))).collect()
    }

    /// Takes every timer out, due or not: the reactor ends, and their owners go elsewhere.
    pub(crate) fn drain(&self, wakers: &mut Vec<Waker>) {
        self.wheel.lock().drain(wakers);
        self.next_tick.store(NEVER, Ordering::Release);
    }

    /// The first tick that is not before `deadline`, for a timer never fires early; one behind the
    /// last tick if it is beyond all ticks.
    fn tick_after(&self, deadline: Instant) -> u64 {
        let since = deadline.duration_since(self.origin);
        let whole = since.as_millis().min(u128::from(NEVER - 1)) as u64;
        if since.subsec_nanos().is_multiple_of(1_000_000) { whole } else { whole.saturating_add(1) }
    }

    /// The last tick that is not after `now`.
    fn tick_before(&self, now: Instant) -> u64 {
        now.duration_since(self.origin).as_millis() as u64
    }
}
