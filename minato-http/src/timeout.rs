//! A limit on the time of a request, as a layer of tower.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use minato::time::timeout;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::BoxError;

/// Makes a [`Timeout`] of a service.
#[derive(Clone, Copy, Debug)]
pub struct TimeoutLayer {
    limit: Duration,
}

impl TimeoutLayer {
    /// A layer for services whose answers may take `limit`.
    pub fn new(limit: Duration) -> Self {
        Self { limit }
    }
}

impl<S> Layer<S> for TimeoutLayer {
    type Service = Timeout<S>;

    fn layer(&self, service: S) -> Timeout<S> {
        Timeout::new(service, self.limit)
    }
}

/// A service whose answers may take no longer than a limit, by the clock of the runtime: the error
/// is then a [`minato::time::error::Elapsed`], and the future of the answer is dropped.
///
/// What tower's own needs a runtime of tokio's for.
#[derive(Clone, Copy, Debug)]
pub struct Timeout<S> {
    service: S,
    limit: Duration,
}

impl<S> Timeout<S> {
    /// Gives `service` the limit.
    pub fn new(service: S, limit: Duration) -> Self {
        Self { service, limit }
    }

    /// The service.
    pub fn get_ref(&self) -> &S {
        &self.service
    }

    /// Gives the service back.
    pub fn into_inner(self) -> S {
        self.service
    }
}

impl<S, R> Service<R> for Timeout<S>
where
    S: Service<R>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = TimeoutFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.service.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: R) -> Self::Future {
        TimeoutFuture { answer: timeout(self.limit, self.service.call(request)) }
    }
}

pin_project! {
    /// The answer of a [`Timeout`].
    #[derive(Debug)]
    pub struct TimeoutFuture<F> {
        #[pin]
        answer: minato::time::Timeout<F>,
    }
}

impl<F, T, E> Future for TimeoutFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(self.project().answer.poll(cx))?;
        Poll::Ready(answer.map_err(Into::into))
    }
}
