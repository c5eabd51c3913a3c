//! QUIC by [quinn] over Minato: its sockets, timers and tasks come from here, and no runtime of
//! tokio's is needed.
//!
//! [`server`] and [`client`] make an endpoint that is quinn's own type in every way. Datagrams are
//! sent and received in bulk (GSO and GRO), into quinn's own buffers. It works where Minato works:
//! on runtimes of both flavours, on other executors, and on the hosts of a simulated world, where
//! QUIC then meets losses and delays in virtual time.
//!
//! ```
//! # use std::sync::Arc;
//! # fn configs() -> (quinn::ServerConfig, quinn::ClientConfig) {
//! #     let name = vec!["harbour".to_string()];
//! #     let made = rcgen::generate_simple_self_signed(name).unwrap();
//! #     let (cert, key) = (made.cert.der().clone(), made.signing_key.serialize_der());
//! #     let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key).into();
//! #     let mut roots = rustls::RootCertStore::empty();
//! #     roots.add(cert.clone()).unwrap();
//! #     let server = quinn::ServerConfig::with_single_cert(vec![cert], key).unwrap();
//! #     (server, quinn::ClientConfig::with_root_certificates(Arc::new(roots)).unwrap())
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server_config, client_config) = configs();
//! minato::run(async {
//!     let harbour = minato_quinn::server(server_config, "127.0.0.1:0").await?;
//!     let address = harbour.local_addr()?;
//!     let ship = minato_quinn::client("127.0.0.1:0").await?;
//!
//!     let serving = minato::spawn(async move {
//!         let connection = harbour.accept().await.unwrap().await.unwrap();
//!         let (mut send, mut receive) = connection.accept_bi().await.unwrap();
//!         send.write_all(&receive.read_to_end(100).await.unwrap()).await.unwrap();
//!         send.finish().unwrap();
//!         connection.closed().await;
//!     });
//!     let connection = ship.connect_with(client_config, address, "harbour")?.await?;
//!     let (mut send, mut receive) = connection.open_bi().await?;
//!     send.write_all(b"ahoy").await?;
//!     send.finish()?;
//!     assert_eq!(receive.read_to_end(100).await?, b"ahoy");
//!     connection.close(0_u32.into(), b"");
//!     serving.await?;
//!     Ok(())
//! })
//! # }
//! ```
//!
//! # What decides about speed
//!
//! The system limits how much waits in a socket's buffers, on Linux to 208 KiB by default, and what
//! comes then is lost. `set_recv_buffer_size` of a socket that is given to [`endpoint`] raises it.
//!
//! # In a simulated world
//!
//! A run is repeated exactly if nothing in it is drawn from outside of the world. quinn and rustls
//! draw keys, random numbers and connection IDs from the operating system, and the record of a run
//! covers the bytes that are sent. `tests/simulation.rs` of this crate shows what to give instead.

mod socket;

use std::io;
use std::net::UdpSocket as StdSocket;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use minato::net::{ToSocketAddrs, UdpSocket};
use minato::runtime::Handle;
use minato::time::{Sleep, sleep_until};
use pin_project_lite::pin_project;
use quinn::{AsyncTimer, AsyncUdpSocket, Endpoint, EndpointConfig, ServerConfig};

pub use quinn;

use self::socket::QuicSocket;

/// An endpoint that takes connections at the first of the addresses that can be bound, and can make
/// some, too.
///
/// # Errors
///
/// Those of [`UdpSocket::bind`], and of the first use of a socket in bulk
/// ([`UdpSocket::max_send_segments`]).
pub async fn server(config: ServerConfig, address: impl ToSocketAddrs) -> io::Result<Endpoint> {
    endpoint(EndpointConfig::default(), Some(config), UdpSocket::bind(address).await?)
}

/// An endpoint that makes connections, from the first of the addresses that can be bound.
///
/// # Errors
///
/// As [`server`].
pub async fn client(address: impl ToSocketAddrs) -> io::Result<Endpoint> {
    endpoint(EndpointConfig::default(), None, UdpSocket::bind(address).await?)
}

/// An endpoint over a socket that is bound already. It takes connections if there is a `server`.
///
/// Its tasks run on the runtime that this thread is in; outside of every runtime on the one that
/// [`minato::spawn`] uses then.
///
/// # Errors
///
/// The system's: the socket has no address, or too many descriptors are open.
pub fn endpoint(
    config: EndpointConfig,
    server: Option<ServerConfig>,
    socket: UdpSocket,
) -> io::Result<Endpoint> {
    let socket = Arc::new(QuicSocket::new(socket)?);
    Endpoint::new_with_abstract_socket(config, server, socket, Arc::new(MinatoRuntime::current()))
}

/// What quinn asks of a runtime, by Minato: for constructors of quinn's own and of libraries over
/// it, which take one.
#[derive(Clone, Debug)]
pub struct MinatoRuntime {
    handle: Option<Handle>,
}

impl MinatoRuntime {
    /// The runtime that this thread is in. Outside of every runtime, tasks are spawned by
    /// [`minato::spawn`].
    pub fn current() -> Self {
        Self { handle: Handle::try_current().ok() }
    }
}

impl From<Handle> for MinatoRuntime {
    fn from(handle: Handle) -> Self {
        Self { handle: Some(handle) }
    }
}

impl quinn::Runtime for MinatoRuntime {
    fn new_timer(&self, deadline: Instant) -> Pin<Box<dyn AsyncTimer>> {
        let _entered = self.handle.as_ref().map(Handle::enter);
        Box::pin(Timer { sleep: sleep_until(minato::time::Instant::from_std(deadline)) })
    }

    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
        match &self.handle {
            Some(handle) => drop(handle.spawn(future)),
            None => drop(minato::spawn(future)),
        }
    }

    fn wrap_udp_socket(&self, socket: StdSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Ok(Arc::new(QuicSocket::new(UdpSocket::from_std(socket)?)?))
    }

    fn now(&self) -> Instant {
        minato::time::Instant::now().into_std()
    }
}

pin_project! {
    #[derive(Debug)]
    struct Timer {
        #[pin]
        sleep: Sleep,
    }
}

impl AsyncTimer for Timer {
    fn reset(self: Pin<&mut Self>, deadline: Instant) {
        self.project().sleep.reset(minato::time::Instant::from_std(deadline));
    }

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().sleep.poll(cx)
    }
}

/// The example of the README is compiled, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
