//! Connecting to the one of several addresses that answers first (RFC 8305, "happy eyeballs").

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::future::TryFutureExt;
use futures_util::stream::{FuturesUnordered, iter};
use minato::net::{TcpSocket, TcpStream, ToSocketAddrs, lookup_host};
use minato::time::{Sleep, sleep};

/// Connects to several addresses at a time, and keeps the connection that stands first, as RFC 8305
/// ("happy eyeballs") has it.
///
/// [`TcpStream::connect`] tries one address after the other, so that a client whose IPv6 goes
/// nowhere waits for minutes. This one begins with an address, and with the next when the first has
/// not answered for 250 ms, or has failed; IPv6 and IPv4 take turns. The first connection that
/// stands wins, and the other attempts are given up.
///
/// The order is that of the resolver, whose first address decides which family comes first. The
/// clock is that of the runtime that polls first, and the delays wait as [`sleep`] does, its panics
/// included.
///
/// ```
/// use minato::net::TcpListener;
/// use minato_service::Connect;
/// use std::time::Duration;
///
/// # minato::run(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let port = listener.local_addr()?.port();
///
/// let connect = Connect::new()
///     .with_timeout(Duration::from_secs(10))
///     .with_setup(|socket, _| socket.set_nodelay(true));
/// let stream = connect.connect(("localhost", port)).await?;
/// assert!(stream.nodelay()?);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct Connect {
    attempt_delay: Option<Duration>,
    resolution_delay: Option<Duration>,
    timeout: Option<Duration>,
    setup: Option<Arc<Setup>>,
}

type Setup = dyn Fn(&TcpSocket, SocketAddr) -> io::Result<()> + Send + Sync;

impl Connect {
    /// The delays that RFC 8305 recommends, no timeout, and sockets as they come.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long an attempt is alone before the next one begins; 250 ms by default. RFC 8305 allows
    /// 10 ms to 2 s.
    #[must_use]
    pub fn with_attempt_delay(self, delay: Duration) -> Self {
        Self { attempt_delay: Some(delay), ..self }
    }

    /// How long a first IPv4 address waits for one of IPv6 while more addresses are to come; 50 ms
    /// by default. The system's resolver gives all of them at once, so this is for
    /// [`connect_resolving`](Self::connect_resolving).
    #[must_use]
    pub fn with_resolution_delay(self, delay: Duration) -> Self {
        Self { resolution_delay: Some(delay), ..self }
    }

    /// How long everything may take, the look-up included. By default the system decides, which
    /// gives an attempt up after about two minutes.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Calls `setup` with the socket of each attempt and the address that it is going to connect
    /// to: to set options, or to bind it. An error of it is that of the attempt.
    #[must_use]
    pub fn with_setup(
        self,
        setup: impl Fn(&TcpSocket, SocketAddr) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self { setup: Some(Arc::new(setup)), ..self }
    }

    /// Connects to the first of the addresses that answers.
    ///
    /// # Errors
    ///
    /// That of the look-up, or that of the only attempt, as it is. After several attempts one of
    /// the kind of the last one, and [`TimedOut`](io::ErrorKind::TimedOut) when the time is up:
    /// both tell what became of each attempt.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives all attempts up.
    #[track_caller]
    pub fn connect<A: ToSocketAddrs>(
        &self,
        address: A,
    ) -> impl Future<Output = io::Result<TcpStream>> + use<A> {
        let found = lookup_host(address).map_ok(|addresses| iter(addresses.map(Ok)));
        self.clone().race(found.try_flatten_stream())
    }

    /// Like [`connect`](Self::connect), with addresses that come one by one, as from a resolver
    /// that asks for both families at the same time. The first that comes is the first that is
    /// tried, except that IPv4 waits [a moment](Self::with_resolution_delay) for IPv6. An error of
    /// the stream counts if it gives no address.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    ///
    /// # Cancel safety
    ///
    /// As [`connect`](Self::connect).
    pub fn connect_resolving<S>(
        &self,
        addresses: S,
    ) -> impl Future<Output = io::Result<TcpStream>> + use<S>
    where
        S: Stream<Item = io::Result<SocketAddr>>,
    {
        self.clone().race(addresses)
    }

    /// 1. Takes in the addresses that have come.
    /// 2. A connection that stands has won. After a failure the next attempt begins at once.
    /// 3. With nothing under way and nothing to come, or no time left, it has failed.
    /// 4. The next attempt begins when the pause after the last one is over.
    async fn race(
        self,
        addresses: impl Stream<Item = io::Result<SocketAddr>>,
    ) -> io::Result<TcpStream> {
        let pause_of = |set: Option<Duration>, millis| {
            Some(sleep(set.unwrap_or(Duration::from_millis(millis))))
        };
        let mut deadline = pin!(self.timeout.map(sleep));
        let mut pause = pin!(None::<Sleep>);
        let mut addresses = pin!(addresses.fuse());
        let (mut waiting, mut attempts) = (VecDeque::new(), FuturesUnordered::new());
        let mut tried: Vec<(SocketAddr, Option<io::Error>)> = Vec::new();
        let mut lookup_error = None;
        poll_fn(|cx| {
            while let Poll::Ready(Some(address)) = addresses.as_mut().poll_next(cx) {
                match address {
                    Ok(address) => waiting.push_back(address),
                    Err(error) => lookup_error = Some(error),
                }
            }
            let is_all = addresses.is_done();
            loop {
                while let Poll::Ready(Some(ended)) = attempts.poll_next_unpin(cx) {
                    let (at, result): (usize, _) = ended;
                    match result {
                        Ok(stream) => return Poll::Ready(Ok(stream)),
                        Err(error) => tried[at].1 = Some(error),
                    }
                    pause.set(None);
                }
                let deadline = deadline.as_mut().as_pin_mut();
                let is_late = deadline.is_some_and(|deadline| deadline.poll(cx).is_ready());
                if is_late || (is_all && waiting.is_empty() && attempts.is_empty()) {
                    let limit = self.timeout.filter(|_| is_late);
                    return Poll::Ready(Err(failure(&mut tried, lookup_error.take(), limit)));
                }
                // IPv4 alone waits for IPv6, as long as that may come.
                let has_v6 = waiting.iter().any(SocketAddr::is_ipv6);
                let may_begin = tried.is_empty() && (is_all || has_v6);
                if tried.is_empty() && !may_begin && !waiting.is_empty() && pause.is_none() {
                    pause.set(pause_of(self.resolution_delay, 50));
                }
                if let Some(pause) = pause.as_mut().as_pin_mut().filter(|_| !may_begin) {
                    ready!(pause.poll(cx));
                }
                let all_came_at_once = is_all && pause.is_none();
                let last = tried.last().map(|(last, _)| *last);
                let Some(target) = take_next(&mut waiting, last, all_came_at_once) else {
                    return Poll::Pending;
                };
                let (at, setup) = (tried.len(), self.setup.as_deref());
                tried.push((target, None));
                attempts.push(async move { (at, attempt(target, setup).await) });
                pause.set(pause_of(self.attempt_delay, 250));
            }
        })
        .await
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("attempt_delay", &self.attempt_delay)
            .field("resolution_delay", &self.resolution_delay)
            .field("timeout", &self.timeout)
            .field("has_setup", &self.setup.is_some())
            .finish()
    }
}

async fn attempt(target: SocketAddr, setup: Option<&Setup>) -> io::Result<TcpStream> {
    let socket = if target.is_ipv6() { TcpSocket::new_v6() } else { TcpSocket::new_v4() }?;
    setup.map_or(Ok(()), |setup| setup(&socket, target))?;
    socket.connect(target).await
}

/// Takes out the first address of the family whose turn it is after `last`. The resolver knows best
/// which of all that came at once has the first turn; else IPv6 has it.
fn take_next(
    waiting: &mut VecDeque<SocketAddr>,
    last: Option<SocketAddr>,
    all_came_at_once: bool,
) -> Option<SocketAddr> {
    let first_is_v6 = !all_came_at_once || waiting.front()?.is_ipv6();
    let is_v6_next = last.map_or(first_is_v6, |last| last.is_ipv4());
    let at = waiting.iter().position(|address| address.is_ipv6() == is_v6_next);
    waiting.remove(at.unwrap_or(0))
}

/// The error of all attempts; of those that were too many for `limit`, if there is one.
fn failure(
    tried: &mut Vec<(SocketAddr, Option<io::Error>)>,
    lookup_error: Option<io::Error>,
    limit: Option<Duration>,
) -> io::Error {
    if limit.is_none() && tried.len() < 2 {
        let only = tried.pop().and_then(|(_, error)| error).or(lookup_error);
        let none = || io::Error::new(io::ErrorKind::InvalidInput, "there is no address to try");
        return only.unwrap_or_else(none);
    }
    let last = tried.last().and_then(|(_, error)| error.as_ref()).filter(|_| limit.is_none());
    let kind = last.map_or(io::ErrorKind::TimedOut, io::Error::kind);
    let mut text = match limit {
        Some(limit) => format!("there is no connection after {limit:?}"),
        None => "no attempt to connect has succeeded".to_owned(),
    };
    for (target, error) in tried {
        text += &match error {
            Some(error) => format!("; {target}: {error}"),
            None => format!("; {target}: no answer"),
        };
    }
    io::Error::new(kind, text)
}
