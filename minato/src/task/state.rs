//! The state of a task: one word. Each change of it is one atomic step.
//!
//! The low bits say what the task is doing and whether it has a join handle. The rest counts
//! references. Four things are *holds* and keep the cell alive: [`SCHEDULED`], [`RUNNING`],
//! [`JOINER`] and each counted reference (a waker, an abort handle, the registry).
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
//! A bit that is known to be set or clear is changed by subtracting or adding it. Processors have
//! one instruction that adds and returns the old value, and none that does so for setting bits.

use crate::sync::{AtomicUsize, Ordering};

/// The task's runnable exists, or will exist when the current poll ends.
///
/// Set when the task is made, and by each wake and abort. If neither this nor [`RUNNING`] was set
/// before, the caller of the wake or abort gets the runnable. Cleared by the owner of the runnable
/// when it starts a run. Never set once the task is [`COMPLETE`]; if it was set during the last
/// poll, the completer clears it when it retires.
pub(super) const SCHEDULED: usize = 1 << 0;

/// One thread, the runner, has sole access to the future: it polls it, drops it, or replaces it by
/// its output.
///
/// The owner of the runnable sets this in exchange for the runnable, and clears it. So no two polls
/// overlap, and the cell lives through each poll.
pub(super) const RUNNING: usize = 1 << 1;

/// The future is gone. Its output is in the cell, was taken out, or never existed.
///
/// The runner sets this once, and it is never cleared. If [`JOINER`] was set at that moment, the
/// output belongs to the join handle, and otherwise to the runner. From now on wakes and aborts
/// change nothing.
pub(super) const COMPLETE: usize = 1 << 2;

/// The next run drops the future instead of polling it.
///
/// Any thread may set this, together with [`SCHEDULED`], so that a run follows. The start of a run
/// reads it. It is never cleared: a task that completes in the current poll keeps its output, and
/// the bit then means nothing.
pub(super) const ABORTED: usize = 1 << 3;

/// The join handle exists.
///
/// Set when the task is made. Only the join handle clears it, when it is dropped: before the task
/// is [`COMPLETE`], or after the handle has taken the output out.
pub(super) const JOINER: usize = 1 << 4;

/// One counted reference. The bits from here on count them.
pub(super) const REFERENCE: usize = 1 << 5;

/// The holds: while one is left, the cell lives.
const HOLDS: usize = !(COMPLETE | ABORTED);

/// What the thread that changed the state must do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Nothing,
    /// Hand the runnable, which it now owns, to the scheduler.
    Submit,
    /// End the cell, which it now owns: no hold is left.
    Last,
}

/// The outcome of a wake by a thread that would run the task itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WakeOutcome {
    /// The run has started. The task was not aborted, because it was idle.
    Run,
    /// Another thread has the runnable, or will get it when the current poll ends.
    Nothing,
    /// Nothing changed, and the caller still has its reference.
    Complete,
}

/// How a run of a task begins that only the holder of its core runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Poll,
    Cancel,
    /// The task ended after it was queued.
    Complete(Action),
}

/// What a request for a run (a wake or an abort) makes of `state`. A caller that gives up a
/// reference with the request has subtracted it before.
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

    /// Whether the task is to be polled, and whether it is being polled: for those who look.
    pub(super) fn is_scheduled_or_running(&self) -> (bool, bool) {
        let state = self.0.load(Ordering::Relaxed);
        (state & SCHEDULED != 0, state & RUNNING != 0)
    }

    /// Whether the join handle exists.
    pub(super) fn has_joiner(&self) -> bool {
        self.0.load(Ordering::Acquire) & JOINER != 0
    }

    /// A wake by a caller that keeps its reference.
    #[inline]
    pub(super) fn wake_by_ref(&self) -> Action {
        self.update(|state| request(state, SCHEDULED))
    }

    /// A wake by a caller that gives up its reference. If the task is idle, the runnable replaces
    /// the reference as a hold, all in one step.
    #[inline]
    pub(super) fn wake(&self) -> Action {
        self.update(|state| request(state - REFERENCE, SCHEDULED))
    }

    /// The same, unless the task is complete: then nothing changes, and the reference stays.
    #[inline]
    pub(super) fn wake_unless_complete(&self) -> Option<Action> {
        self.update_incomplete(|state| request(state - REFERENCE, SCHEDULED))
    }

    /// A wake by a caller that gives up its reference and runs an idle task itself, at once: the
    /// run replaces the reference as a hold.
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

    /// Changes the state as `change` says. The write happens even if the state stays the same: the
    /// next run must see what this waker wrote before, even if another wake came first.
    #[inline]
    fn update(&self, change: impl Fn(usize) -> (usize, Action)) -> Action {
        let mut action = Action::Nothing;
        _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |state| {
            let next;
            (next, action) = change(state);
            Some(next)
        });
        action
    }

    /// The same for a task that is not complete. If it is complete, nothing changes, and the caller
    /// sees what the completer wrote.
    #[inline]
    fn update_incomplete<T>(&self, change: impl Fn(usize) -> (usize, T)) -> Option<T> {
        let mut outcome = None;
        let updated = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| {
            if state & COMPLETE != 0 {
                return None;
            }
            let (next, result) = change(state);
            outcome = Some(result);
            Some(next)
        });
        updated.ok().and(outcome)
    }

    /// The owner of the runnable starts a run. Returns whether the task was aborted.
    #[inline]
    pub(super) fn start(&self) -> bool {
        let before = self.0.fetch_add(RUNNING - SCHEDULED, Ordering::AcqRel);
        debug_assert!(before & (SCHEDULED | RUNNING | COMPLETE) == SCHEDULED, "{before:#b}");
        before & ABORTED != 0
    }

    /// The same for a task that only the holder of its core runs. It needs no mark that it runs: a
    /// wake meanwhile is queued at once, for a later run.
    #[inline]
    pub(super) fn start_alone(&self) -> Start {
        let before = self.0.fetch_sub(SCHEDULED, Ordering::AcqRel);
        debug_assert!(before & (SCHEDULED | RUNNING) == SCHEDULED, "{before:#b}");
        match before & (COMPLETE | ABORTED) {
            0 => Start::Poll,
            ABORTED => Start::Cancel,
            _ => Start::Complete(last(before - SCHEDULED)),
        }
    }

    /// Whether no run is asked for or under way, and the task is not complete.
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        self.0.load(Ordering::Acquire) & (SCHEDULED | RUNNING | COMPLETE) == 0
    }

    /// The poll has ended and the future waits. If the task was woken meanwhile, the caller gets
    /// the runnable.
    #[inline]
    pub(super) fn pend(&self) -> Action {
        let before = self.0.fetch_sub(RUNNING, Ordering::AcqRel);
        debug_assert!(before & (RUNNING | COMPLETE) == RUNNING, "{before:#b}");
        match before & SCHEDULED {
            0 => last(before - RUNNING),
            _ => Action::Submit,
        }
    }

    /// The future is gone and its output is in place. The caller, now the completer, holds the cell
    /// until [`Self::retire`].
    pub(super) fn complete(&self) -> Completed {
        let before = self.0.fetch_add(COMPLETE, Ordering::AcqRel);
        debug_assert!(before & (RUNNING | COMPLETE) == RUNNING, "{before:#b}");
        Completed { before }
    }

    /// The same for a task that only the holder of its core runs. If it was woken meanwhile, its
    /// runnable is in a queue, and is a hold of its own; unless the caller `has_runnable`.
    pub(super) fn complete_alone(&self, has_runnable: bool) -> Completed {
        let before = self.0.fetch_add(COMPLETE | RUNNING, Ordering::AcqRel);
        debug_assert!(before & (RUNNING | COMPLETE) == 0, "{before:#b}");
        Completed { before: if has_runnable { before } else { before & !SCHEDULED } }
    }

    /// The completer gives up its hold, and `references` as well.
    pub(super) fn retire(&self, completed: Completed, references: usize) -> Action {
        let holds = RUNNING + (completed.before & SCHEDULED) + references * REFERENCE;
        last(self.0.fetch_sub(holds, Ordering::AcqRel) - holds)
    }

    /// No hold is left, but the future is still there. The cell gets a runnable again, so that the
    /// future is dropped where tasks run.
    pub(super) fn revive(&self) {
        self.0.store(SCHEDULED | ABORTED, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn add_reference(&self) {
        if self.0.fetch_add(REFERENCE, Ordering::Relaxed) > usize::MAX / 2 {
            // Only endless leaking of wakers gets here. Going on would free a cell in use.
            std::process::abort();
        }
    }

    #[inline]
    pub(super) fn drop_reference(&self) -> Action {
        last(self.0.fetch_sub(REFERENCE, Ordering::AcqRel) - REFERENCE)
    }

    /// The join handle leaves without the output. `None` if the task
    /// is complete: then the handle must take the output out first.
    pub(super) fn leave(&self) -> Option<Action> {
        self.update_incomplete(|state| (state - JOINER, last(state - JOINER)))
    }

    /// The join handle leaves after it has taken the output of the complete task out.
    pub(super) fn leave_completed(&self) -> Action {
        last(self.0.fetch_sub(JOINER, Ordering::AcqRel) - JOINER)
    }
}

/// What the completer found in the state.
#[derive(Clone, Copy)]
pub(super) struct Completed {
    pub(super) before: usize,
}

impl Completed {
    /// Whether there is a join handle, which then owns the output.
    pub(super) fn has_joiner(self) -> bool {
        self.before & JOINER != 0
    }
}
