//! How a runtime is made.

use std::io;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::time::Duration;

use super::core::{Core, SharedPicker};
use super::enter::{AnyEnter, Enter, Entries};
use super::handover::{CoreSlot, pass};
use super::injector::Injector;
use super::inner::{ALL, Flavor, RuntimeInner};
use super::intervals::POLLS_PER_TURN;
use super::pool::Pool;
use super::queue::Queue;
use super::{Handle, Id, LocalRuntime, Runtime, stuck};
use crate::engine::{EVENTS_PER_WAIT, Engine};
use crate::reactor;
use crate::reactor::watch::{TurnedBy, polls};
use crate::sync::plain::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex};
use crate::task::blocking::{BlockingPool, Limits};
use crate::task::budget::Budget;
use crate::task::registry::Registry;
use crate::task::threads::{Hook, ThreadConfig};
use crate::time::clock::{Clock, PausableClock};
use minato_sim::picker::{ByName, Fifo, Picker};

/// How many blocking threads a runtime has at most, unless told otherwise.
const MAX_BLOCKING_THREADS: usize = 512;

/// How many blocking jobs wait at most, unless told otherwise.
const MAX_BLOCKING_QUEUE: usize = 100_000;

/// How the cores of a runtime work.
#[derive(Clone)]
pub(crate) struct Config {
    /// The budget of one poll.
    pub(crate) budget: Budget,
    pub(super) spin: Duration,
    pub(super) measure_polls: bool,
    /// After how many polls the reactor is turned, however much there is to do.
    pub(super) turn_interval: u32,
    /// After how many polls a task is taken from the injector; adjusted if not given.
    pub(super) injector_interval: Option<u32>,
    /// Run by a thread that is about to park because there is nothing to do.
    pub(super) on_park: Vec<Hook>,
    /// Run by a thread that has been parked.
    pub(super) on_unpark: Vec<Hook>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            budget: Budget::limited(Budget::OF_A_POLL),
            spin: Duration::ZERO,
            measure_polls: false,
            turn_interval: POLLS_PER_TURN,
            injector_interval: None,
            on_park: Vec::new(),
            on_unpark: Vec::new(),
        }
    }
}

/// Options of a local runtime, for [`Builder::build_local`]. There are none yet.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct LocalOptions {
    /// Not to be sent to other threads.
    _local: PhantomData<*mut u8>,
}

/// Builds runtimes.
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
pub struct Builder {
    multi_thread: bool,
    name: Option<String>,
    engine: Engine,
    /// How many events a turn takes, and one that does not wait.
    events: [usize; 2],
    worker_threads: Option<usize>,
    blocking: Limits,
    threads: ThreadConfig,
    config: Config,
    entries: Vec<Arc<dyn AnyEnter>>,
    /// Empty once it was used.
    picker: Option<Option<SharedPicker>>,
    start_paused: bool,
}

/// Methods of the builder that set one field each.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident($builder:ident, $value:ident: $type:ty) => $set:expr;)*) => {
        $($(#[$doc])*
        pub fn $name(&mut self, $value: $type) -> &mut Self {
            let $builder = &mut *self;
            $set;
            self
        })*
    };
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
            name: None,
            engine: Engine::default(),
            events: [EVENTS_PER_WAIT, usize::MAX],
            worker_threads: None,
            blocking: Limits { threads: MAX_BLOCKING_THREADS, queue: MAX_BLOCKING_QUEUE },
            threads: ThreadConfig::new("minato-worker"),
            config: Config::default(),
            entries: Vec::new(),
            picker: None,
            start_paused: false,
        }
    }

    setters! {
        /// The engine that serves the runtime's sockets; mio by default. A simulated one needs a
        /// current-thread runtime.
        engine(builder, engine: Engine) => builder.engine = engine;

        /// How many workers a multi-thread runtime has; as many as there are processors by default.
        ///
        /// # Panics
        ///
        /// If `count` is 0.
        #[track_caller]
        worker_threads(builder, count: usize) => {
            builder.worker_threads = Some(positive(count, "worker_threads"));
        };

        /// How many threads run blocking jobs at most; 512 by default.
        ///
        /// # Panics
        ///
        /// If `count` is 0.
        #[track_caller]
        max_blocking_threads(builder, count: usize) => {
            builder.blocking.threads = positive(count, "max_blocking_threads");
        };

        /// How many blocking jobs wait at most while all threads are busy; 100,000 by default. One
        /// more ends as cancelled.
        max_blocking_queue(builder, count: usize) => builder.blocking.queue = count;

        /// How long a blocking thread without work stays, or a worker that has given its core away
        /// because it blocked; 10 seconds by default.
        thread_keep_alive(builder, time: Duration) => builder.threads.keep_alive = time;

        /// The size of the threads' stacks in bytes; std's default if not given.
        thread_stack_size(builder, bytes: usize) => builder.threads.stack_size = Some(bytes);

        /// How many operations a task may do in one poll before the others have their turn; 128 by
        /// default, 0 for no limit.
        budget(builder, operations: u8) => builder.config.budget = Budget::limited(operations);

        /// After how many polls of tasks the sockets and timers are looked at, however many tasks
        /// are ready; 61 by default.
        ///
        /// # Panics
        ///
        /// If `polls` is 0.
        #[track_caller]
        event_interval(builder, polls: u32) => {
            builder.config.turn_interval = positive(polls, "event_interval");
        };

        /// After how many polls of tasks one is taken that was woken by another thread, however
        /// many others are ready.
        ///
        /// By default a worker goes by how long its polls take, so that such a task waits for 200
        /// microseconds or so, but for no more polls than the
        /// [`event_interval`](Self::event_interval). On a current-thread runtime it waits for that
        /// many.
        ///
        /// # Panics
        ///
        /// If `polls` is 0.
        #[track_caller]
        global_queue_interval(builder, polls: u32) => {
            builder.config.injector_interval = Some(positive(polls, "global_queue_interval"));
        };

        /// How many events of sockets are taken from the system in one turn; 1024 by default.
        ///
        /// # Panics
        ///
        /// If `count` is 0.
        #[track_caller]
        max_io_events_per_tick(builder, count: usize) => {
            builder.events[0] = positive(count, "max_io_events_per_tick");
        };

        /// The same for a turn that does not wait, since tasks are ready. A turn that waits then
        /// takes no more either; what is left comes with the next one.
        ///
        /// # Panics
        ///
        /// If `count` is 0.
        #[track_caller]
        max_io_events_per_busy_tick(builder, count: usize) => {
            builder.events[1] = positive(count, "max_io_events_per_busy_tick");
        };

        /// How long a thread with nothing to do looks for events before it sleeps; off by default.
        ///
        /// Looking saves the price of sleeping and waking, and costs processor time. It is kept up
        /// only while sleeps turn out to be shorter than `window`.
        spin(builder, window: Duration) => builder.config.spin = window;

        /// Measures every poll of a task, for [`CoreMetrics::longest_poll`](super::CoreMetrics).
        /// Off by default, since it reads the clock twice per poll.
        measure_polls(builder, measure: bool) => builder.config.measure_polls = measure;

        /// Starts with the clock stopped, as by [`time::pause`](crate::time::pause). Needs a
        /// current-thread runtime.
        start_paused(builder, paused: bool) => builder.start_paused = paused;

        /// Names the runtime, for [`Handle::name`].
        ///
        /// # Panics
        ///
        /// If the name is empty or blank.
        #[track_caller]
        name(builder, name: impl Into<String>) => {
            let name = name.into();
            assert!(!name.trim().is_empty(), "the name of a runtime must not be empty");
            builder.name = Some(name);
        };

        /// The name of the runtime's threads; "minato-worker" by default.
        thread_name(builder, name: impl Into<String>) => {
            let name = name.into();
            builder.threads.name = Arc::new(move || name.clone());
        };

        /// A function that names each of the runtime's threads.
        thread_name_fn(builder, name: impl Fn() -> String + Send + Sync + 'static) => {
            builder.threads.name = Arc::new(name);
        };

        /// Called on each thread of the runtime before it does anything. A panic is contained.
        ///
        /// Several hooks are called in the order in which they were given.
        on_thread_start(builder, hook: impl Fn() + Send + Sync + 'static) => {
            builder.threads.on_start.push(Arc::new(hook));
        };

        /// Called on each thread of the runtime when it is done. A panic is contained.
        ///
        /// Several hooks are called in the reverse of the order in which they were given, so that
        /// what was set up first is torn down last.
        on_thread_stop(builder, hook: impl Fn() + Send + Sync + 'static) => {
            builder.threads.on_stop.insert(0, Arc::new(hook));
        };

        /// Called on a thread that runs tasks, before it parks because there is nothing to do. If
        /// the hook spawns or wakes a task, the thread runs that instead of parking. A panic is
        /// contained.
        ///
        /// Several hooks are called in the order in which they were given.
        on_thread_park(builder, hook: impl Fn() + Send + Sync + 'static) => {
            builder.config.on_park.push(Arc::new(hook));
        };

        /// Called on a thread that has been parked, before it runs tasks. A panic is contained.
        ///
        /// Several hooks are called in the reverse of the order in which they were given.
        on_thread_unpark(builder, hook: impl Fn() + Send + Sync + 'static) => {
            builder.config.on_unpark.insert(0, Arc::new(hook));
        };

        /// Has each thread be in something else while it works for the runtime: the context of
        /// another library, or a span.
        ///
        /// The hook is called and what it returns is kept: on a worker as long as it is one, around
        /// each blocking job, in each `block_on`, and on a thread that drops tasks because it shuts
        /// the runtime down; but not for a [`Handle::enter`]. A panic is contained. Several hooks
        /// are called in the order in which they were given, and their guards are dropped in the
        /// reverse of it.
        ///
        /// The runtime keeps the hook, with all that it holds, until it has been shut down.
        ///
        /// ```
        /// use minato::runtime::Builder;
        /// use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
        ///
        /// static INSIDE: AtomicUsize = AtomicUsize::new(0);
        /// struct Inside;
        /// impl Drop for Inside {
        ///     fn drop(&mut self) {
        ///         INSIDE.fetch_sub(1, SeqCst);
        ///     }
        /// }
        ///
        /// # fn main() -> std::io::Result<()> {
        /// let enter = || {
        ///     INSIDE.fetch_add(1, SeqCst);
        ///     Inside
        /// };
        /// let runtime = Builder::new_current_thread().on_enter(enter).build()?;
        /// assert_eq!(runtime.block_on(async { INSIDE.load(SeqCst) }), 1);
        /// assert_eq!(INSIDE.load(SeqCst), 0);
        /// # Ok(())
        /// # }
        /// ```
        on_enter(builder, hook: impl Enter) => builder.entries.push(Arc::new(hook));

        /// Chooses which task runs next, on a current-thread runtime; first in, first out by
        /// default.
        ///
        /// The first runtime that is built takes the picker. To build another one is an error,
        /// until it gets a picker of its own.
        picker(builder, picker: impl Picker + 'static) => {
            builder.picker = Some(Some(Arc::new(Mutex::new(Box::new(picker)))));
        };
    }

    /// Does nothing: sockets and timers are always enabled.
    pub fn enable_all(&mut self) -> &mut Self {
        self
    }

    /// Does nothing: sockets are always enabled.
    pub fn enable_io(&mut self) -> &mut Self {
        self
    }

    /// Does nothing: timers are always enabled.
    pub fn enable_time(&mut self) -> &mut Self {
        self
    }

    /// Builds a runtime. May be called again, for another one.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors or threads, or options contradict each other; the
    /// error says which.
    pub fn build(&mut self) -> io::Result<Runtime> {
        let pooled = self.multi_thread && !self.engine.is_closed();
        let shared = if pooled { self.pooled()? } else { self.single(false)? };
        Ok(Runtime { handle: Handle { shared } })
    }

    /// Builds a current-thread runtime that stays on this thread and takes tasks that are not
    /// `Send`.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build); also on a builder for a multi-thread runtime.
    pub fn build_local(&mut self, _options: LocalOptions) -> io::Result<LocalRuntime> {
        if self.multi_thread {
            return Err(contradiction("a local runtime has one thread: use new_current_thread"));
        }
        let handle = Handle { shared: self.single(true)? };
        Ok(LocalRuntime { handle, _local: PhantomData })
    }

    fn single(&mut self, local: bool) -> io::Result<Arc<RuntimeInner>> {
        let clock = match self.engine.host() {
            Some(_) if self.start_paused && !self.engine.is_closed() => {
                return Err(contradiction("a simulated world has its own clock, never paused"));
            }
            Some(host) => Clock::Simulated(host.host().clone()),
            None => Clock::Pausable(Arc::new(PausableClock::default())),
        };
        if let (Clock::Pausable(clock), true) = (&clock, self.start_paused) {
            clock.pause();
        }
        let mut core = self.core(0, &clock, TurnedBy::Nobody, Queue::own())?;
        core.picker = match (&mut self.picker, self.engine.host()) {
            (Some(None), _) => {
                return Err(contradiction("the picker belongs to a runtime built before"));
            }
            (Some(given), _) => given.take(),
            // Workers would run its tasks in any order.
            (None, Some(host)) if self.multi_thread => {
                Some(Arc::new(Mutex::new(Box::new(ByName::in_world(host.host().world())))))
            }
            // A simulated core is stepped, so that each poll is known to the thread that watches.
            (None, Some(_)) => Some(Arc::new(Mutex::new(Box::new(Fifo)))),
            (None, None) => None,
        };
        let reactors = vec![core.reactor.clone()];
        let only = local.then(|| std::thread::current().id());
        let flavor = Flavor::CurrentThread(CoreSlot::new(core, only));
        Ok(self.finish(flavor, reactors, clock, self.threads()))
    }

    fn pooled(&self) -> io::Result<Arc<RuntimeInner>> {
        for (is_given, why) in [
            (
                self.engine.is_simulated(),
                "a simulated host is stepped by one thread: use new_current_thread",
            ),
            (self.start_paused, "a clock can be paused only on a current-thread runtime"),
            (self.picker.is_some(), "a picker needs a current-thread runtime"),
        ] {
            if is_given {
                return Err(contradiction(why));
            }
        }
        let count = self
            .worker_threads
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZeroUsize::get));
        // Its worker is on its way when anybody else can know of a core.
        let core = |index| self.core(index, &Clock::System, TurnedBy::CoreHolder, Queue::shared());
        let cores = (0..count).map(core).collect::<io::Result<Vec<_>>>()?;
        let reactors = cores.iter().map(|core| core.reactor.clone()).collect();
        let threads = self.threads();
        let flavor = Flavor::MultiThread(Pool::new(&cores, threads.clone()));
        let shared = self.finish(flavor, reactors, Clock::System, threads);
        let Flavor::MultiThread(pool) = &shared.flavor else { return Ok(shared) };
        for core in cores {
            if let Err((_, error)) = pass(&shared, pool, core) {
                shared.shut_down(None);
                let text = format!("a worker thread of the runtime cannot be started: {error}");
                return Err(io::Error::new(error.kind(), text));
            }
        }
        Ok(shared)
    }

    /// How the threads of one more runtime are made.
    fn threads(&self) -> ThreadConfig {
        ThreadConfig { entries: Entries::new(&self.entries), ..self.threads.clone() }
    }

    fn core(
        &self,
        index: usize,
        clock: &Clock,
        turned_by: TurnedBy,
        queue: Queue,
    ) -> io::Result<Box<Core>> {
        self.entries.iter().try_for_each(|entry| entry.check(&self.engine))?;
        let [per_turn, without_waiting] = self.events;
        let engine = self.engine.clone().with_events_per_wait(per_turn.min(without_waiting));
        let reactor = reactor::ReactorInner::start(&engine, clock.clone(), turned_by)?;
        Ok(Box::new(Core::new(index, reactor, queue, &self.config)))
    }

    fn finish(
        &self,
        flavor: Flavor,
        reactors: Vec<Arc<reactor::ReactorInner>>,
        clock: Clock,
        threads: ThreadConfig,
    ) -> Arc<RuntimeInner> {
        let Config { on_park, on_unpark, .. } = &self.config;
        let observes_parks = !on_park.is_empty() || !on_unpark.is_empty();
        let shared = Arc::new(RuntimeInner {
            id: Id::next(),
            name: self.name.clone(),
            flavor,
            injector: Injector::default(),
            config: self.config.clone(),
            reactors: reactors.into(),
            tasks: Registry::default(),
            entries: threads.entries.clone(),
            blocking: BlockingPool::new(threads, self.blocking),
            clock,
            engine: self.engine.clone(),
            ended: AtomicBool::new(false),
            observes_parks: AtomicBool::new(observes_parks),
            panics: OnceLock::new(),
            root: Mutex::new(None),
        });
        for reactor in &shared.reactors {
            reactor.owner.store(shared.address(), Ordering::Relaxed);
        }
        ALL.add(&shared);
        polls::watch_new(&shared.reactors);
        if shared.engine.is_simulated() {
            stuck::watch();
        }
        shared
    }
}

/// Refuses a count of 0.
#[track_caller]
fn positive<N: Default + PartialEq>(count: N, what: &str) -> N {
    assert!(count != N::default(), "{what} must be non-zero");
    count
}

fn contradiction(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

crate::debug::opaque!(
    Builder, |it|
    multi_thread: it.multi_thread,
    engine: it.engine,
    worker_threads: it.worker_threads
);
