//! Futures and streams of futures 0.1, as those of std.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use futures::executor::{Notify, NotifyHandle, Spawn, spawn};
use futures_core::Stream;
use minato::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{current, poll_std};

/// Turns a future or a stream of futures 0.1 into one of std, whose items are `Result`s, and a
/// reader or a writer of this crate into one of Minato.
///
/// It is a task of its own to what it polls: `futures::task::current()` within is a handle to the
/// waker that the poll was given.
///
/// ```
/// use tokio::bridge::to_std;
///
/// # pollster::block_on(async {
/// assert_eq!(to_std(futures::future::ok::<_, ()>(1)).await, Ok(1));
/// # });
/// ```
pub fn to_std<T>(old: T) -> ToStd<T> {
    ToStd { task: spawn(old), notifier: None }
}

/// A future or stream of futures 0.1 as one of std; see [`to_std`].
#[must_use = "futures and streams do nothing unless polled"]
pub struct ToStd<T> {
    task: Spawn<T>,
    /// What handles to this task notify; made when the first is asked for.
    notifier: Option<Arc<Notifier>>,
}

impl<T> ToStd<T> {
    /// What was given to [`to_std`].
    pub fn get_ref(&self) -> &T {
        self.task.get_ref()
    }

    /// What was given to [`to_std`], to be changed.
    pub fn get_mut(&mut self) -> &mut T {
        self.task.get_mut()
    }

    /// Gives back what was given to [`to_std`].
    pub fn into_inner(self) -> T {
        self.task.into_inner()
    }

    /// Calls `poll` as the task that `cx` wakes.
    fn enter<R>(&mut self, cx: &Context<'_>, poll: impl FnOnce(&mut T) -> R) -> R {
        let waker = cx.waker();
        let notifier = self.notifier.take().filter(|old| old.0.will_wake(waker));
        let notifier = RefCell::new(notifier);
        let result = self.task.poll_fn_notify(&Handles { waker, notifier: &notifier }, 0, poll);
        self.notifier = notifier.into_inner();
        result
    }
}

// What it holds is never pinned: futures 0.1 moves futures as it likes.
impl<T> Unpin for ToStd<T> {}

/// Makes handles to one task, while it is polled.
#[derive(Clone)]
struct Handles<'a> {
    waker: &'a Waker,
    notifier: &'a RefCell<Option<Arc<Notifier>>>,
}

impl From<Handles<'_>> for NotifyHandle {
    fn from(handles: Handles<'_>) -> Self {
        current::handle(handles.waker, || {
            let mut notifier = handles.notifier.borrow_mut();
            let made = notifier.get_or_insert_with(|| Arc::new(Notifier(handles.waker.clone())));
            Self::from(made.clone())
        })
    }
}

struct Notifier(Waker);

impl Notify for Notifier {
    fn notify(&self, _: usize) {
        self.0.wake_by_ref();
    }
}

impl<F: futures::Future> Future for ToStd<F> {
    type Output = Result<F::Item, F::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        poll_std(self.enter(cx, F::poll))
    }
}

impl<S: futures::Stream> Stream for ToStd<S> {
    type Item = Result<S::Item, S::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        poll_std(self.enter(cx, S::poll)).map(Result::transpose)
    }
}

impl<T: crate::io::AsyncRead> AsyncRead for ToStd<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buf.initialize_unfilled();
        let len = ready!(poll_std(self.enter(cx, |old| old.poll_read(room))))?;
        buf.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl<T: crate::io::AsyncWrite> AsyncWrite for ToStd<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        poll_std(self.enter(cx, |old| old.poll_write(buf)))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_std(self.enter(cx, |old| old.poll_flush()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_std(self.enter(cx, |old| old.shutdown()))
    }
}

impl<T> fmt::Debug for ToStd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToStd").finish_non_exhaustive()
    }
}
