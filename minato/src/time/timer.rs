//! The deadline behind every sleep, timeout and interval.
//!
//! # Which clock
//!
//! A timer goes by the clock of the runtime in which it was made. If that runtime has a clock of
//! its own (one that can be stopped, or a simulated world's), its reactor becomes the timer's
//! *owner*: the timer waits there, whichever thread polls it. Any other timer goes by the system's
//! clock. It gets an owner when it first waits in a runtime whose clock was never stopped: until
//! then that clock and the system's are the same.
//!
//! # Which wheel
//!
//! A new timer is in no wheel. The first poll that finds it not due puts it into a wheel: that of
//! its owner, else that of the core that the thread holds, else that of the background reactor. It
//! stays in that wheel until it fires or is dropped, also when its task moves to another worker. If
//! the reactor ends before that, it wakes the task, and the timer joins another wheel at its next
//! poll.

use std::io;
use std::panic::Location;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::Instant;
use super::clock::Clock;
use super::wheel::TimerKey;
use crate::reactor::{self, fallback};
use crate::runtime::context;
use crate::sync::Arc;

/// One deadline. Allocates nothing; cancelled when dropped.
pub(crate) struct Timer {
    deadline: Instant,
    /// The owner. For a timer by the system's clock: the reactor in which it last waited.
    reactor: Option<Arc<reactor::ReactorInner>>,
    /// Names the timer in the wheel of `reactor` while it waits there.
    key: Option<TimerKey>,
    /// How many turns that reactor had done when the timer was last polled.
    turns: u32,
    place: &'static Location<'static>,
}

impl Timer {
    /// A timer that is due after `duration`.
    #[track_caller]
    pub(crate) fn after(duration: Duration) -> Self {
        let reactor = context::timekeeper();
        let deadline = clock_of(reactor.as_ref()).now().saturating_add(duration);
        Self { deadline, reactor, key: None, turns: 0, place: Location::caller() }
    }

    /// The same timer, as one that the program made at `place`.
    pub(crate) fn made_at(mut self, place: &'static Location<'static>) -> Self {
        self.place = place;
        self
    }

    /// A timer that is due at `deadline`.
    #[track_caller]
    pub(crate) fn at(deadline: Instant) -> Self {
        let reactor = context::timekeeper();
        Self { deadline, reactor, key: None, turns: 0, place: Location::caller() }
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The present, by the clock of this timer.
    pub(crate) fn now(&self) -> Instant {
        clock_of(self.reactor.as_ref()).now()
    }

    /// Whether its clock can be stopped, and jumps then.
    pub(super) fn may_jump(&self) -> bool {
        matches!(clock_of(self.reactor.as_ref()), Clock::Pausable(_))
    }

    fn is_due(&self) -> bool {
        self.now() >= self.deadline
    }

    /// Changes the deadline. A task that waits is woken at the new one without polling again; at
    /// once if it has passed.
    pub(crate) fn reset(&mut self, deadline: Instant) {
        let is_later = deadline >= std::mem::replace(&mut self.deadline, deadline);
        let (Some(key), Some(reactor)) = (self.key, &self.reactor) else { return };
        // A timer that has fired, or lost its reactor, joins a wheel at its next poll.
        let has_ended = reactor.has_ended();
        // One that is moved to later is due no sooner than a turn that comes anyway. The next poll
        // asks the clock.
        let stays =
            !has_ended && (is_later || self.now() < deadline) && reactor.move_timer(key, deadline);
        if stays {
            self.turns = reactor.turns();
            return;
        }
        self.key = None;
        if !has_ended {
            reactor.fire_timer(key);
        }
    }

    /// Ready from the deadline on.
    ///
    /// # Panics
    ///
    /// When the timer must wait and no thread can be made to turn a reactor for it.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Err(error) = std::task::ready!(self.try_poll(cx)) else { return Poll::Ready(()) };
        // A timer has no error to return, and one that never fires would be worse than a panic.
        panic!("the timer made at {} cannot wait: {error}", self.place)
    }

    /// Ready from the deadline on.
    ///
    /// # Errors
    ///
    /// When the timer must wait and no thread can be made to turn a reactor for it.
    pub(crate) fn try_poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let (Some(key), Some(reactor)) = (self.key, &self.reactor) {
            // The lock of a reactor from before a fork may be held by a thread that is not here.
            if !reactor.has_ended() {
                // Polled twice without a turn in between, perhaps within one poll of a task that
                // loops: the wheel does not know how late it is.
                let turns = reactor.turns();
                if std::mem::replace(&mut self.turns, turns) == turns && self.is_due() {
                    self.leave();
                    return Poll::Ready(Ok(()));
                }
                if reactor.timers.poll(key, cx).is_pending() {
                    self.ensure_turned(cx.waker())?;
                    return Poll::Pending;
                }
                // It has fired. A clock that is moved by hand may have fired it a little early.
                if !reactor.has_ended() && (reactor.timers.clock().is_real() || self.is_due()) {
                    self.key = None;
                    return Poll::Ready(Ok(()));
                }
            }
            self.key = None;
        }
        if self.is_due() {
            return Poll::Ready(Ok(()));
        }
        self.join(cx.waker())?;
        self.ensure_turned(cx.waker())?;
        Poll::Pending
    }

    /// Joins the wheel of a reactor that lives.
    fn join(&mut self, waker: &Waker) -> io::Result<()> {
        loop {
            self.choose()?;
            let Some(reactor) = &self.reactor else { continue };
            let key = reactor.insert_timer(self.deadline, waker);
            if !reactor.has_ended() {
                self.key = Some(key);
                self.turns = reactor.turns();
                return Ok(());
            }
            // It ended meanwhile, perhaps before the timer was in.
            reactor.cancel_timer(key);
        }
    }

    /// Leaves the wheel, if it is in one.
    fn leave(&mut self) {
        if let (Some(key), Some(reactor)) = (self.key.take(), &self.reactor) {
            // A reactor that has ended let go of its timers, or is a copy from before a fork.
            if !reactor.has_ended() {
                reactor.cancel_timer(key);
            }
        }
    }

    /// Chooses the reactor whose wheel the timer joins.
    fn choose(&mut self) -> io::Result<()> {
        if self.reactor.as_ref().is_some_and(|reactor| reactor.has_ended()) {
            self.move_out();
        }
        if let Some(reactor) = &self.reactor
            && (!reactor.timers.clock().is_system() || context::holds(reactor.address()))
        {
            return Ok(());
        }
        let here =
            context::reactor().filter(|here| !here.has_ended() && here.timers.clock().is_real());
        self.reactor = Some(here.map_or_else(|| self.outside(), Ok)?);
        Ok(())
    }

    /// Leaves a reactor that has ended. The rest of a virtual duration passes by the clock of the
    /// runtime that this thread is in.
    fn move_out(&mut self) {
        let Some(before) = self.reactor.take() else { return };
        if !before.timers.clock().is_real() {
            let left = self.deadline.duration_since(before.timers.clock().now());
            self.reactor = context::timekeeper().filter(|owner| !owner.has_ended());
            self.deadline = self.now().saturating_add(left);
        }
    }

    /// The reactor for a wait outside every runtime.
    fn outside(&self) -> io::Result<Arc<reactor::ReactorInner>> {
        let reactor = fallback::reactor_at(self.place)?;
        match reactor.timers.clock().is_system() {
            true => Ok(reactor),
            false => Err(io::Error::other("the fallback reactor is a simulated one")),
        }
    }

    fn ensure_turned(&self, waker: &Waker) -> io::Result<()> {
        self.reactor.as_ref().map_or(Ok(()), |reactor| reactor.ensure_turned(waker, self.place))
    }
}

crate::debug::opaque!(Timer, |it| deadline: it.deadline);

impl Drop for Timer {
    fn drop(&mut self) {
        self.leave();
    }
}

/// The clock of timers that stay with `reactor`.
fn clock_of(reactor: Option<&Arc<reactor::ReactorInner>>) -> &Clock {
    reactor.map_or(&Clock::System, |reactor| reactor.timers.clock())
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::runtime::{Builder, Runtime};

    fn poll(timer: &mut Timer) -> Poll<()> {
        timer.poll(&mut Context::from_waker(Waker::noop()))
    }

    fn reactor_of(runtime: &Runtime) -> Arc<reactor::ReactorInner> {
        runtime.handle().reactor().inner().clone()
    }

    #[test]
    fn waits_in_one_wheel_only_while_it_must() {
        for mut runtime in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            let runtime = runtime.worker_threads(1).build().unwrap();
            let reactor = reactor_of(&runtime);
            let _entered = runtime.enter();

            let mut timer = Timer::after(Duration::from_secs(3600));
            assert!(reactor.is_idle(), "made is not waiting");
            assert!(poll(&mut timer).is_pending());
            assert!(poll(&mut timer).is_pending());
            timer.reset(timer.deadline() + Duration::from_secs(1));
            assert!(!reactor.is_idle());
            drop(timer);
            assert!(reactor.is_idle(), "dropped");

            let mut due = Timer::after(Duration::ZERO);
            assert!(poll(&mut due).is_ready());
            assert!(reactor.is_idle(), "what is due joins no wheel");
        }
    }

    #[test]
    fn keeps_a_clock_that_is_not_the_systems() {
        let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
        let home = reactor_of(&runtime);
        let mut timer = {
            let _entered = runtime.enter();
            Timer::after(Duration::from_secs(3600))
        };
        let elsewhere = Builder::new_current_thread().build().unwrap();
        let _entered = elsewhere.enter();
        assert_eq!(timer.now() + Duration::from_secs(3600), timer.deadline());
        assert!(poll(&mut timer).is_pending());
        assert!(!home.is_idle());
        assert!(reactor_of(&elsewhere).is_idle());
    }

    #[test]
    fn joins_no_reactor_that_has_ended() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let reactor = reactor_of(&runtime);
        let handle = runtime.handle().clone();
        let _entered = handle.enter();
        let mut timer = Timer::after(Duration::from_secs(3600));
        assert!(poll(&mut timer).is_pending());
        runtime.shutdown_background();
        let deadline = timer.deadline();
        assert!(poll(&mut timer).is_pending());
        assert!(reactor.is_idle());
        assert_eq!(timer.deadline(), deadline, "real time needs no conversion");
        let mut late = Timer::after(Duration::from_secs(3600));
        assert!(poll(&mut late).is_pending());
        assert!(reactor.is_idle());
    }
}
