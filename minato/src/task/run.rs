//! The run of a task that only the holder of its core runs, as its thread alone knows it.
//!
//! Such a task is nearly always woken and run on one thread, and no other thread can run or drop
//! it. So a run that an event has caused changes nothing in the task's state. The reference of the
//! waker that the event took out of a slot is in the hands of the run, and goes back to a slot when
//! the task parks again. A wake of the task by itself is noted here until the poll has ended.

use std::cell::Cell;

/// What this thread runs at present: the address of a task, or 0, and what the run has in its
/// hands. A task is aligned, so that its address has room for two bits.
pub(crate) struct Run(Cell<usize>);

/// The run has a reference.
const REFERENCE: usize = 1;
/// The task has woken itself, and the run has the runnable.
const RUNNABLE: usize = 2;
const HANDS: usize = REFERENCE | RUNNABLE;

impl Run {
    pub(crate) const fn none() -> Self {
        Self(Cell::new(0))
    }

    /// Begins a run of the task at an address. Gives back what was run until now, which goes on
    /// afterwards, by [`go_on`](Self::go_on).
    #[inline]
    pub(super) fn begin(&self, task: usize, has_reference: bool) -> usize {
        self.0.replace(task | if has_reference { REFERENCE } else { 0 })
    }

    #[inline]
    pub(super) fn go_on(&self, before: usize) {
        self.0.set(before);
    }

    #[inline]
    fn is_of(&self, task: usize) -> bool {
        self.0.get() & !HANDS == task
    }

    /// Ends the run of the task at an address, if it is under way: whether it leaves a reference,
    /// and the runnable.
    #[inline]
    pub(super) fn end(&self, task: usize) -> (bool, bool) {
        if !self.is_of(task) {
            return (false, false);
        }
        let run = self.0.replace(0);
        (run & REFERENCE != 0, run & RUNNABLE != 0)
    }

    /// Takes the reference from the run of the task at an address, if that is what runs here.
    #[inline]
    pub(super) fn take_reference(&self, task: usize) -> bool {
        let has_reference = self.is_of(task) && self.0.get() & REFERENCE != 0;
        if has_reference {
            self.0.set(self.0.get() - REFERENCE);
        }
        has_reference
    }

    /// Gives it back.
    pub(super) fn give_reference(&self) {
        self.0.set(self.0.get() | REFERENCE);
    }

    /// Leaves the runnable of the task at an address, which has woken itself; false if it is not
    /// what runs here.
    #[inline]
    pub(super) fn give_runnable(&self, task: usize) -> bool {
        let runs_here = self.is_of(task);
        if runs_here {
            self.0.set(self.0.get() | RUNNABLE);
        }
        runs_here
    }
}
