//! The state of a task: one word, of which every change is one atomic step.
//!
//! The low bits say what the task is doing and who has an interest in it, the rest counts
//! references. A cell lives as long as any of its *holds* does: [`SCHEDULED`], [`RUNNING`],
//! [`JOINER`] or a counted reference (wakers, abort handles, the registry).
//!
//! ```text
//!             spawn                  start                pend
//! (nothing) ────────▶ SCHEDULED ──────────────▶ RUNNING ────────▶ idle
//!                         ▲                      │   │              │
//!                         │    pend, woken       │   │ complete     │ wake, abort
//!                         ├──────────────────────┘   ▼              │
//!                         │              RUNNING + COMPLETE         │
//!                         │                          │ retire       │
//!                         │                          ▼              │
//!                         │                       COMPLETE          │
//!                         └─────────────────────────────────────────┘
//! ```
//!
//! Where a bit is known to be set or clear, it is changed by adding or subtracting it, since
//! processors can add and tell what was there before in one instruction, which they cannot for
//! setting or clearing bits.

use crate::sync::{AtomicUsize, Ordering};

/// The task's runnable exists, or is going to exist when the poll that is under way ends.
///
/// Set with the task itself, and by whoever wakes or aborts it: if neither this nor [`RUNNING`] was
/// set before, that one gets the runnable. Cleared by whoever starts a run, who owns the runnable.
/// Not set once the task is [`COMPLETE`]; one that was set during the last poll is cleared when the
/// task retires.
pub(super) const SCHEDULED: usize = 1 << 0;

/// Somebody has the future to himself: polls it, or drops it, or puts its output in its place.
///
/// Set and cleared only by the owner of the runnable, which it takes the place of. So no two polls
/// overlap, and the cell cannot go away under one.
pub(super) const RUNNING: usize = 1 << 1;

/// The future is gone. Its output is in the cell, was there, or is never to be.
///
/// Set once, by whoever is [`RUNNING`], and never cleared. If [`JOINER`] was set at that moment the
/// output belongs to the join handle, and otherwise to whoever set this bit. From now on wakes and
/// aborts change nothing.
pub(super) const COMPLETE: usize = 1 << 2;

/// The future is to be dropped instead of polled.
///
/// Set by anybody, together with [`SCHEDULED`], so that a run comes that looks at it. Looked at
/// when a run starts. Never cleared: a task that completes in the poll that was under way keeps its
/// output, and the bit means nothing any more.
pub(super) const ABORTED: usize = 1 << 3;

/// The join handle exists.
///
/// Set with the task itself. Cleared only by the join handle when it is dropped: before the task is
/// [`COMPLETE`], or after it has taken the output out.
pub(super) const JOINER: usize = 1 << 4;

/// The place for the join handle's waker has been lent to whoever completes the task.
///
/// While this is clear the place belongs to the join handle. The handle sets it after it has put a
/// waker there, and clears it to have the place back; if it learns in doing so that the task is
/// [`COMPLETE`], the place is what it was before: its own if it came too late to lend it, and the
/// completer's if it came too late to take it back. Nobody else changes it.
pub(super) const AWAITER: usize = 1 << 5;

/// One counted reference; the bits from here on are their number.
pub(super) const REFERENCE: usize = 1 << 6;

/// Whatever keeps the cell alive.
const HOLDS: usize = !(COMPLETE | ABORTED | AWAITER);

/// What whoever changed the state must do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Nothing,
    /// It got the runnable: hand it to the scheduler.
    Submit,
    /// Nobody holds the cell any more: it belongs to the caller.
    Last,
}

/// What came of a wake by somebody who would run the task himself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WakeOutcome {
    /// The run is started. The task was not aborted, or it would not have been idle.
    Run,
    /// Somebody else has the runnable, or will get it when the poll that is under way ends.
    Nothing,
    /// Nothing was changed, and the reference is still there.
    Complete,
}

/// What a request for a run (a wake or an abort) makes of `state`. Whoever gives up a reference
/// with it has subtracted that before.
const fn request(state: usize, bits: usize) -> (usize, Action) {
    if state & COMPLETE != 0 {
        return (state, last(state));
    }
    let after = match state & (SCHEDULED | RUNNING) {
        0 => Action::Submit,
        _ => Action::Nothing,
    };
    (state | bits, after)
}

const fn last(state: usize) -> Action {
    match state & HOLDS {
        0 => Action::Last,
        _ => Action::Nothing,
    }
}

/// The state of one task.
pub(super) struct State(pub(super) AtomicUsize);

impl State {
    /// A fresh task: its runnable, its join handle and one reference.
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(SCHEDULED | JOINER | REFERENCE))
    }

    pub(super) fn is_complete(&self) -> bool {
        self.0.load(Ordering::Acquire) & COMPLETE != 0
    }

    /// Whether the join handle exists.
    pub(super) fn has_joiner(&self) -> bool {
        self.0.load(Ordering::Acquire) & JOINER != 0
    }

    /// A wake by somebody who keeps his reference.
    #[inline]
    pub(super) fn wake_by_ref(&self) -> Action {
        self.update(|state| request(state, SCHEDULED))
    }

    /// A wake by somebody who gives his reference up. If the task is idle the runnable takes the
    /// reference's place as a hold, which makes this one step in all.
    #[inline]
    pub(super) fn wake(&self) -> Action {
        self.update(|state| request(state - REFERENCE, SCHEDULED))
    }

    /// The same, unless the task is complete: then nothing is changed, and the reference stays.
    #[inline]
    pub(super) fn wake_unless_complete(&self) -> Option<Action> {
        self.update_incomplete(|state| request(state - REFERENCE, SCHEDULED))
    }

    /// A wake by somebody who gives his reference up and runs an idle task himself, at once: a hold
    /// takes the reference's place as in a wake, and it is that of the run.
    #[inline]
    pub(super) fn wake_and_start(&self) -> WakeOutcome {
        let started = self.update_incomplete(|state| match state & (SCHEDULED | RUNNING) {
            0 => (state - REFERENCE + RUNNING, WakeOutcome::Run),
            _ => ((state - REFERENCE) | SCHEDULED, WakeOutcome::Nothing),
        });
        started.unwrap_or(WakeOutcome::Complete)
    }

    pub(super) fn abort(&self) -> Action {
        self.update(|state| request(state, SCHEDULED | ABORTED))
    }

    /// Changes the state as `change` says. It is written even if it stays the same: whoever runs
    /// the task next must see what the waker wrote before, although another had woken it already.
    #[inline]
    fn update(&self, change: impl Fn(usize) -> (usize, Action)) -> Action {
        let mut state = self.0.load(Ordering::Relaxed);
        loop {
            let (next, after) = change(state);
            let changed =
                self.0.compare_exchange_weak(state, next, Ordering::AcqRel, Ordering::Relaxed);
            match changed {
                Ok(_) => return after,
                Err(now) => state = now,
            }
        }
    }

    /// The same for a task that is not complete; nothing is changed of one that is.
    #[inline]
    fn update_incomplete<T>(&self, change: impl Fn(usize) -> (usize, T)) -> Option<T> {
        let mut state = self.0.load(Ordering::Relaxed);
        while state & COMPLETE == 0 {
            let (next, outcome) = change(state);
            let changed =
                self.0.compare_exchange_weak(state, next, Ordering::AcqRel, Ordering::Relaxed);
            match changed {
                Ok(_) => return Some(outcome),
                Err(now) => state = now,
            }
        }
        None
    }

    /// The owner of the runnable starts a run; whether the task was aborted.
    #[inline]
    pub(super) fn start(&self) -> bool {
        let before = self.0.fetch_add(RUNNING - SCHEDULED, Ordering::AcqRel);
        debug_assert!(before & (SCHEDULED | RUNNING | COMPLETE) == SCHEDULED, "{before:#b}");
        before & ABORTED != 0
    }

    /// The poll ended and the future waits. If it was woken meanwhile its runnable is due.
    #[inline]
    pub(super) fn pend(&self) -> Action {
        let before = self.0.fetch_sub(RUNNING, Ordering::AcqRel);
        debug_assert!(before & (RUNNING | COMPLETE) == RUNNING, "{before:#b}");
        match before & SCHEDULED {
            0 => last(before - RUNNING),
            _ => Action::Submit,
        }
    }

    /// The future is gone and its output in place. The cell stays ours until [`Self::retire`].
    pub(super) fn complete(&self) -> Completed {
        let before = self.0.fetch_add(COMPLETE, Ordering::AcqRel);
        debug_assert!(before & (RUNNING | COMPLETE) == RUNNING, "{before:#b}");
        Completed { before }
    }

    /// The completer lets go of the cell, and of `references` besides.
    pub(super) fn retire(&self, completed: Completed, references: usize) -> Action {
        let holds = RUNNING + (completed.before & SCHEDULED) + references * REFERENCE;
        last(self.0.fetch_sub(holds, Ordering::AcqRel) - holds)
    }

    /// Nobody holds the cell, but its future is still there: it becomes a runnable once more, to be
    /// dropped where tasks are run.
    pub(super) fn revive(&self) {
        self.0.store(SCHEDULED | ABORTED, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn add_reference(&self) {
        if self.0.fetch_add(REFERENCE, Ordering::Relaxed) > usize::MAX / 2 {
            // Only leaking wakers without end comes to this; going on would free a cell in use.
            std::process::abort();
        }
    }

    #[inline]
    pub(super) fn drop_reference(&self) -> Action {
        last(self.0.fetch_sub(REFERENCE, Ordering::AcqRel) - REFERENCE)
    }

    /// The join handle, which put a waker into its place, lends the place to the completer; false
    /// if that is too late.
    pub(super) fn lend_awaiter(&self) -> bool {
        let before = self.0.fetch_add(AWAITER, Ordering::AcqRel);
        debug_assert!(before & (JOINER | AWAITER) == JOINER, "{before:#b}");
        before & COMPLETE == 0
    }

    /// The join handle wants its place back; false if it was not lent, or the completer has it.
    pub(super) fn take_awaiter_back(&self) -> bool {
        if self.0.load(Ordering::Relaxed) & (AWAITER | COMPLETE) != AWAITER {
            return false;
        }
        self.0.fetch_sub(AWAITER, Ordering::AcqRel) & COMPLETE == 0
    }

    /// The join handle goes without the output, after it has its waker's place back; `None` if the
    /// task is complete, so that the output must be taken out first.
    pub(super) fn leave(&self) -> Option<Action> {
        let mut state = self.0.load(Ordering::Acquire);
        while state & COMPLETE == 0 {
            let left = self.0.compare_exchange_weak(
                state,
                state - JOINER,
                Ordering::AcqRel,
                Ordering::Acquire,
            );
            match left {
                Ok(_) => return Some(last(state - JOINER)),
                Err(now) => state = now,
            }
        }
        None
    }

    /// The join handle goes, after the task has completed and the output is taken out.
    pub(super) fn leave_completed(&self) -> Action {
        last(self.0.fetch_sub(JOINER, Ordering::AcqRel) - JOINER)
    }
}

/// What the completer found.
#[derive(Clone, Copy)]
pub(super) struct Completed {
    pub(super) before: usize,
}

impl Completed {
    /// Whether a join handle is there, to which the output belongs.
    pub(super) fn has_joiner(self) -> bool {
        self.before & JOINER != 0
    }

    /// Whether the place of the join handle's waker was lent to the completer.
    pub(super) fn has_awaiter(self) -> bool {
        self.before & AWAITER != 0
    }
}
