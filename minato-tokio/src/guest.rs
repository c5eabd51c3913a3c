//! The guest: a tokio runtime, and who holds it.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use minato::engine::Engine;
use minato::runtime::Enter;
use tokio::runtime::{Builder, EnterGuard, Handle, Runtime};

/// How many workers a guest has, unless told otherwise.
///
/// While one is kept busy by a task that blocks it, the other one serves tokio's sockets and
/// timers.
const WORKERS: usize = 2;

/// A tokio runtime that is there for the libraries of a program on Minato. Cheap to clone.
///
/// Give it to a runtime of Minato by [`Builder::on_enter`], which keeps it until it has ended
/// itself; or [`enter`](Self::enter) it on any other thread.
///
/// The tokio runtime ends with the last clone. That drop waits for its workers and running blocking
/// jobs, as the drop of a tokio runtime does; within a runtime, of either kind, it does not wait.
/// It never panics.
///
/// [`Builder::on_enter`]: minato::runtime::Builder::on_enter
///
/// ```
/// use minato_tokio::Guest;
///
/// # fn main() -> std::io::Result<()> {
/// let guest = Guest::new()?;
/// let runtime = minato::runtime::Builder::new_current_thread().on_enter(guest).build()?;
/// let sum = runtime.block_on(async {
///     // A task of tokio, in a task of Minato.
///     minato::spawn(async { tokio::spawn(async { 2 + 3 }).await }).await
/// });
/// assert_eq!(sum??, 5);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Guest {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    handle: Handle,
    /// `None` for a runtime of somebody else's.
    runtime: Option<Runtime>,
}

impl Guest {
    /// Starts a tokio runtime of two workers.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors.
    ///
    /// # Panics
    ///
    /// As [`GuestBuilder::build`].
    pub fn new() -> io::Result<Self> {
        Self::builder().build()
    }

    /// For other numbers and names than those of [`new`](Self::new).
    pub fn builder() -> GuestBuilder {
        let mut builder = Builder::new_multi_thread();
        builder.thread_name("tokio-guest");
        GuestBuilder { builder, worker_threads: WORKERS }
    }

    /// Makes a tokio runtime a guest, which ends it.
    ///
    /// Take one of several threads. One of the kind `current_thread` does nothing while no thread
    /// is in a `block_on` of its own.
    pub fn from_runtime(runtime: Runtime) -> Self {
        let handle = runtime.handle().clone();
        Self { inner: Arc::new(Inner { handle, runtime: Some(runtime) }) }
    }

    /// Makes a guest of a tokio runtime that somebody else ends.
    ///
    /// Whoever that is ends it after the runtimes of Minato that have it as their guest: a task
    /// which waits for a timer of a tokio runtime that has ended panics.
    pub fn from_handle(handle: Handle) -> Self {
        Self { inner: Arc::new(Inner { handle, runtime: None }) }
    }

    /// The guest that the process shares, like that of [`new`](Self::new). It starts at the first
    /// call, and never ends.
    ///
    /// # Errors
    ///
    /// When it is to be started and cannot be. The next call tries again.
    ///
    /// # Panics
    ///
    /// As [`GuestBuilder::build`].
    pub fn shared() -> io::Result<&'static Self> {
        static SHARED: OnceLock<Guest> = OnceLock::new();
        if let Some(shared) = SHARED.get() {
            return Ok(shared);
        }
        // Of two threads that come here at once, one ends what it has started.
        let fresh = Self::new()?;
        Ok(SHARED.get_or_init(|| fresh))
    }

    /// The handle of the tokio runtime.
    pub fn handle(&self) -> &Handle {
        &self.inner.handle
    }

    /// Has this thread be in the tokio runtime until the guard is dropped: for threads and
    /// executors that are not Minato's.
    ///
    /// The guard panics if it is dropped before one that was made later on the same thread.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let guest = minato_tokio::Guest::new()?;
    /// let _entered = guest.enter();
    /// let five = pollster::block_on(async { tokio::task::spawn_blocking(|| 5).await })?;
    /// assert_eq!(five, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn enter(&self) -> EnterGuard<'_> {
        self.inner.handle.enter()
    }

    /// Ends the tokio runtime, and waits for its workers and running blocking jobs, `timeout` at
    /// most. For one [`from_handle`](Self::from_handle) there is nothing to do.
    ///
    /// # Errors
    ///
    /// Gives the guest back while there are other clones of it: a runtime of Minato that has it as
    /// its guest must end first.
    ///
    /// # Panics
    ///
    /// Within a tokio runtime, as that one's `shutdown_timeout`, unless `timeout` is zero.
    pub fn shutdown_timeout(self, timeout: Duration) -> Result<(), Self> {
        let mut inner = Arc::try_unwrap(self.inner).map_err(|inner| Self { inner })?;
        if let Some(runtime) = inner.runtime.take() {
            runtime.shutdown_timeout(timeout);
        }
        Ok(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        // A thread within a runtime may be needed there, and tokio would panic.
        if minato::runtime::Handle::try_current().is_ok() || Handle::try_current().is_ok() {
            runtime.shutdown_background();
        }
    }
}

impl Enter for Guest {
    fn enter(&self) -> impl Sized + '_ {
        Self::enter(self)
    }

    fn check(&self, engine: &Engine) -> io::Result<()> {
        refuse_simulation(engine)
    }
}

/// # Errors
///
/// For a simulated engine.
pub(crate) fn refuse_simulation(engine: &Engine) -> io::Result<()> {
    if !engine.is_simulated() {
        return Ok(());
    }
    let text = "a runtime in a simulated world cannot have tokio as its guest, which goes by the \
                system's clock, sockets and threads; `cargo minato test --engine sim` runs what is \
                written for tokio in a world";
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

/// Builds a [`Guest`].
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let guest = minato_tokio::Guest::builder().worker_threads(4).thread_name("libraries").build()?;
/// assert_eq!(guest.handle().metrics().num_workers(), 4);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is started before `build`"]
pub struct GuestBuilder {
    builder: Builder,
    worker_threads: usize,
}

impl GuestBuilder {
    /// How many workers it has; two by default. A single one serves no socket and no timer of tokio
    /// while a task blocks it.
    pub fn worker_threads(mut self, count: usize) -> Self {
        self.worker_threads = count;
        self
    }

    /// How many threads run blocking jobs at most; 512 by default, and for 0 one.
    pub fn max_blocking_threads(mut self, count: usize) -> Self {
        self.builder.max_blocking_threads(count.max(1));
        self
    }

    /// The name of its threads; "tokio-guest" by default.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.builder.thread_name(name);
        self
    }

    /// Starts the tokio runtime.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for no workers; else when the system has no more descriptors.
    ///
    /// # Panics
    ///
    /// If the system gives no thread, as tokio does.
    pub fn build(mut self) -> io::Result<Guest> {
        if self.worker_threads == 0 {
            let text = "a guest needs a worker: worker_threads must be non-zero";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let runtime = self.builder.worker_threads(self.worker_threads).enable_all().build()?;
        Ok(Guest::from_runtime(runtime))
    }
}
