//! The budget of a poll: how many operations one task may do before the others have their turn.
//!
//! A socket that is always ready would let its task loop for ever. So every operation of this
//! library that makes progress takes one from the budget of the poll that it is in. When nothing is
//! left, an operation is refused: it wakes its task and returns `Pending`, and the task runs again
//! after the others.
//!
//! Only polls by a runtime of this library have a budget. A helper that loops within one poll also
//! has a [`CallBudget`], so that it returns to other executors too.
//!
//! A foreign `block_on` within a task polls its future again and again within one poll of the task.
//! To refuse it for ever would hang the thread. So after [`Budget::MAX_REFUSALS`] refusals within
//! one poll the budget starts anew. A future that returns when it is refused never gets there.

use std::task::{Context, Poll, ready};

use crate::runtime::context;

/// How many operations are left. Below zero: how many were refused since nothing was left. Foreign
/// polls have more operations than any of them could use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget(i64);

impl Budget {
    /// What a poll of a task gets unless its runtime says otherwise.
    pub(crate) const OF_A_POLL: u8 = 128;

    const MAX_REFUSALS: i64 = 1024;

    pub(crate) const fn unlimited() -> Self {
        Self(i64::MAX)
    }

    /// A budget of `operations`; 0 stands for no limit.
    pub(crate) const fn limited(operations: u8) -> Self {
        if operations == 0 { Self::unlimited() } else { Self(operations as i64) }
    }

    #[inline]
    pub(crate) fn is_used_up(self) -> bool {
        self.0 <= 0
    }

    /// Whether it never runs out, however much of it was used.
    #[inline]
    pub(crate) fn is_unlimited(self) -> bool {
        self.0 > i64::MAX / 2
    }

    #[inline]
    fn after_operation(self) -> Self {
        Self(self.0 - 1)
    }

    /// Uses up no more than there is: below zero only refusals are counted.
    fn after_operations(self, count: i64) -> Self {
        Self((self.0 - count).max(self.0.min(0)))
    }

    fn after_refusal(self) -> Self {
        if self.0 <= -Self::MAX_REFUSALS {
            Self::limited(Self::OF_A_POLL)
        } else {
            Self(self.0 - 1)
        }
    }
}

/// Asks for leave to do one operation: `Pending`, with the task woken, when the budget is used up.
///
/// An operation that then makes progress calls [`spend`].
pub(crate) fn poll_leave(cx: &mut Context<'_>) -> Poll<()> {
    if context::with_budget(|budget| !budget.get().is_used_up()) {
        return Poll::Ready(());
    }
    refuse(cx)
}

#[cold]
fn refuse(cx: &mut Context<'_>) -> Poll<()> {
    context::with_budget(|budget| budget.set(budget.get().after_refusal()));
    context::give_way(cx);
    Poll::Pending
}

/// Takes one operation that made progress from the budget.
pub(crate) fn spend() {
    context::with_budget(|budget| budget.set(budget.get().after_operation()));
}

/// Runs `operation` unless the budget is used up, and counts it if it is ready.
pub(crate) fn poll_counted<T>(
    cx: &mut Context<'_>,
    operation: impl FnOnce(&mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    ready!(poll_leave(cx));
    let output = ready!(operation(cx));
    spend();
    Poll::Ready(output)
}

/// Counts an operation that is always ready.
pub(crate) fn poll_spend(cx: &mut Context<'_>) -> Poll<()> {
    poll_counted(cx, |_| Poll::Ready(()))
}

/// How much one poll of a helper may do that goes on while both its ends are ready: 128 operations,
/// or about 1 MiB read and written. What it does also counts against the budget of the task's poll.
///
/// The share is large enough that the cost of the extra wake is lost in that of the work.
pub(crate) struct CallBudget(Budget);

impl CallBudget {
    /// This many bytes count as one more operation, so that large buffers do not make a poll long.
    const BYTES_PER_OPERATION: usize = 8 * 1024;

    /// A full budget, for a poll that begins; `Pending`, with the task woken, when that of the
    /// task's poll is used up.
    pub(crate) fn poll_new(cx: &mut Context<'_>) -> Poll<Self> {
        poll_leave(cx).map(|()| Self(Budget::limited(Budget::OF_A_POLL)))
    }

    /// Counts an operation that moved `bytes`; `Pending`, with the task woken, once one of the two
    /// budgets is used up.
    pub(crate) fn poll_spend(&mut self, cx: &mut Context<'_>, bytes: usize) -> Poll<()> {
        let count = 1 + (bytes / Self::BYTES_PER_OPERATION) as i64;
        self.0 = self.0.after_operations(count);
        let of_the_poll = context::with_budget(|budget| {
            budget.set(budget.get().after_operations(count));
            budget.get()
        });
        if !self.0.is_used_up() && !of_the_poll.is_used_up() {
            return Poll::Ready(());
        }
        context::give_way(cx);
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_used_up_and_comes_back_after_many_refusals() {
        let mut budget = Budget::limited(2);
        for _ in 0..2 {
            assert!(!budget.is_used_up());
            budget = budget.after_operation();
        }
        let mut refusals = 0;
        while budget.is_used_up() {
            budget = budget.after_refusal();
            refusals += 1;
        }
        assert_eq!(refusals, Budget::MAX_REFUSALS + 1);
        assert_eq!(budget, Budget::limited(Budget::OF_A_POLL));
    }

    #[test]
    fn no_limit_is_never_used_up() {
        let mut budget = Budget::limited(0);
        assert!(budget.is_unlimited() && !Budget::limited(255).is_unlimited());
        for _ in 0..1_000_000 {
            budget = budget.after_operation();
        }
        assert!(!budget.is_used_up() && budget.is_unlimited());
    }
}
