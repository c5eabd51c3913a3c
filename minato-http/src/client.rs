//! hyper-util's pooled client, over our sockets, timers and tasks.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use minato::compat::{Executor, Timer};
use minato::net::TcpStream;
use minato::time::timeout;
use tower_service::Service;

/// The client of [`client`].
pub type Client<B> = hyper_util::client::legacy::Client<Connector, B>;

/// A client with a pool of connections, for `http` addresses. A clone has the same pool.
///
/// Another connector, one with TLS or with limits, goes into the builder of
/// [`hyper_util::client::legacy::Client`] with [`Executor`] and [`Timer`], as this function does.
pub fn client<B>() -> Client<B>
where
    B: hyper::body::Body + Send,
    B::Data: Send,
{
    let mut builder = hyper_util::client::legacy::Client::builder(Executor);
    builder.timer(Timer).pool_timer(Timer).build(Connector::new())
}

/// Connects by TCP to the host and port of an address: a service of tower's, for hyper-util's
/// client, for `hyper-rustls` around it, and for tonic's `Endpoint::connect_with_connector`.
#[derive(Clone, Copy, Debug)]
pub struct Connector {
    limit: Duration,
    nodelay: bool,
}

impl Connector {
    /// A connector without a limit of time, whose sockets send at once (`TCP_NODELAY`).
    pub fn new() -> Self {
        Self { limit: Duration::MAX, nodelay: true }
    }

    /// How long looking the host up and connecting may take together.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Whether sockets send small amounts at once.
    pub fn nodelay(mut self, nodelay: bool) -> Self {
        self.nodelay = nodelay;
        self
    }

    async fn connect(self, uri: Uri) -> io::Result<HttpStream> {
        let (host, port) = target(&uri)?;
        let connected = timeout(self.limit, TcpStream::connect((host, port))).await;
        let stream = connected.unwrap_or_else(|elapsed| Err(elapsed.into()))?;
        stream.set_nodelay(self.nodelay)?;
        Ok(HttpStream(stream))
    }
}

impl Default for Connector {
    fn default() -> Self {
        Self::new()
    }
}

/// The host, without the brackets of an IPv6 address, and the port that an address stands for.
fn target(uri: &Uri) -> io::Result<(&str, u16)> {
    let invalid = |what| io::Error::new(io::ErrorKind::InvalidInput, format!("{uri}: {what}"));
    let host = uri.host().ok_or_else(|| invalid("the address names no host"))?;
    let port = match (uri.port_u16(), uri.scheme_str()) {
        (Some(port), _) => port,
        (None, Some("http" | "ws")) => 80,
        (None, Some("https" | "wss")) => 443,
        _ => return Err(invalid("the address has neither a port nor a scheme that implies one")),
    };
    Ok((host.trim_start_matches('[').trim_end_matches(']'), port))
}

impl Service<Uri> for Connector {
    type Response = HttpStream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<HttpStream>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.connect(uri))
    }
}

/// A connection of a [`Connector`], with what hyper-util asks of one.
#[derive(Debug)]
pub struct HttpStream(TcpStream);

impl HttpStream {
    /// The socket.
    pub fn get_ref(&self) -> &TcpStream {
        &self.0
    }

    /// Gives the socket back.
    pub fn into_inner(self) -> TcpStream {
        self.0
    }
}

impl Connection for HttpStream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for HttpStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Read::poll_read(Pin::new(&mut self.0), cx, buf)
    }
}

impl Write for HttpStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Write::poll_write(Pin::new(&mut self.0), cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Write::poll_flush(Pin::new(&mut self.0), cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Write::poll_shutdown(Pin::new(&mut self.0), cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Write::poll_write_vectored(Pin::new(&mut self.0), cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        Write::is_write_vectored(&self.0)
    }
}
