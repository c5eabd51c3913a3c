//! One source, two runtimes: hyper by HTTP/1 and HTTP/2, and an echo through rustls, on Minato and
//! on tokio. `examples/twins/count` counts its instructions.
//!
//! `twin minato|tokio http CONNECTIONS` prints its address, serves so many connections, and ends.
//! `twin minato|tokio tls ECHOES` echoes 512 bytes so often on each of 20 connections to itself.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::rt::{Executor, Read, Timer, Write};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// What differs: the sockets, and who runs the tasks.
trait Twin: Clone + Send + Sync + 'static {
    type Listener: Send;
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    fn bind() -> impl Future<Output = io::Result<(Self::Listener, String)>> + Send;
    fn accept(from: &Self::Listener) -> impl Future<Output = io::Result<Self::Stream>> + Send;
    fn connect(to: String) -> impl Future<Output = io::Result<Self::Stream>> + Send;
    fn spawn<F>(future: F) -> impl Future<Output = ()> + Send
    where
        F: Future<Output = ()> + Send + 'static;
}

#[derive(Clone)]
struct Minato;

impl Twin for Minato {
    type Listener = minato::net::TcpListener;
    type Stream = minato::net::TcpStream;

    async fn bind() -> io::Result<(Self::Listener, String)> {
        let listener = minato::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        Ok((listener, address))
    }

    async fn accept(from: &Self::Listener) -> io::Result<Self::Stream> {
        Ok(from.accept().await?.0)
    }

    async fn connect(to: String) -> io::Result<Self::Stream> {
        minato::net::TcpStream::connect(to).await
    }

    fn spawn<F>(future: F) -> impl Future<Output = ()> + Send
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let task = minato::spawn(future);
        async { task.await.unwrap() }
    }
}

#[derive(Clone)]
struct Tokio;

impl Twin for Tokio {
    type Listener = tokio::net::TcpListener;
    type Stream = tokio::net::TcpStream;

    async fn bind() -> io::Result<(Self::Listener, String)> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        Ok((listener, address))
    }

    async fn accept(from: &Self::Listener) -> io::Result<Self::Stream> {
        Ok(from.accept().await?.0)
    }

    async fn connect(to: String) -> io::Result<Self::Stream> {
        tokio::net::TcpStream::connect(to).await
    }

    fn spawn<F>(future: F) -> impl Future<Output = ()> + Send
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let task = tokio::spawn(future);
        async { task.await.unwrap() }
    }
}

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(b"hello"))))
}

/// Serves so many connections until their clients close them. `io` makes hyper's stream of one.
async fn http<T: Twin, E, I>(
    connections: usize,
    executor: E,
    timer: impl Timer + Clone + Send + Sync + 'static,
    io: fn(T::Stream) -> I,
) -> io::Result<()>
where
    I: Read + Write + Unpin + Send + 'static,
    E: Executor<Pin<Box<dyn Future<Output = ()> + Send>>> + Clone + Send + Sync + 'static,
    E: hyper::rt::bounds::Http2ServerConnExec<Hello, Full<Bytes>>,
{
    let (listener, address) = T::bind().await?;
    println!("{address}");
    let mut http = auto::Builder::new(executor);
    http.http1().timer(timer.clone());
    http.http2().timer(timer);
    let http = Arc::new(http);
    let mut tasks = Vec::new();
    for _ in 0..connections {
        let (io, http) = (io(T::accept(&listener).await?), http.clone());
        tasks.push(T::spawn(async move {
            let service = hyper::service::service_fn(|request| Box::pin(hello(request)) as Hello);
            let _ = http.serve_connection(io, service).await;
        }));
    }
    for task in tasks {
        task.await;
    }
    Ok(())
}

type Hello = Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send>>;

/// A server, and 20 clients of it that echo 512 bytes so often each.
async fn tls<T: Twin>(echoes: usize) -> io::Result<()> {
    let (server, client) = tls_configurations();
    let (listener, address) = T::bind().await?;
    let mut tasks: Vec<Pin<Box<dyn Future<Output = ()> + Send>>> = Vec::new();
    for _ in 0..20 {
        let client = TlsConnector::from(client.clone());
        let stream = T::connect(address.clone()).await?;
        tasks.push(Box::pin(T::spawn(async move {
            let name = "localhost".try_into().unwrap();
            let mut stream = client.connect(name, stream).await.unwrap();
            let mut bytes = [7; 512];
            for _ in 0..echoes {
                stream.write_all(&bytes).await.unwrap();
                stream.flush().await.unwrap();
                stream.read_exact(&mut bytes).await.unwrap();
            }
            stream.shutdown().await.unwrap();
        })));
        let server = TlsAcceptor::from(server.clone());
        let stream = T::accept(&listener).await?;
        tasks.push(Box::pin(T::spawn(async move {
            let mut stream = server.accept(stream).await.unwrap();
            let mut bytes = [0; 512];
            while stream.read_exact(&mut bytes).await.is_ok() {
                stream.write_all(&bytes).await.unwrap();
                stream.flush().await.unwrap();
            }
        })));
    }
    for task in tasks {
        task.await;
    }
    Ok(())
}

/// A server's and a client's side of TLS, over a fresh certificate for `localhost`.
fn tls_configurations() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = key.cert.der().clone();
    let private = PrivatePkcs8KeyDer::from(key.signing_key.serialize_der());
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let server = ServerConfig::builder().with_no_client_auth();
    let server = server.with_single_cert(vec![certificate], private.into()).unwrap();
    (Arc::new(server), Arc::new(client))
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [runtime, what, count] = arguments.as_slice() else { return Err(usage()) };
    let count = count.parse().map_err(io::Error::other)?;
    let ours = || minato::runtime::Builder::new_current_thread().build();
    let theirs = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    match (runtime.as_str(), what.as_str()) {
        ("minato", "http") => {
            let (executor, timer) = (minato::compat::Executor, minato::compat::Timer);
            ours()?.block_on(http::<Minato, _, _>(count, executor, timer, |stream| stream))
        }
        ("tokio", "http") => {
            let (executor, timer) = (TokioExecutor::new(), TokioTimer::new());
            theirs()?.block_on(http::<Tokio, _, _>(count, executor, timer, TokioIo::new))
        }
        ("minato", "tls") => ours()?.block_on(tls::<Minato>(count)),
        ("tokio", "tls") => theirs()?.block_on(tls::<Tokio>(count)),
        _ => Err(usage()),
    }
}

fn usage() -> io::Error {
    io::Error::other("twin minato|tokio http|tls COUNT")
}
