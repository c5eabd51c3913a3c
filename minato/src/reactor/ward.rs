//! A reactor that somebody else looks after.
//!
//! * A core that no thread holds is *adopted*: its descriptor is watched (an event queue can be
//!   watched by another), and it is turned when that becomes readable or a timer is due.
//! * A core whose holder neither turned nor parked since a look [`PATIENCE`] ago is
//!   adopted in the same way until the holder turns again.
//!
//! The monitor has a ward for each core that somebody outside waits on; the sentinel of a
//! multi-thread runtime has one for each of its siblings.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use super::shared::{Keeper, Shared, Watch};
use super::slot::Slot;
use crate::engine::{Direction, EVENTS_PER_WAIT, Readiness, Source};
use crate::os::Descriptor;
use crate::time::clock;

/// How long a holder may be in one poll before others turn its reactor.
const PATIENCE: Duration = Duration::from_millis(1);

/// How long nobody looks at a holder that was parked. A look costs a wake-up of whoever looks, and
/// the poll that blocks comes late in this time as often as early.
const CALM: Duration = Duration::from_millis(5);

/// After how long without any turn nobody looks any more.
const SLEEP_AFTER: Duration = Duration::from_secs(1);

/// The real time: whether a thread is stuck is no question of virtual clocks.
pub(crate) fn now() -> Instant {
    clock::real_now()
}

/// What came of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// The next look must come within this time.
    Again(Duration),
    /// Nothing has turned for so long that no look is needed until it does again.
    Asleep,
    /// The reactor has ended.
    Gone,
}

/// One core that is looked after.
pub(crate) struct Ward {
    shared: Weak<Shared>,
    turns: u32,
    turned_at: Instant,
    looked_at: Instant,
    stuck: bool,
    adoption: Option<Adoption>,
}

/// The watch over a core's descriptor.
struct Adoption {
    source: Source,
    /// The descriptor that is registered.
    _descriptor: Descriptor,
    slot: Arc<Slot>,
    hot: Arc<Hot>,
}

/// Set when a watched descriptor became readable.
#[derive(Default)]
struct Hot(AtomicBool);

impl Wake for Hot {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

impl Ward {
    pub(crate) fn new(shared: Weak<Shared>) -> Self {
        let now = now();
        let turns = shared.upgrade().map_or(0, |shared| shared.turns());
        Self { shared, turns, turned_at: now, looked_at: now, stuck: false, adoption: None }
    }

    /// Looks at the core, and turns its reactor if nobody else does. Its descriptor is watched with
    /// the reactor `own`; without one it must be looked at again soon.
    pub(crate) fn look(
        &mut self,
        own: Option<&Arc<Shared>>,
        now: Instant,
        wakers: &mut Vec<Waker>,
    ) -> Look {
        let Some(shared) = self.shared.upgrade().filter(|shared| !shared.has_ended()) else {
            self.release();
            return Look::Gone;
        };
        match self.look_at(own, &shared, now, wakers) {
            Some(until) => Look::Again(until),
            None => Look::Asleep,
        }
    }

    /// Whether the core's holder was stuck at the last look, or there was none.
    pub(crate) fn is_stuck(&self) -> bool {
        self.stuck
    }

    fn look_at(
        &mut self,
        own: Option<&Arc<Shared>>,
        shared: &Arc<Shared>,
        now: Instant,
        wakers: &mut Vec<Waker>,
    ) -> Option<Duration> {
        let turns = shared.turns();
        let turned = turns != self.turns;
        if turned {
            self.turned_at = now;
        }
        match shared.keeper() {
            Keeper::Nobody => {
                shared.change_watch(Watch::Active, Watch::Asleep);
                if shared.keeper() != Keeper::Nobody {
                    // Who takes the core after the line above rouses us.
                    return Some(PATIENCE);
                }
                self.turn_for(own, shared, wakers)
            }
            _ if turned || shared.is_parked() => {
                self.turns = turns;
                self.looked_at = now;
                self.stuck = false;
                self.release();
                if now.duration_since(self.turned_at) < SLEEP_AFTER {
                    return Some(if shared.is_parked() { CALM } else { PATIENCE });
                }
                // The turn that comes between these two lines is seen by the second look.
                shared.change_watch(Watch::Active, Watch::Asleep);
                (shared.turns() != turns).then_some(PATIENCE)
            }
            _ if self.stuck || now.duration_since(self.looked_at) >= PATIENCE => {
                self.turn_for(own, shared, wakers)
            }
            _ => Some(PATIENCE),
        }
    }

    /// Turns the core's reactor in its keeper's place.
    fn turn_for(
        &mut self,
        own: Option<&Arc<Shared>>,
        shared: &Arc<Shared>,
        wakers: &mut Vec<Waker>,
    ) -> Option<Duration> {
        self.stuck = true;
        if self.adoption.is_none() {
            self.adoption = own.and_then(|own| Adoption::begin(own, shared).ok());
        }
        let Some(adoption) = &self.adoption else {
            // Not watched, or no descriptor to be had for that, or the one who is stuck was itself
            // watching us, which the system refuses as a loop: look again soon instead.
            _ = shared.try_turn(wakers);
            return Some(PATIENCE);
        };
        adoption.hot.0.store(false, Ordering::Release);
        adoption.slot.wait_last_poll(Direction::Read, &Waker::from(adoption.hot.clone()));
        let (before, _) = shared.event_counts();
        // Failing to turn means that somebody else does it at this moment.
        let turned = shared.try_turn(wakers).unwrap_or(false);
        if shared.event_counts().0.wrapping_sub(before) >= EVENTS_PER_WAIT as u64 {
            // There may be more, of which the descriptor does not tell again.
            return Some(Duration::ZERO);
        }
        let until = shared.timers().until_next();
        if shared.keeper() == Keeper::Nobody && turned && !adoption.hot.0.load(Ordering::Acquire) {
            return until;
        }
        Some(until.map_or(CALM, |until| until.min(CALM)))
    }

    /// Stops watching the core's descriptor.
    pub(crate) fn release(&mut self) {
        if let Some(adoption) = self.adoption.take() {
            adoption.slot.move_out(&adoption.source, true);
        }
    }
}

impl Drop for Ward {
    fn drop(&mut self) {
        self.release();
    }
}

impl Adoption {
    fn begin(own: &Arc<Shared>, shared: &Arc<Shared>) -> io::Result<Self> {
        let descriptor = shared.driver().descriptor().try_clone_to_owned()?;
        let source = Source::Os(descriptor.as_raw_fd());
        let slot = Arc::new(Slot::new(Readiness::ALL, Readiness::EMPTY));
        slot.settle_in(&source, own)?;
        Ok(Self { source, _descriptor: descriptor, slot, hot: Arc::default() })
    }
}
