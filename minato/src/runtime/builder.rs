//! How a runtime is made.

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

use crossbeam_deque::Worker as Deque;

use super::core::Core;
use super::handover::CoreSlot;
use super::inner::{Flavor, RuntimeInner};
use super::picker::{Fifo, Picker};
use super::pool::{self, Pool};
use super::queue::Queue;
use super::{LocalRuntime, Runtime};
use crate::engine::Engine;
use crate::reactor;
use crate::reactor::watch::TurnedBy;
use crate::sync::Arc;
use crate::task::blocking::{BlockingConfig, BlockingPool, Hook};
use crate::task::budget::Budget;
use crate::time::clock::{Clock, PausableClock};

/// How many blocking threads a runtime has at most, unless told otherwise.
const MAX_BLOCKING_THREADS: usize = 512;

/// How many blocking jobs wait at most, unless told otherwise.
const MAX_BLOCKING_QUEUE: usize = 100_000;

/// How long a blocking thread waits for the next job, unless told otherwise.
const BLOCKING_KEEP_ALIVE: Duration = Duration::from_secs(10);

/// What the threads of a runtime need to know.
pub(crate) struct Config {
    pub(super) thread_name: Arc<dyn Fn() -> String + Send + Sync>,
    pub(super) stack_size: Option<usize>,
    /// How long a thread without a core stays.
    pub(super) keep_alive: Duration,
    pub(super) on_thread_start: Vec<Hook>,
    pub(super) on_thread_stop: Vec<Hook>,
    pub(super) budget: Budget,
    pub(super) spin: Duration,
    pub(super) measure_polls: bool,
}

/// Builds a runtime.
///
/// ```
/// use minato::runtime::Builder;
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("service").build()?;
/// assert_eq!(runtime.block_on(async { 6 * 7 }), 42);
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until it builds"]
pub struct Builder {
    multi_thread: bool,
    engine: Engine,
    worker_threads: Option<usize>,
    max_blocking_threads: usize,
    max_blocking_queue: usize,
    blocking_keep_alive: Duration,
    thread_name: Arc<dyn Fn() -> String + Send + Sync>,
    thread_stack_size: Option<usize>,
    on_thread_start: Vec<Hook>,
    on_thread_stop: Vec<Hook>,
    budget: u8,
    spin: Duration,
    measure_polls: bool,
    picker: Option<Box<dyn Picker>>,
    start_paused: bool,
}

impl Builder {
    /// A runtime that runs its tasks on whatever thread is in `block_on`.
    pub fn new_current_thread() -> Self {
        Self::new(false)
    }

    /// A runtime with worker threads of its own.
    pub fn new_multi_thread() -> Self {
        Self::new(true)
    }

    fn new(multi_thread: bool) -> Self {
        Self {
            multi_thread,
            engine: Engine::default(),
            worker_threads: None,
            max_blocking_threads: MAX_BLOCKING_THREADS,
            max_blocking_queue: MAX_BLOCKING_QUEUE,
            blocking_keep_alive: BLOCKING_KEEP_ALIVE,
            thread_name: Arc::new(|| "minato-worker".to_owned()),
            thread_stack_size: None,
            on_thread_start: Vec::new(),
            on_thread_stop: Vec::new(),
            budget: Budget::OF_A_POLL,
            spin: Duration::ZERO,
            measure_polls: false,
            picker: None,
            start_paused: false,
        }
    }

    /// The engine that serves the runtime's sockets; mio by default. A simulated one needs a
    /// current-thread runtime.
    pub fn engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self
    }

    /// How many workers a multi-thread runtime has; as many as there are processors by default.
    /// 0 counts as 1.
    pub fn worker_threads(mut self, count: usize) -> Self {
        self.worker_threads = Some(count.max(1));
        self
    }

    /// How many threads run blocking jobs at most; 512 by default.
    pub fn max_blocking_threads(mut self, count: usize) -> Self {
        self.max_blocking_threads = count;
        self
    }

    /// How many blocking jobs wait at most while all threads are busy; 100,000 by default. One
    /// more ends as cancelled.
    pub fn max_blocking_queue(mut self, count: usize) -> Self {
        self.max_blocking_queue = count;
        self
    }

    /// How long a blocking thread without work stays, or a worker that has given its core away
    /// because it blocked; 10 seconds by default.
    pub fn thread_keep_alive(mut self, time: Duration) -> Self {
        self.blocking_keep_alive = time;
        self
    }

    /// The name of the runtime's threads; "minato-worker" by default.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.thread_name = Arc::new(move || name.clone());
        self
    }

    /// A function that names each of the runtime's threads.
    pub fn thread_name_fn(mut self, name: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.thread_name = Arc::new(name);
        self
    }

    /// The size of the threads' stacks in bytes; std's default if not given.
    pub fn thread_stack_size(mut self, bytes: usize) -> Self {
        self.thread_stack_size = Some(bytes);
        self
    }

    /// Called on each thread of the runtime before it does anything. A panic is contained.
    ///
    /// Several hooks are called in the order in which they were given.
    pub fn on_thread_start(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_thread_start.push(Arc::new(hook));
        self
    }

    /// Called on each thread of the runtime when it is done. A panic is contained.
    ///
    /// Several hooks are called in the reverse of the order in which they were given, so that what
    /// was set up first is torn down last.
    pub fn on_thread_stop(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_thread_stop.insert(0, Arc::new(hook));
        self
    }

    /// How many operations a task may do in one poll before the others have their turn; 128 by
    /// default, 0 for no limit.
    pub fn budget(mut self, operations: u8) -> Self {
        self.budget = operations;
        self
    }

    /// How long a thread with nothing to do looks for events before it sleeps; off by default.
    ///
    /// Looking saves the price of sleeping and waking, and costs processor time. It is kept up
    /// only while sleeps turn out to be shorter than `window`.
    pub fn spin(mut self, window: Duration) -> Self {
        self.spin = window;
        self
    }

    /// Measures every poll of a task, for [`CoreMetrics::longest_poll`](super::CoreMetrics). Off
    /// by default, since it reads the clock twice per poll.
    pub fn measure_polls(mut self, measure: bool) -> Self {
        self.measure_polls = measure;
        self
    }

    /// Chooses which task runs next, on a current-thread runtime; first in, first out by default.
    pub fn picker(mut self, picker: impl Picker + 'static) -> Self {
        self.picker = Some(Box::new(picker));
        self
    }

    /// Starts with the clock stopped, as by [`time::pause`](crate::time::pause). Needs a
    /// current-thread runtime.
    pub fn start_paused(mut self, paused: bool) -> Self {
        self.start_paused = paused;
        self
    }

    /// Builds the runtime.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors or threads, or options contradict each other; the
    /// error says which.
    pub fn build(self) -> io::Result<Runtime> {
        let shared = if self.multi_thread { self.pooled()? } else { self.single(false)? };
        Ok(Runtime::from_inner(shared))
    }

    /// Builds a current-thread runtime that stays on this thread and takes tasks that are not
    /// `Send`.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build); also on a builder for a multi-thread runtime.
    pub fn build_local(self) -> io::Result<LocalRuntime> {
        if self.multi_thread {
            return Err(contradiction("a local runtime has one thread: use new_current_thread"));
        }
        Ok(LocalRuntime::from_inner(self.single(true)?))
    }

    fn single(mut self, local: bool) -> io::Result<Arc<RuntimeInner>> {
        let clock = match self.engine.host() {
            Some(_) if self.start_paused => {
                return Err(contradiction("a simulated world has its own clock, never paused"));
            }
            Some(host) => Clock::Simulated(host.host().world().clone()),
            None => Clock::Pausable(Arc::new(PausableClock::default())),
        };
        if let (Clock::Pausable(clock), true) = (&clock, self.start_paused) {
            clock.pause();
        }
        let reactor = reactor::ReactorInner::start(&self.engine, clock.clone(), TurnedBy::Nobody)?;
        let mut core = Box::new(Core::new(0, reactor.clone(), Queue::Own(Default::default())));
        // A simulated core is stepped, so that each poll is known to whoever watches it.
        let fifo = self.engine.is_simulated().then(|| Box::new(Fifo) as Box<dyn Picker>);
        core.picker = self.picker.take().or(fifo);
        let counters = vec![core.counters.clone()];
        let only = local.then(|| std::thread::current().id());
        let flavor = Flavor::CurrentThread(CoreSlot::new(core, only));
        Ok(self.finish(flavor, vec![reactor], counters, clock))
    }

    fn pooled(self) -> io::Result<Arc<RuntimeInner>> {
        if self.engine.is_simulated() {
            return Err(contradiction(
                "a simulated host is stepped by one thread: \
                 use new_current_thread",
            ));
        }
        if self.start_paused {
            return Err(contradiction("a clock can be paused only on a current-thread runtime"));
        }
        if self.picker.is_some() {
            return Err(contradiction("a picker needs a current-thread runtime"));
        }
        let count = self
            .worker_threads
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZeroUsize::get));
        let mut cores = Vec::with_capacity(count);
        for index in 0..count {
            // Its worker is on its way when anybody else can know of it.
            let reactor =
                reactor::ReactorInner::start(&self.engine, Clock::System, TurnedBy::CoreHolder)?;
            let queue = Queue::Shared(Deque::new_fifo());
            cores.push(Box::new(Core::new(index, reactor, queue)));
        }
        let reactors = cores.iter().map(|core| core.reactor.clone()).collect();
        let counters = cores.iter().map(|core| core.counters.clone()).collect();
        let flavor = Flavor::MultiThread(Pool::new(&cores));
        let shared = self.finish(flavor, reactors, counters, Clock::System);
        let Flavor::MultiThread(pool) = &shared.flavor else { return Ok(shared) };
        for core in cores {
            if let Err((_, error)) = pool.threads.pass(&shared, core) {
                shared.shut_down(None);
                return Err(pool::no_worker(&error));
            }
        }
        Ok(shared)
    }

    fn finish(
        self,
        flavor: Flavor,
        reactors: Vec<Arc<reactor::ReactorInner>>,
        counters: Vec<Arc<super::metrics::CoreCounters>>,
        clock: Clock,
    ) -> Arc<RuntimeInner> {
        let blocking = BlockingPool::new(BlockingConfig {
            thread_limit: self.max_blocking_threads,
            queue_limit: self.max_blocking_queue,
            keep_alive: self.blocking_keep_alive,
            thread_name: self.thread_name.clone(),
            stack_size: self.thread_stack_size,
            on_start: self.on_thread_start.clone(),
            on_stop: self.on_thread_stop.clone(),
            on_idle: Vec::new(),
        });
        let config = Config {
            thread_name: self.thread_name,
            stack_size: self.thread_stack_size,
            keep_alive: self.blocking_keep_alive,
            on_thread_start: self.on_thread_start,
            on_thread_stop: self.on_thread_stop,
            budget: Budget::limited(self.budget),
            spin: self.spin,
            measure_polls: self.measure_polls,
        };
        RuntimeInner::new(flavor, config, reactors, counters, blocking, clock, self.engine)
    }
}

fn contradiction(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("multi_thread", &self.multi_thread)
            .field("engine", &self.engine)
            .field("worker_threads", &self.worker_threads)
            .finish_non_exhaustive()
    }
}
