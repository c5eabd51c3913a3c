//! The budget of a poll: how many operations one task may do before others have their turn.
//!
//! A socket that is always ready would let its task loop for ever. So every operation of ours that
//! makes progress takes one from the budget of the poll it is in; when that is used up, the
//! operation says `Pending` and wakes its task at once, which comes round again after the others.

use std::task::{Context, Poll};

use crate::runtime::context;

/// How many operations are left, in one word; polls that are not ours have no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget(u16);

impl Budget {
    /// What a poll of a task gets unless its runtime says otherwise.
    pub(crate) const OF_A_POLL: u8 = 128;

    const USED_UP: Self = Self(0);

    pub(crate) const fn unlimited() -> Self {
        Self(u16::MAX)
    }

    /// A budget of `operations`; 0 stands for no limit.
    pub(crate) const fn limited(operations: u8) -> Self {
        if operations == 0 { Self::unlimited() } else { Self(operations as u16) }
    }
}

/// Asks for leave to do one operation: `Pending`, with the task woken, when the budget is used up.
pub(crate) fn poll_leave(cx: &mut Context<'_>) -> Poll<()> {
    if context::with_budget(|budget| budget.get() != Budget::USED_UP) {
        return Poll::Ready(());
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Takes one operation that made progress from the budget.
pub(crate) fn spend() {
    context::with_budget(|budget| {
        let left = budget.get();
        if left.0 < Budget::unlimited().0 {
            budget.set(Budget(left.0.saturating_sub(1)));
        }
    });
}
