//! Serving HTTP/1 and HTTP/2 until told to end, and ending without breaking off what is under way.

use std::fmt;
use std::future::{Future, IntoFuture, Pending, pending, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::{Request, Response};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use minato::compat::{Executor, Timer};
use minato::task::JoinSet;
use minato::time::timeout;
use minato_service::{GracefulShutdown, Token};
use tower_service::Service;

use crate::{BoxError, IntoListener, Listener};

/// How long a handshake may take, unless told otherwise.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// Answers the requests of all connections of `listener` by clones of `service`, HTTP/1 and HTTP/2
/// as each connection begins, until it is dropped or [told to end](Serve::with_graceful_shutdown).
///
/// Await what is returned, or spawn its future.
pub fn serve<L, S>(
    listener: L,
    service: S,
) -> Serve<L::Listener, impl FnMut(&<L::Listener as Listener>::Io) -> S + Clone + Send + 'static>
where
    L: IntoListener,
    S: Clone + Send + 'static,
{
    serve_with(listener, move |_: &_| service.clone())
}

/// Like [`serve`]; `make` gives the service of a connection after its handshake, and sees the
/// connection: the address of the peer, a certificate of its.
pub fn serve_with<L, M, S>(listener: L, make: M) -> Serve<L::Listener, M>
where
    L: IntoListener,
    M: FnMut(&<L::Listener as Listener>::Io) -> S,
{
    let mut http = Builder::new(Executor);
    http.http1().timer(Timer);
    http.http2().timer(Timer);
    Serve {
        listener: listener.into_listener(),
        make,
        http,
        signal: pending(),
        drain_limit: Duration::MAX,
        handshake_limit: HANDSHAKE_LIMIT,
        on_error: Arc::new(drop),
    }
}

type OnError = Arc<dyn Fn(BoxError) + Send + Sync>;

/// A server that is being set up; awaiting it runs it. See [`serve`].
///
/// It returns how many connections were cut off at the end. Dropping its future ends all
/// connections at once.
///
/// # Errors
///
/// Those of the listener itself. Before one is returned the connections are drained, as at every
/// end. Errors of single connections go to [`on_error`](Self::on_error).
#[must_use = "a server does nothing unless awaited"]
pub struct Serve<L, M, F = Pending<()>> {
    listener: L,
    make: M,
    http: Builder<Executor>,
    signal: F,
    drain_limit: Duration,
    handshake_limit: Duration,
    on_error: OnError,
}

impl<L, M, F> Serve<L, M, F> {
    /// Ends the server when `signal` is ready: the listener is closed, idle connections end,
    /// requests that are under way are answered.
    ///
    /// An upgraded connection is not waited for, since it is no longer the server's: its task may
    /// have a [token](minato_service::GracefulShutdown::token) of the shutdown that `signal`
    /// comes from.
    pub fn with_graceful_shutdown<G: Future>(self, signal: G) -> Serve<L, M, G> {
        let Self { listener, make, http, drain_limit, handshake_limit, on_error, .. } = self;
        Serve { listener, make, http, signal, drain_limit, handshake_limit, on_error }
    }

    /// How long requests that are under way may still take once the server was told to end. What is
    /// left then is cut off. Without a limit they may take as long as they like.
    pub fn drain_limit(mut self, limit: Duration) -> Self {
        self.drain_limit = limit;
        self
    }

    /// How long the handshake of a connection may take; 10 seconds unless set.
    pub fn handshake_limit(mut self, limit: Duration) -> Self {
        self.handshake_limit = limit;
        self
    }

    /// Sets options of HTTP. Timers are those of the runtime already, so a request's head has to be
    /// there within hyper's 30 seconds.
    pub fn configure(mut self, set: impl FnOnce(&mut Builder<Executor>)) -> Self {
        set(&mut self.http);
        self
    }

    /// Calls `report` with the error of each connection that ends with one, also of its handshake.
    /// Most of them say that a client went away. Nobody is told unless this is called.
    pub fn on_error(mut self, report: impl Fn(BoxError) + Send + Sync + 'static) -> Self {
        self.on_error = Arc::new(report);
        self
    }
}

impl<L, M, F, S, B> IntoFuture for Serve<L, M, F>
where
    L: Listener,
    M: FnMut(&L::Io) -> S + Clone + Send + 'static,
    F: Future + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Output = io::Result<usize>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<usize>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self { mut listener, make, http, signal, drain_limit, handshake_limit, on_error } =
                self;
            let http = Arc::new(http);
            let shutdown = GracefulShutdown::new();
            let mut connections = JoinSet::new();
            let mut signal = pin!(signal);
            // Accept, until told to end.
            let outcome = loop {
                let next = poll_fn(|cx| match signal.as_mut().poll(cx) {
                    Poll::Ready(_) => Poll::Ready(None),
                    Poll::Pending => listener.poll_accept(cx).map(Some),
                });
                let handshake = match next.await {
                    None => break Ok(()),
                    Some(Err(error)) => break Err(error),
                    Some(Ok(handshake)) => timeout(handshake_limit, handshake),
                };
                let (mut make, http, token) = (make.clone(), http.clone(), shutdown.token());
                let on_error = on_error.clone();
                connections.spawn(async move {
                    let connected = async {
                        let io = token.run_until_begun(handshake).await.transpose()?.transpose()?;
                        let Some(io) = io else { return Ok(()) };
                        let service = TowerToHyperService::new(make(&io));
                        drive(&http, io, service, &token).await
                    };
                    connected.await.unwrap_or_else(|error: BoxError| on_error(error));
                });
                // What has ended, with a panic of its service or without.
                while connections.try_join_next().is_some() {}
            };
            drop(listener);
            let left = shutdown.drain(drain_limit).await;
            connections.shutdown().await;
            outcome.map(|()| left)
        })
    }
}

/// Serves a connection until it ends. It ends after the requests under way once the shutdown of
/// `token` has begun.
async fn drive<I, S, B>(
    http: &Builder<Executor>,
    io: I,
    service: TowerToHyperService<S>,
    token: &Token,
) -> Result<(), BoxError>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let mut connection = pin!(http.serve_connection_with_upgrades(io, service));
    match token.run_until_begun(connection.as_mut()).await {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

impl<L: fmt::Debug, M, F> fmt::Debug for Serve<L, M, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("listener", &self.listener)
            .field("drain_limit", &self.drain_limit)
            .field("handshake_limit", &self.handshake_limit)
            .finish_non_exhaustive()
    }
}
