//! One core as a client watches it: when to look, when to turn its reactor.

use std::io;
use std::mem;
use std::os::fd::AsRawFd;
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use super::polls;
use super::{
    AFTER_TIMER, LONGEST_RECHECK, RECHECK_PARKED, SLEEP_PAYS_FROM, STUCK_AFTER, TurnedBy, earlier,
};
use crate::engine::{Direction, Readiness, Source};
use crate::os::Descriptor;
use crate::reactor::{ReactorInner, Slot};
use crate::sync::plain::{AtomicBool, Ordering};
use crate::sync::{Arc, Weak};
use crate::time::clock::real_now;

/// One core that a client watches.
pub(crate) struct WatchedCore {
    reactor: Weak<ReactorInner>,
    /// How many turns there had been at the last look, and whether anybody held the core then.
    turns: u32,
    held: bool,
    /// When the core last turned or was parked, as far as looks have shown.
    was_well_at: Instant,
    /// Whether the holder was stuck at the last look.
    pub(crate) is_stuck: bool,
    /// Whether no look is needed until the time that the last one gave, unless the core turns.
    /// Before the client sleeps it must say so, and ask [`has_stirred`](Self::has_stirred).
    pub(crate) is_quiet: bool,
    /// When the core last became quiet, until it turns.
    quiet_since: Option<Instant>,
    /// Whether the core, once parked, is quiet although it has turned since the last look.
    turns_seldom: bool,
    /// Whether only waits within the holder's own polls rely on the looks: futures that wrap the
    /// task's waker, or a foreign `block_on`. Such a core is checked at less and less often while
    /// it turns. It does so in most programs; a `block_on` there may be noticed as late as
    /// [`LONGEST_RECHECK`].
    pub(crate) may_be_late: bool,
    /// The pause before the next look at such a core.
    recheck: Duration,
    descriptor: Option<WatchedDescriptor>,
}

/// The watch over a reactor's descriptor, which is readable when a turn would find something.
struct WatchedDescriptor {
    source: Source,
    /// The descriptor that is registered.
    _descriptor: Descriptor,
    slot: Arc<Slot>,
    readable: Arc<ReadableFlag>,
}

/// Set when a watched descriptor became readable.
#[derive(Default)]
struct ReadableFlag(AtomicBool);

impl Wake for ReadableFlag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

impl WatchedCore {
    pub(crate) fn new(reactor: &Arc<ReactorInner>) -> Self {
        Self {
            reactor: Arc::downgrade(reactor),
            turns: reactor.turns(),
            held: true,
            was_well_at: real_now(),
            is_stuck: false,
            is_quiet: false,
            quiet_since: None,
            turns_seldom: true,
            may_be_late: false,
            recheck: STUCK_AFTER,
            descriptor: None,
        }
    }

    /// The core's reactor, unless that has ended.
    pub(crate) fn reactor(&self) -> Option<Arc<ReactorInner>> {
        self.reactor.upgrade().filter(|reactor| !reactor.has_ended())
    }

    /// Looks at the core, and turns its reactor if nobody else does. Returns the time until the
    /// next look; `None` is never. The client watches its descriptor with the reactor `own`.
    /// Without one it must look again soon.
    pub(crate) fn check(
        &mut self,
        own: Option<&Arc<ReactorInner>>,
        now: Instant,
        wakers: &mut Vec<Waker>,
    ) -> Option<Duration> {
        self.is_quiet = false;
        let Some(reactor) = self.reactor() else {
            self.release();
            return None;
        };
        let turns = reactor.turns();
        let turned = mem::replace(&mut self.turns, turns) != turns;
        self.held = reactor.turned_by() != TurnedBy::Nobody;
        if !self.held {
            return self.turn_for(own, &reactor, wakers);
        }
        let parked = reactor.is_parked();
        if turned || parked {
            self.was_well_at = now;
            self.is_stuck = false;
            self.release();
            return self.after_well(&reactor, turned, parked, now);
        }
        self.quiet_since = None;
        if self.is_stuck || now.saturating_duration_since(self.was_well_at) >= STUCK_AFTER {
            self.is_stuck = true;
            self.recheck = STUCK_AFTER;
            let next = self.turn_for(own, &reactor, wakers);
            // Sooner than the descriptor tells, since its tasks may be stolen.
            self.is_quiet = false;
            return earlier(next, Some(RECHECK_PARKED));
        }
        Some(STUCK_AFTER)
    }

    /// When to look again at a core that turned or is parked.
    fn after_well(
        &mut self,
        reactor: &ReactorInner,
        turned: bool,
        parked: bool,
        now: Instant,
    ) -> Option<Duration> {
        if turned && let Some(since) = self.quiet_since.take() {
            self.turns_seldom = now.saturating_duration_since(since) >= SLEEP_PAYS_FROM;
            if self.turns_seldom {
                self.recheck = STUCK_AFTER;
            }
        }
        if parked && (!turned || self.turns_seldom) {
            self.quiet_since.get_or_insert(now);
            self.is_quiet = true;
            return reactor.timers.until_next().map(|until| until + AFTER_TIMER);
        }
        if self.may_be_late {
            self.recheck = (2 * self.recheck).min(LONGEST_RECHECK).min(polls::longest_pause());
            return Some(self.recheck);
        }
        Some(if parked { RECHECK_PARKED } else { STUCK_AFTER })
    }

    /// Whether a core that was quiet at the last look has turned or been taken since.
    pub(crate) fn has_stirred(&self) -> bool {
        let is_same = |reactor: Arc<ReactorInner>| {
            let is_held = reactor.turned_by() != TurnedBy::Nobody;
            is_held == self.held && reactor.turns() == self.turns
        };
        self.is_quiet && !self.reactor.upgrade().is_some_and(is_same)
    }

    /// Turns the core's reactor in its holder's place. If no thread holds the core, the client may
    /// then wait for the descriptor, which tells everything but the timers.
    fn turn_for(
        &mut self,
        own: Option<&Arc<ReactorInner>>,
        reactor: &Arc<ReactorInner>,
        wakers: &mut Vec<Waker>,
    ) -> Option<Duration> {
        // 1. Watch the descriptor, so that the client wakes when there is something to turn for.
        if self.descriptor.is_none() {
            self.descriptor = own.and_then(|own| WatchedDescriptor::register(own, reactor).ok());
        }
        let Some(descriptor) = &self.descriptor else {
            // There is none to be had, or the holder was itself watching the client's when it got
            // stuck, which the system refuses as a loop.
            _ = reactor.try_turn(wakers);
            return Some(STUCK_AFTER);
        };
        // 2. Expect the next event, before the turn that takes those up to now.
        descriptor.expect();
        // 3. Turn. That fails while somebody else turns.
        let before = reactor.counters.events.get();
        let turned = reactor.try_turn(wakers).unwrap_or(false);
        let events = reactor.counters.events.get().wrapping_sub(before);
        if events >= reactor.driver.events_per_wait() as u64 {
            // There may be more events, and the descriptor does not report those again.
            return Some(Duration::ZERO);
        }
        // 4. Sleep until a timer is due or the descriptor is readable.
        self.is_quiet = turned && !descriptor.was_readable();
        let until = reactor.timers.until_next();
        if self.is_quiet { until } else { earlier(until, Some(RECHECK_PARKED)) }
    }

    /// Stops watching the core's descriptor.
    pub(crate) fn release(&mut self) {
        if let Some(descriptor) = self.descriptor.take() {
            descriptor.slot.deregister(&descriptor.source, true);
        }
    }
}

impl Drop for WatchedCore {
    fn drop(&mut self) {
        self.release();
    }
}

impl WatchedDescriptor {
    fn register(own: &Arc<ReactorInner>, reactor: &Arc<ReactorInner>) -> io::Result<Self> {
        let descriptor = reactor.driver.descriptor().try_clone_to_owned()?;
        let source = Source::Os(descriptor.as_raw_fd());
        let slot = Arc::new(Slot::new(Readiness::ALL, Readiness::EMPTY));
        slot.register(&source, own)?;
        Ok(Self { source, _descriptor: descriptor, slot, readable: Arc::default() })
    }

    fn expect(&self) {
        self.readable.0.store(false, Ordering::Release);
        self.slot.wait_last_poll(Direction::Read, &Waker::from(self.readable.clone()));
    }

    fn was_readable(&self) -> bool {
        self.readable.0.load(Ordering::Acquire)
    }
}
