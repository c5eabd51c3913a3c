//! Cooperative scheduling: how a task that always has something to do lets the others run.
//!
//! One poll of a task, or of the future of a `block_on`, has a budget of 128 operations, unless the
//! [builder](crate::runtime::Builder::budget) of its runtime says otherwise. Sockets, timers, join
//! handles and the helpers of [`io`](crate::io) all take from that one budget. When nothing is left
//! they are pending, although they could go on. The task then runs again after the other tasks,
//! with a fresh budget.
//!
//! With [`poll_proceed`] and [`cooperative`] the channels and streams of other libraries take from
//! the same budget. [`consume_budget`] is a place to yield in a long computation, and
//! [`unconstrained`] frees a future from all this.
//!
//! Outside the polls of Minato's runtimes there is no budget, and so none that can be used up.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::budget::{self, Budget};
use crate::runtime::context;

/// Takes one operation from the budget of this poll: `Pending`, with the task woken, if none is
/// left.
///
/// Call it before an operation that may be ready at once, and keep the result until the operation
/// has been tried. Dropping the result gives the operation back, unless
/// [`made_progress`](RestoreOnPending::made_progress) was called on it.
///
/// ```
/// use std::future::poll_fn;
/// use std::task::{Poll, ready};
/// use minato::task::coop;
///
/// # async fn next(items: &mut Vec<i32>) -> Option<i32> {
/// poll_fn(|cx| {
///     let budget = ready!(coop::poll_proceed(cx));
///     let item = items.pop();
///     budget.made_progress();
///     Poll::Ready(item)
/// })
/// .await
/// # }
/// # assert_eq!(minato::run(async { next(&mut vec![7]).await }), Some(7));
/// ```
#[inline]
pub fn poll_proceed(cx: &mut Context<'_>) -> Poll<RestoreOnPending> {
    let before = context::with_budget(Cell::get);
    ready!(budget::poll_counted(cx, |_| Poll::Ready(())));
    let restored = (!before.is_unlimited()).then_some(before);
    Poll::Ready(RestoreOnPending { before: Cell::new(restored), stays_here: PhantomData })
}

/// An operation that was taken from the budget by [`poll_proceed`]. Dropping it gives the operation
/// back, unless it made progress.
#[derive(Debug)]
#[must_use = "dropping it at once gives the operation back"]
pub struct RestoreOnPending {
    /// The budget to go back to, if there is one.
    before: Cell<Option<Budget>>,
    /// It belongs to a poll on this thread.
    stays_here: PhantomData<*mut ()>,
}

impl RestoreOnPending {
    /// Says that the operation was done, so that it stays counted.
    pub fn made_progress(&self) {
        self.before.set(None);
    }
}

impl Drop for RestoreOnPending {
    fn drop(&mut self) {
        if let Some(before) = self.before.get() {
            context::with_budget(|budget| budget.set(before));
        }
    }
}

/// Whether the budget of this poll has an operation left. Outside the polls of a runtime it is
/// always true.
///
/// A loop over futures that ask no budget can look here, and yield when nothing is left.
#[inline]
pub fn has_budget_remaining() -> bool {
    !context::with_budget(Cell::get).is_used_up()
}

/// Takes one operation from the budget, and lets the other tasks run first if none is left.
///
/// # Cancel safety
///
/// Dropping the future has no effect but that the operation may be counted.
///
/// ```
/// use minato::task::coop::consume_budget;
///
/// async fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
///     let mut sum = 0;
///     for number in numbers {
///         sum += number;
///         consume_budget().await;
///     }
///     sum
/// }
/// assert_eq!(minato::run(sum(1..=1000)), 500_500);
/// ```
pub async fn consume_budget() {
    poll_fn(budget::poll_spend).await;
}

/// Makes a future take from the budget: each of its polls first asks for an operation, which counts
/// if the future is then ready.
///
/// ```
/// let two = async { 1 + 1 };
/// assert_eq!(minato::run(minato::task::coop::cooperative(two)), 2);
/// ```
#[inline]
pub fn cooperative<F: Future>(fut: F) -> Coop<F> {
    Coop { fut }
}

pin_project! {
    /// A future that takes from the budget; made by [`cooperative`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Coop<F: Future> {
        #[pin]
        fut: F,
    }
}

impl<F: Future> Future for Coop<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let budget = ready!(poll_proceed(cx));
        let output = ready!(self.project().fut.poll(cx));
        budget.made_progress();
        Poll::Ready(output)
    }
}

/// Frees a future from the budget: nothing in it is ever pending only to let others run.
///
/// A future that never waits then keeps its thread for itself.
///
/// ```
/// use minato::task::coop::{consume_budget, unconstrained};
///
/// minato::run(unconstrained(async {
///     for _ in 0..1000 {
///         consume_budget().await; // never yields
///     }
/// }));
/// ```
pub fn unconstrained<F>(inner: F) -> Unconstrained<F> {
    Unconstrained { inner }
}

pin_project! {
    /// A future without a budget; made by [`unconstrained`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Unconstrained<F> {
        #[pin]
        inner: F,
    }
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let inner = self.project().inner;
        context::with_budget_of(Budget::unlimited(), || inner.poll(cx))
    }
}
