//! The clock of a runtime: the system's, one that can be stopped, or a simulated world's.

use std::sync::OnceLock;
use std::time::Duration;

use super::Instant;
use crate::runtime::context;
use crate::sync::{Arc, AtomicBool, AtomicUsize, Mutex, Ordering};

/// Where a runtime, a reactor and its timers take the time from.
#[derive(Clone)]
pub(crate) enum Clock {
    System,
    Pausable(Arc<PausableClock>),
    Simulated(minato_sim::Host),
}

impl Clock {
    pub(crate) fn now(&self) -> Instant {
        match self {
            Self::System => system_now(),
            Self::Pausable(clock) => clock.now(),
            // Every world begins at one point, so that instants of one host compare.
            Self::Simulated(host) => world_origin() + host.now(),
        }
    }

    /// How long it can still go on; `None` if its end is none that anything comes to.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        match self {
            Self::System | Self::Pausable(_) => None,
            Self::Simulated(_) => Some(minato_sim::World::END - (self.now() - world_origin())),
        }
    }

    /// Whether this is the system's clock itself.
    pub(crate) fn is_system(&self) -> bool {
        matches!(self, Self::System)
    }

    /// Whether this clock has shown the system's time all along.
    pub(crate) fn is_real(&self) -> bool {
        match self {
            Self::System => true,
            Self::Pausable(clock) => clock.never_paused(),
            Self::Simulated(_) => false,
        }
    }

    /// The pausable clock, if this is one and it is stopped.
    pub(crate) fn paused(&self) -> Option<&PausableClock> {
        match self {
            Self::Pausable(clock) if clock.is_paused() => Some(clock),
            _ => None,
        }
    }
}

fn system_now() -> Instant {
    Instant::from_std(std::time::Instant::now())
}

/// The real time, for what goes by no virtual clock: deadlines of shutdowns, stuck threads. Where
/// std's clock is that of a world, this is not.
pub(crate) fn real_now() -> std::time::Instant {
    context::in_no_world(std::time::Instant::now)
}

/// When the clocks of all worlds begin.
pub(crate) fn world_origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(|| system_now().fixed())
}

/// A clock that a test may stop and move by hand.
#[derive(Default)]
pub(crate) struct PausableClock {
    paused: AtomicBool,
    /// How many blocking jobs run: while one does, a stopped clock does not move by itself.
    holds: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What the clock shows while it is stopped.
    stopped_at: Option<Instant>,
    /// How far it is ahead of the system's clock otherwise, or behind it.
    ahead: Duration,
    behind: Duration,
}

impl State {
    fn now(&self) -> Instant {
        self.stopped_at.unwrap_or_else(|| system_now().saturating_add(self.ahead) - self.behind)
    }
}

impl PausableClock {
    fn now(&self) -> Instant {
        if !self.is_paused() && self.never_paused() {
            return system_now();
        }
        self.state.lock().now()
    }

    /// Whether the clock has been the system's all along, which needs no lock to know.
    fn never_paused(&self) -> bool {
        self.holds.load(Ordering::Acquire) & EVER_PAUSED == 0
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Acquire)
    }

    /// Stops the clock; false if it was stopped already.
    pub(crate) fn pause(&self) -> bool {
        let mut state = self.state.lock();
        if state.stopped_at.is_some() {
            return false;
        }
        state.stopped_at = Some(state.now());
        self.holds.fetch_or(EVER_PAUSED, Ordering::AcqRel);
        self.paused.store(true, Ordering::Release);
        true
    }

    /// Starts the clock again from what it shows; false if it was running.
    pub(crate) fn resume(&self) -> bool {
        let mut state = self.state.lock();
        let Some(stopped_at) = state.stopped_at.take() else { return false };
        let system = system_now();
        state.ahead = stopped_at.duration_since(system);
        state.behind = system.duration_since(stopped_at);
        self.paused.store(false, Ordering::Release);
        true
    }

    /// Moves a stopped clock; false if it was running.
    pub(crate) fn advance(&self, by: Duration) -> bool {
        let mut state = self.state.lock();
        let Some(stopped_at) = state.stopped_at else { return false };
        state.stopped_at = Some(stopped_at.saturating_add(by));
        true
    }

    /// Whether a stopped clock may jump to the next deadline when all is idle.
    pub(crate) fn may_jump(&self) -> bool {
        self.is_paused() && self.holds.load(Ordering::Acquire) & !EVER_PAUSED == 0
    }

    /// Keeps the clock from jumping until [`release`](Self::release).
    pub(crate) fn hold(&self) {
        self.holds.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn release(&self) {
        self.holds.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The bit of `holds` that says that the clock was stopped at least once.
const EVER_PAUSED: usize = 1 << (usize::BITS - 1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_clock_moves_by_hand_only() {
        let clock = PausableClock::default();
        assert!(clock.pause());
        assert!(!clock.pause());
        let before = clock.now();
        assert_eq!(clock.now(), before);
        assert!(clock.advance(Duration::from_secs(5)));
        assert_eq!(clock.now() - before, Duration::from_secs(5));
        assert!(clock.resume());
        assert!(clock.now() >= before + Duration::from_secs(5));
        assert!(!clock.advance(Duration::from_secs(5)));
    }

    #[test]
    fn a_running_job_keeps_the_clock_from_jumping() {
        let clock = PausableClock::default();
        clock.pause();
        assert!(clock.may_jump());
        clock.hold();
        assert!(!clock.may_jump());
        clock.release();
        assert!(clock.may_jump());
    }
}
