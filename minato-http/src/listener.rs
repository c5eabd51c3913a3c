//! What gives a server its connections: listeners, and handshakes over them.

use std::future::{Future, Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, Write};
use minato::net::{Incoming, TcpListener, TcpStream, UnixListener, UnixStream};

/// Gives a server its connections.
///
/// The [streams of connections](Incoming) of a [`TcpListener`] and of a [`UnixListener`] are
/// listeners, and these two become one where one is asked for. [`with_handshake`] puts TLS, or a
/// preface, over any of them.
pub trait Listener: Send + 'static {
    /// A connection.
    type Io: Read + Write + Unpin + Send + 'static;

    /// What is to be done between accepting a connection and using it. It runs in the task of the
    /// connection, so that a slow client does not keep others waiting.
    type Handshake: Future<Output = io::Result<Self::Io>> + Send + 'static;

    /// Waits for the next connection.
    ///
    /// # Errors
    ///
    /// Those of the listener itself: they end the server. What passes, it waits for.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Self::Handshake>>;
}

impl Listener for Incoming<TcpListener> {
    type Io = TcpStream;
    type Handshake = Ready<io::Result<TcpStream>>;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Self::Handshake>> {
        self.poll_next_connection(cx).map_ok(|stream| ready(Ok(stream)))
    }
}

impl Listener for Incoming<UnixListener> {
    type Io = UnixStream;
    type Handshake = Ready<io::Result<UnixStream>>;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Self::Handshake>> {
        self.poll_next_connection(cx).map_ok(|stream| ready(Ok(stream)))
    }
}

/// What becomes a [`Listener`].
pub trait IntoListener {
    /// The listener that it becomes.
    type Listener: Listener;

    /// Makes it one.
    fn into_listener(self) -> Self::Listener;
}

impl<L: Listener> IntoListener for L {
    type Listener = L;

    fn into_listener(self) -> L {
        self
    }
}

impl IntoListener for TcpListener {
    type Listener = Incoming<TcpListener>;

    fn into_listener(self) -> Self::Listener {
        self.incoming()
    }
}

impl IntoListener for UnixListener {
    type Listener = Incoming<UnixListener>;

    fn into_listener(self) -> Self::Listener {
        self.incoming()
    }
}

/// A listener whose connections go through `handshake` first, in their own tasks.
///
/// With tokio-rustls, the feature `tokio` of `minato`, and `acceptor: TlsAcceptor`:
///
/// ```ignore
/// let listener = with_handshake(listener, move |stream| {
///     let accept = acceptor.accept(stream);
///     async { Ok(minato::compat::FromTokio::new(accept.await?)) }
/// });
/// ```
pub fn with_handshake<L, H, F>(listener: L, handshake: H) -> Handshaking<L::Listener, H>
where
    L: IntoListener,
    H: FnMut(<L::Listener as Listener>::Io) -> F + Clone + Send + 'static,
    F: Future,
{
    Handshaking { listener: listener.into_listener(), handshake }
}

/// The listener of [`with_handshake`].
#[derive(Debug)]
pub struct Handshaking<L, H> {
    listener: L,
    handshake: H,
}

impl<L, H, F, T> Listener for Handshaking<L, H>
where
    L: Listener,
    H: FnMut(L::Io) -> F + Clone + Send + 'static,
    F: Future<Output = io::Result<T>> + Send + 'static,
    T: Read + Write + Unpin + Send + 'static,
{
    type Io = T;
    type Handshake = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Self::Handshake>> {
        let first = ready!(self.listener.poll_accept(cx))?;
        let mut handshake = self.handshake.clone();
        Poll::Ready(Ok(Box::pin(async move { handshake(first.await?).await })))
    }
}
