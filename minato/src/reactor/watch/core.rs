//! One core as a client watches it: when to look, when to turn its reactor.

use std::io;
use std::os::fd::AsRawFd;
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use super::polls;
use super::{AFTER_TIMER, LONGEST_RECHECK, RECHECK_PARKED, SLEEP_PAYS_FROM, STUCK_AFTER, TurnedBy};
use crate::engine::{Direction, Readiness, Source};
use crate::os::Descriptor;
use crate::reactor::{ReactorInner, Slot};
use crate::sync::Arc;
use crate::sync::plain::{AtomicBool, Ordering};
use crate::time::clock::real_now;

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// The next look must come within this time.
    Again(Duration),
    /// No look is needed within this time (`None`: ever), unless the core turns. Before the client
    /// sleeps it must say so, and ask [`is_still_quiet`](WatchedCore::is_still_quiet).
    Quiet(Option<Duration>),
    /// The reactor has ended.
    Gone,
}

impl Check {
    /// The time until the next look.
    pub(crate) fn next(self) -> Option<Duration> {
        match self {
            Self::Again(until) => Some(until),
            Self::Quiet(until) => until,
            Self::Gone => None,
        }
    }
}

/// One core that a client watches. The reactor itself is given with each call.
pub(crate) struct WatchedCore {
    /// How many turns there had been at the last look, and whether anybody held the core then.
    turns: u32,
    held: bool,
    /// When the core last turned or was parked, as far as looks have shown.
    was_well_at: Instant,
    stuck: bool,
    /// When the core last became quiet, until it turns.
    quiet_since: Option<Instant>,
    /// Whether the core, once parked, is quiet although it has turned since the last look.
    turns_seldom: bool,
    /// Whether the pauses between looks may become long, and the present one.
    may_be_late: bool,
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
    pub(crate) fn new(reactor: &ReactorInner) -> Self {
        Self {
            turns: reactor.turns(),
            held: true,
            was_well_at: real_now(),
            stuck: false,
            quiet_since: None,
            turns_seldom: true,
            may_be_late: false,
            recheck: STUCK_AFTER,
            descriptor: None,
        }
    }

    /// Says whether only waits within the holder's own polls rely on the looks: futures that wrap
    /// the task's waker, or a foreign `block_on`. Such a core is checked at less and less often
    /// while it turns. It does so in most programs; a `block_on` there may be noticed as late as
    /// [`LONGEST_RECHECK`].
    pub(crate) fn set_may_be_late(&mut self, may_be_late: bool) {
        self.may_be_late = may_be_late;
    }

    /// Looks at the core, and turns its reactor if nobody else does. The client watches its
    /// descriptor with the reactor `own`; without one it must look again soon.
    pub(crate) fn check(
        &mut self,
        own: Option<&Arc<ReactorInner>>,
        reactor: &Arc<ReactorInner>,
        now: Instant,
        wakers: &mut Vec<Waker>,
    ) -> Check {
        if reactor.has_ended() {
            self.release();
            return Check::Gone;
        }
        if reactor.turned_by() == TurnedBy::Nobody {
            return self.turn_for_nobody(own, reactor, wakers);
        }
        self.held = true;
        let turns = reactor.turns();
        let turned = turns != self.turns;
        let parked = reactor.is_parked();
        if turned || parked {
            self.turns = turns;
            self.was_well_at = now;
            self.stuck = false;
            self.release();
            return self.after_well(reactor, turned, parked, now);
        }
        self.quiet_since = None;
        if self.stuck || now.saturating_duration_since(self.was_well_at) >= STUCK_AFTER {
            self.stuck = true;
            self.recheck = STUCK_AFTER;
            return Check::Again(self.turn_for(own, reactor, wakers).0);
        }
        Check::Again(STUCK_AFTER)
    }

    /// When to look again at a core that turned or is parked.
    fn after_well(
        &mut self,
        reactor: &ReactorInner,
        turned: bool,
        parked: bool,
        now: Instant,
    ) -> Check {
        if turned && let Some(since) = self.quiet_since.take() {
            self.turns_seldom = now.saturating_duration_since(since) >= SLEEP_PAYS_FROM;
            if self.turns_seldom {
                self.recheck = STUCK_AFTER;
            }
        }
        if parked && (!turned || self.turns_seldom) {
            self.quiet_since.get_or_insert(now);
            let until = reactor.timers().until_next();
            return Check::Quiet(until.map(|until| until + AFTER_TIMER));
        }
        if self.may_be_late {
            self.recheck = (2 * self.recheck).min(LONGEST_RECHECK).min(polls::longest_pause());
            return Check::Again(self.recheck);
        }
        Check::Again(if parked { RECHECK_PARKED } else { STUCK_AFTER })
    }

    /// Whether a core that was quiet at the last look has neither turned nor been taken since.
    pub(crate) fn is_still_quiet(&self, reactor: &ReactorInner) -> bool {
        let is_held = reactor.turned_by() != TurnedBy::Nobody;
        is_held == self.held && reactor.turns() == self.turns
    }

    /// Whether the holder was stuck at the last look.
    pub(crate) fn is_stuck(&self) -> bool {
        self.stuck
    }

    fn turn_for_nobody(
        &mut self,
        own: Option<&Arc<ReactorInner>>,
        reactor: &Arc<ReactorInner>,
        wakers: &mut Vec<Waker>,
    ) -> Check {
        self.held = false;
        self.turns = reactor.turns();
        self.turn_for(own, reactor, wakers).1
    }

    /// Turns the core's reactor in its holder's place; returns how soon the client must look again
    /// if a thread holds the core, and what comes of the check if none does: then the client may
    /// wait for the descriptor, which tells everything but the timers.
    fn turn_for(
        &mut self,
        own: Option<&Arc<ReactorInner>>,
        reactor: &Arc<ReactorInner>,
        wakers: &mut Vec<Waker>,
    ) -> (Duration, Check) {
        // 1. Watch the descriptor, so that the client wakes when there is something to turn for.
        if self.descriptor.is_none() {
            self.descriptor = own.and_then(|own| WatchedDescriptor::register(own, reactor).ok());
        }
        let Some(descriptor) = &self.descriptor else {
            // There is none to be had, or the holder was itself watching the client's when it got
            // stuck, which the system refuses as a loop.
            _ = reactor.try_turn(wakers);
            return (STUCK_AFTER, Check::Again(STUCK_AFTER));
        };
        // 2. Expect the next event, before the turn that takes those up to now.
        descriptor.expect();
        // 3. Turn. That fails while somebody else turns.
        let (before, _) = reactor.event_counts();
        let turned = reactor.try_turn(wakers).unwrap_or(false);
        let events = reactor.event_counts().0.wrapping_sub(before);
        if events >= reactor.driver().events_per_wait() as u64 {
            // There may be more events, and the descriptor does not report those again.
            return (Duration::ZERO, Check::Again(Duration::ZERO));
        }
        // 4. Sleep until a timer is due or the descriptor is readable. A holder that is stuck is
        //    checked at sooner, since its tasks may be stolen.
        let until = reactor.timers().until_next();
        let soon = until.map_or(RECHECK_PARKED, |until| until.min(RECHECK_PARKED));
        let expects = turned && !descriptor.was_readable();
        (soon, if expects { Check::Quiet(until) } else { Check::Again(soon) })
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
        let descriptor = reactor.driver().descriptor().try_clone_to_owned()?;
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
