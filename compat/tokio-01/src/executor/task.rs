//! A future of futures 0.1 as a task of Minato, and what becomes of its panic.

use std::any::Any;
use std::future::Future;
use std::io::Write;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::enter::Enter;
use crate::bridge::{ToStd, to_std};

/// What a panic gives.
pub(crate) type Payload = Box<dyn Any + Send>;

/// Polls with the thread marked as being in an executor.
pub(crate) struct Entered<F>(ToStd<F>);

impl<F> Entered<F> {
    pub(crate) fn new(future: F) -> Self {
        Self(to_std(future))
    }
}

impl<F: futures::Future> Future for Entered<F> {
    type Output = Result<F::Item, F::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let _entered = Enter::mark();
        Pin::new(&mut self.0).poll(cx)
    }
}

/// Learns of the panics of tasks.
pub(crate) trait OnPanic: Unpin {
    /// The task that was spawned at `place` panicked.
    fn panicked(&self, payload: Payload, place: &'static Location<'static>);
}

/// A spawned task.
pub(crate) struct Task<F, P> {
    /// `None` when it is done.
    future: Option<Entered<F>>,
    on_panic: P,
    place: &'static Location<'static>,
}

impl<F, P: OnPanic> Task<F, P> {
    #[track_caller]
    pub(crate) fn new(future: F, on_panic: P) -> Self {
        let future = Some(Entered::new(future));
        Self { future, on_panic, place: Location::caller() }
    }
}

impl<F, P> Future for Task<F, P>
where
    F: futures::Future<Item = (), Error = ()>,
    P: OnPanic,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { future, on_panic, place } = &mut *self;
        // After a panic the future is only dropped, and that may panic, too.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            if let Some(running) = future
                && Pin::new(running).poll(cx).is_pending()
            {
                return Poll::Pending;
            }
            *future = None;
            Poll::Ready(())
        }));
        polled.unwrap_or_else(|payload| {
            let left = future.take();
            on_panic.panicked(payload, place);
            drop(left);
            Poll::Ready(())
        })
    }
}

/// The panic handler of a pool.
#[derive(Clone, Default)]
pub(crate) struct PanicHandler(Option<Arc<dyn Fn(Payload) + Send + Sync>>);

impl PanicHandler {
    pub(crate) fn new(handler: impl Fn(Payload) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(handler)))
    }
}

impl OnPanic for PanicHandler {
    fn panicked(&self, payload: Payload, place: &'static Location<'static>) {
        match &self.0 {
            Some(handler) => handler(payload),
            None => report(&payload, place),
        }
    }
}

/// Reports a panic that no caller receives.
pub(crate) fn report(payload: &Payload, place: &'static Location<'static>) {
    let text = payload.downcast_ref::<&'static str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("with a value that is no text");
    // `eprintln!` would panic on a closed pipe.
    _ = writeln!(
        std::io::stderr(),
        "tokio: the task that was spawned at {place} has panicked: {text}"
    );
}
