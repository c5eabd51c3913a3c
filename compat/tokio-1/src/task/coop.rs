//! The budget of a task: how much it may do in one poll before it lets others run.

use std::task::{Context, Poll};

pub use minato::task::coop::{
    Coop, RestoreOnPending, Unconstrained, consume_budget, cooperative, has_budget_remaining,
    poll_proceed, unconstrained,
};

/// For `select!`: `Pending`, and a wake, if the budget is spent.
pub(crate) fn poll_budget_available(cx: &mut Context<'_>) -> Poll<()> {
    poll_proceed(cx).map(drop)
}
