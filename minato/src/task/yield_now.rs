//! Letting the other tasks run.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::runtime::context;

/// Lets every other task that is ready run before this one goes on.
///
/// Works on every executor. In a Minato runtime the reactor is looked at too before this task goes
/// on. So a task that yields until some I/O is done sees it done, even if it yields all the time.
///
/// # Cancel safety
///
/// Dropping the future has no effect.
///
/// ```
/// minato::run(async {
///     let other = minato::spawn(async { 7 });
///     minato::task::yield_now().await; // the other task runs meanwhile
///     assert_eq!(other.await.unwrap(), 7);
/// });
/// ```
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// The future of [`yield_now`]: ready when it is polled for the second time.
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        context::give_way(cx);
        Poll::Pending
    }
}
