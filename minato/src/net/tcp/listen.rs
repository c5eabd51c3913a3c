//! Listening with options, and on several sockets at once.

use std::fmt;
use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::panic::Location;

use super::{TcpListener, TcpSocket};
use crate::net::ToSocketAddrs;
use crate::net::address::first_ok;
use crate::os::Family;
use crate::reactor::Handle;
use crate::sync::Arc;

/// How many connections the system queues for a listener, unless told otherwise.
const BACKLOG: u32 = 1024;

/// Listens as [`TcpListener::bind`] does, with options.
///
/// A [`TcpSocket`] has the options, and listens with them on one address. This one applies them to
/// each socket that it makes: for the addresses of a name, which it tries in turn, and for the
/// sockets of a [group](Self::bind_group).
///
/// Accepted connections inherit what is set on the listener and means something to a connection:
/// `nodelay`, keepalive with its times, `linger`, buffer sizes, type of service.
///
/// ```
/// use minato::net::TcpStream;
/// use minato::net::tcp::Listen;
///
/// # minato::run(async {
/// let listen = Listen::new().with_backlog(4096).with_setup(|socket, address| {
///     if address.is_ipv6() {
///         socket.set_only_v6(true)?;
///     }
///     socket.set_nodelay(true)
/// });
/// let listener = listen.bind("127.0.0.1:0").await?;
/// let _client = TcpStream::connect(listener.local_addr()?).await?;
/// assert!(listener.accept().await?.0.nodelay()?);
///
/// // A listener for each thread; the system spreads connections over them.
/// let group = listen.bind_group("127.0.0.1:0", 4).await?;
/// let address = group[0].local_addr()?;
/// assert!(group.iter().all(|listener| listener.local_addr().unwrap() == address));
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Listen {
    backlog: Option<u32>,
    handle: Option<Handle>,
    setup: Setup,
}

impl Listen {
    /// The options of [`TcpListener::bind`]: a backlog of 1024, and `SO_REUSEADDR`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Binds the listeners, and the connections that they accept, to the reactor of `handle`.
    #[must_use]
    pub fn with_handle(self, handle: impl Into<Handle>) -> Self {
        Self { handle: Some(handle.into()), ..self }
    }

    /// How many connections the system queues for each listener.
    #[must_use]
    pub fn with_backlog(self, backlog: u32) -> Self {
        Self { backlog: Some(backlog), ..self }
    }

    /// Calls `setup` with each socket and the address that it is going to be bound to. An error of
    /// it is that of the address.
    #[must_use]
    pub fn with_setup(
        self,
        setup: impl Fn(&TcpSocket, SocketAddr) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self { setup: Setup::new(setup), ..self }
    }

    /// Listens on the first of the addresses that can be bound.
    ///
    /// # Errors
    ///
    /// As [`TcpListener::bind`], and those of the set-up.
    #[track_caller]
    pub fn bind<A: ToSocketAddrs>(
        &self,
        address: A,
    ) -> impl Future<Output = io::Result<TcpListener>> + use<A> {
        let (options, place) = (self.clone(), Location::caller());
        first_ok(address, place, move |address| ready(options.listen(address, false, place)))
    }

    /// Listens with `count` sockets on the first of the addresses that can be bound: the system
    /// spreads connections over them (`SO_REUSEPORT`), and other processes of the user may join.
    /// With port 0 all of them get the port that the first one gets.
    ///
    /// Connections in the queue of a listener that is dropped are reset. To let one go without
    /// loss, accept until there are none, or end all of them together.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    #[track_caller]
    pub fn bind_group<A: ToSocketAddrs>(
        &self,
        address: A,
        count: usize,
    ) -> impl Future<Output = io::Result<Vec<TcpListener>>> + use<A> {
        let (options, place) = (self.clone(), Location::caller());
        let group = move |mut address| {
            let mut next = |_| {
                let listener = options.listen(address, count > 1, place)?;
                address = listener.local_addr()?;
                Ok(listener)
            };
            ready((0..count).map(&mut next).collect())
        };
        first_ok(address, place, group)
    }

    fn listen(
        &self,
        address: SocketAddr,
        in_group: bool,
        place: &'static Location<'static>,
    ) -> io::Result<TcpListener> {
        let socket = TcpSocket::open(Family::from(&address), self.handle.as_ref())?;
        let socket = socket.made_at(place);
        socket.set_reuseaddr(true)?;
        if in_group {
            socket.set_reuseport(true)?;
        }
        self.setup.apply(&socket, address)?;
        socket.bind(address)?;
        socket.listen(self.backlog.unwrap_or(BACKLOG))
    }
}

/// What sets a socket up that is going to listen on an address.
#[derive(Clone, Default)]
struct Setup(Option<Arc<SetupFn>>);

type SetupFn = dyn Fn(&TcpSocket, SocketAddr) -> io::Result<()> + Send + Sync;

impl Setup {
    fn new(
        setup: impl Fn(&TcpSocket, SocketAddr) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(setup)))
    }

    fn apply(&self, socket: &TcpSocket, address: SocketAddr) -> io::Result<()> {
        self.0.as_ref().map_or(Ok(()), |setup| setup(socket, address))
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "some" } else { "none" })
    }
}
