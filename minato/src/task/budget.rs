//! The budget of a poll: how many operations one task may do before others have their turn.
//!
//! A socket that is always ready would let its task loop for ever. So every operation of ours that
//! makes progress takes one from the budget of the poll it is in; when that is used up, the
//! operation says `Pending` and wakes its task at once, which comes round again after the others.
//!
//! Somebody else's `block_on` within a task polls its future again and again within one poll of
//! ours. It must not be refused for ever, so after some refusals the budget begins anew. A future
//! that returns when it is refused does not come to that.

use std::task::{Context, Poll};

use crate::runtime::context;

/// How many operations are left; below zero, how many were refused since. Polls that are not ours
/// have so many that they never come to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget(i64);

impl Budget {
    /// What a poll of a task gets unless its runtime says otherwise.
    pub(crate) const OF_A_POLL: u8 = 128;

    /// Nobody is refused more often than this but for a foreign `block_on`.
    const REFUSALS: i64 = 1024;

    pub(crate) const fn unlimited() -> Self {
        Self(i64::MAX)
    }

    /// A budget of `operations`; 0 stands for no limit.
    pub(crate) const fn limited(operations: u8) -> Self {
        if operations == 0 { Self::unlimited() } else { Self(operations as i64) }
    }

    #[inline]
    fn is_used_up(self) -> bool {
        self.0 <= 0
    }

    #[inline]
    fn after_operation(self) -> Self {
        Self(self.0 - 1)
    }

    fn after_refusal(self) -> Self {
        if self.0 <= -Self::REFUSALS { Self::limited(Self::OF_A_POLL) } else { Self(self.0 - 1) }
    }
}

/// Asks for leave to do one operation: `Pending`, with the task woken, when the budget is used up.
pub(crate) fn poll_leave(cx: &mut Context<'_>) -> Poll<()> {
    if context::with_budget(|budget| !budget.get().is_used_up()) {
        return Poll::Ready(());
    }
    refuse(cx)
}

#[cold]
fn refuse(cx: &mut Context<'_>) -> Poll<()> {
    context::with_budget(|budget| budget.set(budget.get().after_refusal()));
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Takes one operation that made progress from the budget.
pub(crate) fn spend() {
    context::with_budget(|budget| budget.set(budget.get().after_operation()));
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
        assert_eq!(refusals, Budget::REFUSALS + 1);
        assert_eq!(budget, Budget::limited(Budget::OF_A_POLL));
    }

    #[test]
    fn no_limit_is_never_used_up() {
        let mut budget = Budget::limited(0);
        assert_eq!(budget, Budget::unlimited());
        for _ in 0..1_000_000 {
            budget = budget.after_operation();
        }
        assert!(!budget.is_used_up());
    }
}
