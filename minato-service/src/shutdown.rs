//! Ending a service without breaking off what it does: stop accepting, drain, give up at a
//! deadline.

use std::collections::BTreeMap;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::{Either, select};
use minato::time::timeout;

/// The end of a service, before and after it has begun: what is under way is finished, for as long
/// as a deadline allows. A clone is the same shutdown.
///
/// It is begun once. Everything that has to be finished before the end holds a [`Token`], and the
/// end is when no token is left. Neither needs a runtime, and neither knows what it is used for:
/// the accept loop, each connection and each job wait for the beginning in their own way.
///
/// 1. *Stop accepting.* The loop that accepts runs each accept until the shutdown has begun.
/// 2. *Drain.* Each connection has a token. One that waits for a request also waits for
///    [`begun`](Token::begun), and ends at that point; one that serves a request goes on, answers
///    it, and then sees that the shutdown [has begun](Token::has_begun).
/// 3. *Deadline.* [`drain`](Self::drain) waits until no token is left, but no longer than it is
///    told. What is left then ends with its runtime.
///
/// ```
/// use minato::io::{self, AsyncReadExt, AsyncWriteExt};
/// use minato::net::{TcpListener, TcpStream};
/// use minato_service::{GracefulShutdown, Token};
/// use std::time::Duration;
///
/// async fn serve(listener: TcpListener, shutdown: GracefulShutdown) -> io::Result<()> {
///     while let Some(accepted) = shutdown.run_until_begun(listener.accept()).await {
///         minato::spawn(answer(accepted?.0, shutdown.token()));
///     }
///     Ok(())
/// }
///
/// async fn answer(mut stream: TcpStream, token: Token) -> io::Result<()> {
///     let mut request = [0; 4];
///     // Between two requests nothing is lost by leaving.
///     while let Some(read) = token.run_until_begun(stream.read(&mut request[..1])).await {
///         if read? == 0 {
///             break;
///         }
///         stream.read_exact(&mut request[1..]).await?;
///         stream.write_all(&request).await?;
///     }
///     Ok(())
/// }
///
/// # minato::run(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let address = listener.local_addr()?;
/// let shutdown = GracefulShutdown::new();
/// let server = minato::spawn(serve(listener, shutdown.clone()));
///
/// let mut client = TcpStream::connect(address).await?;
/// client.write_all(b"ping").await?;
/// client.read_exact(&mut [0; 4]).await?;
///
/// // A program waits for `minato::signal::ctrl_c()` before it does this.
/// let left = shutdown.drain(Duration::from_secs(30)).await;
/// assert_eq!(left, 0, "the connection was idle, and has ended");
/// server.await.unwrap()?;
/// assert_eq!(client.read(&mut [0; 4]).await?, 0);
/// # io::Result::Ok(()) }).unwrap();
/// ```
///
/// With `select!` of any crate, [`begun`](Token::begun) is one branch among others. A second Ctrl-C
/// ends the draining in the same way:
///
/// ```no_run
/// # use minato::signal;
/// # use minato_service::GracefulShutdown;
/// # use std::time::Duration;
/// # pollster::block_on(async {
/// # let shutdown = GracefulShutdown::new();
/// let impatient = std::pin::pin!(signal::ctrl_c());
/// let drained = std::pin::pin!(shutdown.drain(Duration::from_secs(30)));
/// match futures::future::select(drained, impatient).await {
///     futures::future::Either::Left((left, _)) => println!("{left} were left"),
///     futures::future::Either::Right(_) => println!("{} were left", shutdown.tokens()),
/// }
/// # });
/// ```
///
/// # What others drive
///
/// A server library that drives a connection by itself takes part with one token per connection. It
/// polls the connection and [`begun`](Token::begun) together. When that is ready it tells the
/// connection to end after the requests that are under way (hyper: `graceful_shutdown`), polls on
/// until the connection is done, and drops the token. The token may be given to a task or a body
/// that outlives the connection: clones count, too.
///
/// # Where it may live
///
/// It may be kept in a `static`, by `LazyLock`, and used on any thread and under any executor.
#[derive(Clone, Debug, Default)]
pub struct GracefulShutdown {
    state: Arc<Mutex<State>>,
}

/// Something that is to be finished before the end of a [shutdown](GracefulShutdown): it is, when
/// this is dropped. A clone counts by itself.
#[derive(Debug)]
pub struct Token {
    shutdown: GracefulShutdown,
}

#[derive(Debug, Default)]
struct State {
    has_begun: bool,
    tokens: usize,
    /// Who waits for each [`Moment`], by a number that goes up.
    waiting: [BTreeMap<u64, Waker>; 2],
    last_number: u64,
}

/// What can be waited for.
#[derive(Clone, Copy, Debug)]
enum Moment {
    Begun,
    Drained,
}

impl State {
    fn has_come(&self, moment: Moment) -> bool {
        match moment {
            Moment::Begun => self.has_begun,
            Moment::Drained => self.tokens == 0,
        }
    }
}

impl GracefulShutdown {
    /// A shutdown that has not begun, without tokens.
    pub fn new() -> Self {
        Self::default()
    }

    /// A token for something that is to be finished before the end, also after the beginning.
    pub fn token(&self) -> Token {
        self.lock().tokens += 1;
        Token { shutdown: self.clone() }
    }

    /// How many tokens there are.
    pub fn tokens(&self) -> usize {
        self.lock().tokens
    }

    /// Begins the shutdown: everybody who waits for that is woken. Only the first call does
    /// something.
    pub fn begin(&self) {
        self.change(Moment::Begun, |state| state.has_begun = true);
    }

    /// Whether the shutdown has begun.
    pub fn has_begun(&self) -> bool {
        self.lock().has_begun
    }

    /// Waits until the shutdown has begun.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub fn begun(&self) -> ShutdownWait {
        ShutdownWait { shutdown: self.clone(), moment: Moment::Begun, number: None }
    }

    /// Runs `future` to its end, or until the shutdown has begun; then `None`, and `future` is
    /// dropped where it stands. Once the shutdown has begun, `future` is not polled.
    ///
    /// # Cancel safety
    ///
    /// That of `future`. So an accept may run in it, and [`write_all`] may not.
    ///
    /// [`write_all`]: minato::io::AsyncWriteExt::write_all
    pub async fn run_until_begun<F: Future>(&self, future: F) -> Option<F::Output> {
        match select(self.begun(), pin!(future)).await {
            Either::Left(_) => None,
            Either::Right((output, _)) => Some(output),
        }
    }

    /// Waits until no token is left, whether the shutdown has begun or not.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub fn wait(&self) -> ShutdownWait {
        ShutdownWait { shutdown: self.clone(), moment: Moment::Drained, number: None }
    }

    /// [Begins](Self::begin) the shutdown and waits until no token is left, for at most `limit`;
    /// returns how many are left.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the shutdown has begun. Nothing else is lost by dropping it.
    ///
    /// # Panics
    ///
    /// As [`sleep`](minato::time::sleep).
    pub async fn drain(&self, limit: Duration) -> usize {
        self.begin();
        _ = timeout(limit, self.wait()).await;
        self.tokens()
    }

    /// Changes the state, and wakes those who wait for `moment` if it has come by that.
    fn change(&self, moment: Moment, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        if state.has_come(moment) {
            let woken = mem::take(&mut state.waiting[moment as usize]);
            drop(state);
            woken.into_values().for_each(wake);
        }
    }

    /// The state is whole at every moment, so a thread that panicked has left it so.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes by code that may be anybody's. Its panic has been reported by the hook, and keeps nobody
/// else from being woken; dropping what it was raised with could panic again.
fn wake(waker: Waker) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
        mem::forget(payload);
    }
}

impl Token {
    /// Whether the shutdown has begun.
    pub fn has_begun(&self) -> bool {
        self.shutdown.has_begun()
    }

    /// As [`GracefulShutdown::begun`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub fn begun(&self) -> ShutdownWait {
        self.shutdown.begun()
    }

    /// As [`GracefulShutdown::run_until_begun`].
    ///
    /// # Cancel safety
    ///
    /// That of `future`.
    pub async fn run_until_begun<F: Future>(&self, future: F) -> Option<F::Output> {
        self.shutdown.run_until_begun(future).await
    }
}

impl Clone for Token {
    fn clone(&self) -> Self {
        self.shutdown.token()
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.shutdown.change(Moment::Drained, |state| state.tokens -= 1);
    }
}

/// The future of [`GracefulShutdown::begun`] and [`GracefulShutdown::wait`]. It borrows nothing,
/// and may be polled again after its end: what `wait` waits for may pass.
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ShutdownWait {
    shutdown: GracefulShutdown,
    moment: Moment,
    /// Names its waker.
    number: Option<u64>,
}

impl Future for ShutdownWait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        // Foreign code runs without the lock: the clone of a waker, and the drop of the one before.
        let waker = cx.waker().clone();
        let mut state = this.shutdown.lock();
        if state.has_come(this.moment) {
            drop(state);
            return Poll::Ready(());
        }
        state.last_number += 1;
        let number = *this.number.get_or_insert(state.last_number);
        let replaced = state.waiting[this.moment as usize].insert(number, waker);
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for ShutdownWait {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let waker = self.shutdown.lock().waiting[self.moment as usize].remove(&number);
        drop(waker);
    }
}
