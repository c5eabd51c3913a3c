//! Who turns a reactor, and who does it when that one does not.
//!
//! The thread that holds a core turns its reactor between polls of tasks. It may be stuck in one
//! poll (a task that blocks), or nobody may hold the core (`block_on` has returned). Then somebody
//! else has to turn the reactor. Two clients watch cores for that:
//!
//! * the *monitor*, on the background thread, watches cores that somebody outside waits on;
//! * the *standby worker* of a multi-thread runtime, one that sleeps, watches its siblings.
//!
//! Each client has a [`WatchedCore`] for each core, and looks at it from time to time.
//!
//! # The states of a watched core
//!
//! ```text
//!                     turned, or parked               not turned for STUCK_AFTER
//!       .--------------------------------> RUNNING ------------------------------.
//!       |                                  look again after STUCK_AFTER          |
//!       |                                   |         ^                          v
//!       |                            parks  |         |  turns                 STUCK
//!       |                                   v         |         the client turns the reactor,
//!       |     it turns often, so           PARKED ----'         and watches its descriptor;
//!       |     look again after              |                   look again after
//!       |     RECHECK_PARKED                |  it turns seldom  RECHECK_PARKED
//!       |                                   v                                    |
//!       |                                 QUIET                                  |
//!       |    no look before the next timer of the reactor; a holder              |
//!       |    that turns before that wakes the client                             |
//!       |                                                                        |
//!       '------------------------------ the holder turns ------------------------'
//! ```
//!
//! A core that nobody holds is treated as STUCK, but the client does not look again before the
//! descriptor is readable, a timer is due, or somebody takes the core.
//!
//! # Sleeping while cores are quiet
//!
//! A client whose cores are all quiet sleeps until the first of their timers is due. The word in
//! [`Sleep`] says so. Client and holder each write one word and then read the other's, so one of
//! them sees the other:
//!
//! | the client | the holder, at the end of each turn |
//! |---|---|
//! | 1. finds the core parked, and notes its number of turns | 1. counts the turn |
//! | 2. writes until when it sleeps | 2. reads until when the client sleeps |
//! | 3. reads the number again; looks soon if it changed | 3. wakes it if that is too late |
//!
//! So on a busy core a turn costs a load, and on a quiet one no more than one system call. A turn
//! that a timer has ended costs none: the client wakes by itself a little after that timer, and
//! then sees whether the holder is stuck.

mod core;
pub(crate) mod monitor;
pub(crate) mod polls;
mod sleep;

pub(crate) use self::core::WatchedCore;
pub use self::polls::{SlowPoll, watch_polls};
pub(crate) use self::sleep::Sleep;

use std::io;
use std::panic::Location;
use std::task::Waker;
use std::time::Duration;

use super::ReactorInner;
use crate::runtime::context;
use crate::runtime::implicit::{HiddenThread, permit};
use crate::sync::{Arc, Ordering};

/// Who turns a reactor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum TurnedBy {
    /// Nobody at present: a core that no thread holds.
    Nobody = 0,
    /// A worker, or a thread in `block_on`, which holds the core.
    CoreHolder = 1,
    /// A background thread of its own.
    Thread = 2,
    /// Its owner, by hand.
    Owner = 3,
}

impl TurnedBy {
    /// Whether others wait for the reactor through its descriptor: its owner turns it by hand, or
    /// the monitor turns it since nobody holds it.
    pub(crate) fn is_watched_by_descriptor(self) -> bool {
        matches!(self, Self::Owner | Self::Nobody)
    }
}

/// How long a holder may be in one poll before others turn its reactor.
pub(crate) const STUCK_AFTER: Duration = Duration::from_millis(1);

/// After how long a client looks again at a core that is parked and turns often, or at one that is
/// stuck.
const RECHECK_PARKED: Duration = Duration::from_millis(5);

/// The longest pause between two looks for waits within polls.
const LONGEST_RECHECK: Duration = Duration::from_millis(50);

/// How long a sleep of the client must have been to be worth the system call that ends it. A core
/// that ended one sooner is looked at every [`RECHECK_PARKED`], until it does not turn in between.
const SLEEP_PAYS_FROM: Duration = Duration::from_millis(10);

/// How long after a timer of a quiet core the client looks at it: the holder wakes by then.
const AFTER_TIMER: Duration = Duration::from_millis(2);

/// The earlier of two times; `None` is never.
pub(crate) fn earlier(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

impl ReactorInner {
    /// Called after `waker` was left here: makes sure that the reactor will be turned.
    ///
    /// Within a task's own poll there is nothing to do: when the poll returns, the thread goes on
    /// to turn. Any other wait may be that of a thread which now blocks.
    ///
    /// # Errors
    ///
    /// When a thread is needed for it and cannot be started or is forbidden, or nobody steps the
    /// simulated host.
    #[inline]
    pub(crate) fn ensure_turned(
        self: &Arc<Self>,
        waker: &Waker,
        place: &'static Location<'static>,
    ) -> io::Result<()> {
        if context::will_turn(self.address(), waker) {
            return Ok(());
        }
        match self.turned_by() {
            TurnedBy::Thread | TurnedBy::Owner => Ok(()),
            _ if self.watcher.is_watched() && self.watched_from_outside.load(Ordering::Relaxed) => {
                Ok(())
            }
            // The reactor of a sibling: it turns, or the standby worker does in its place.
            TurnedBy::CoreHolder
                if context::polls_for(self.owner.load(Ordering::Relaxed), waker)
                    && context::has_siblings() =>
            {
                Ok(())
            }
            turned_by => self.have_watched(turned_by, place),
        }
    }

    /// Has the monitor watch this core. Where hidden threads are forbidden, whatever waits relies
    /// on the thread that holds the core, and without one it is an error.
    #[cold]
    fn have_watched(
        self: &Arc<Self>,
        turned_by: TurnedBy,
        place: &'static Location<'static>,
    ) -> io::Result<()> {
        // The holder itself, in a poll: it turns when that returns, unless a foreign `block_on` is
        // what waits.
        let is_within_poll = context::holds(self.address());
        if is_within_poll && self.watcher.is_watched() {
            return Ok(());
        }
        if self.driver.host().is_none()
            && let Err(forbidden) = permit(HiddenThread::REACTOR, place)
        {
            return if turned_by == TurnedBy::CoreHolder { Ok(()) } else { Err(forbidden) };
        }
        monitor::watch(self, !is_within_poll)
    }
}
