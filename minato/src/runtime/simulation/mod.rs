//! Several simulated hosts, stepped together on one thread.

mod host;
pub(super) mod panics;
mod stepper;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use minato_sim::agenda::Agenda;
use minato_sim::picker::{ByName, Picker};
use minato_sim::{Action, World};

use self::host::Host;
use self::panics::PanicLog;
use super::inner::RuntimeInner;
use crate::sim::DEPUTIES;
use crate::sync::Arc;
use crate::sync::plain::{AtomicBool, Ordering};
use crate::task::{self, JoinHandle};
use crate::time::clock::world_origin;

/// A world whose hosts each run a program of yours, deterministically, on one thread.
///
/// Each host has a current-thread runtime on the simulated engine. The simulation polls one task
/// at a time. The world's seed decides which host is next and which of its tasks, or a [`Picker`]
/// does. When no task can run, the clock goes to the next event or timer. So virtual time passes
/// only while all tasks wait, and no timer fires late. One exception keeps tasks that yield in a
/// loop from stopping the clock: after 10,000 polls in one instant up to a millisecond passes.
///
/// The same seed gives the same run, to the last event: compare
/// [`World::trace_hash`](minato_sim::World::trace_hash). What a program takes from its thread, such
/// as the keys of std's hash maps, is new for each run by [`sim::run`](crate::sim::run).
///
/// # How a run ends
///
/// [`block_on`](Self::block_on) and [`run_until`](Self::run_until) end when their future is ready.
/// They fail when nothing can go on, when a [limit](Self::with_time_limit) of virtual time has
/// passed, or when a task has panicked and nobody has awaited it. The report names the hosts, the
/// tasks that are alive and the sockets.
///
/// # Threads
///
/// A thread that a host starts is the machine's: it is in no world, has real time, and runs beside
/// the simulation. It may compute and return a value by its `join`. When it wakes a task, by a
/// channel for example, the run fails with its name, because no seed decides when that happens.
/// [`tolerating_escapes`](Self::tolerating_escapes) allows it. Blocking jobs
/// ([`spawn_blocking`](crate::task::spawn_blocking)) need no thread: they are tasks here.
///
/// # Blocking
///
/// All hosts share one thread. A task that blocks it stops the whole world, and virtual time with
/// it: `std::thread::sleep`, a lock of std that another task holds, or the `block_on` of another
/// library. Such a `block_on` never returns if it waits for anything that the world has to do.
/// After five seconds of real time in one poll a line on standard error names the host and the
/// task; the environment variable `MINATO_SIM_STUCK_MS` sets another time, or with 0 none. (There
/// is no report where [hidden threads are forbidden](crate::runtime::forbid_implicit).)
///
/// [`Handle::block_on`](crate::runtime::Handle::block_on) works within a task: it lets the world go
/// on, but no other task of any host runs until it returns, so that their timers may be late.
///
/// # Examples
///
/// ```
/// use minato::io::{AsyncReadExt, AsyncWriteExt};
/// use minato::net::{TcpListener, TcpStream};
/// use minato::sim::Simulation;
///
/// # fn main() -> std::io::Result<()> {
/// let mut simulation = Simulation::new(42);
/// simulation.spawn("server", async {
///     let listener = TcpListener::bind("0.0.0.0:7000").await?;
///     let (mut stream, _) = listener.accept().await?;
///     let mut buf = [0; 5];
///     stream.read_exact(&mut buf).await?;
///     stream.write_all(&buf).await
/// })?;
/// let client = simulation.spawn("client", async {
///     let mut stream = TcpStream::connect("server:7000").await?;
///     stream.write_all(b"hello").await?;
///     let mut buf = [0; 5];
///     stream.read_exact(&mut buf).await?;
///     std::io::Result::Ok(buf)
/// })?;
/// assert_eq!(&simulation.block_on(client)??, b"hello");
/// # Ok(())
/// # }
/// ```
pub struct Simulation {
    world: World,
    /// By number; `None` for hosts of the world that have no task here.
    hosts: Vec<Option<Host>>,
    /// What starts the programs of hosts, by the hosts' numbers.
    programs: BTreeMap<u64, Start>,
    agenda: Agenda,
    picker: Box<dyn Picker>,
    defers_sends: bool,
    panics: Arc<PanicLog>,
    tolerates_panics: bool,
    tolerates_escapes: bool,
    time_limit: Duration,
}

/// Starts the program of a host on a runtime.
type Start = Box<dyn Fn(Arc<RuntimeInner>)>;

/// The virtual time that a run may take, unless told otherwise. All that the network waits for is
/// over by then: a dead connection after 15 minutes, or with keepalive after 2 hours and 11
/// minutes. And it is soon over: a timer of 10 ms fires a million times in it.
const TIME_LIMIT: Duration = Duration::from_secs(3 * 60 * 60);

impl Simulation {
    /// A fresh world with the given seed.
    pub fn new(seed: u64) -> Self {
        Self::in_world(World::new(seed))
    }

    /// A simulation in a world that was set up before.
    pub fn in_world(world: World) -> Self {
        Self {
            hosts: Vec::new(),
            agenda: Agenda::new(world.clone()),
            picker: Box::new(ByName::in_world(&world)),
            world,
            programs: BTreeMap::new(),
            defers_sends: false,
            panics: Arc::default(),
            tolerates_panics: false,
            tolerates_escapes: false,
            time_limit: TIME_LIMIT,
        }
    }

    /// Chooses which task of a host runs next by `picker`, instead of drawing it.
    #[must_use]
    pub fn with_picker(mut self, picker: impl Picker + 'static) -> Self {
        self.picker = Box::new(picker);
        self
    }

    /// Has the hosts that are made from now on keep sent bytes back; see
    /// [`Engine::deferring_sends`](crate::engine::Engine::deferring_sends).
    #[must_use]
    pub fn deferring_sends(mut self) -> Self {
        self.defers_sends = true;
        self
    }

    /// The virtual time that each run may take: 3 hours if not given, and with [`Duration::MAX`]
    /// any.
    ///
    /// One periodic timer on any host keeps a simulation going for ever. The limit ends a run whose
    /// future waits in vain meanwhile; see [`run_until`](Self::run_until).
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Lets runs go on after a task has panicked, as a runtime does: the panic is the task's
    /// output, and lost if nobody awaits its [`JoinHandle`].
    #[must_use]
    pub fn tolerating_panics(mut self) -> Self {
        self.tolerates_panics = true;
        self
    }

    /// Lets runs go on after something has happened that is none of the world's: a wake by another
    /// thread, or a call that goes past the world (see [`interpose!`](crate::sim::interpose)). A
    /// seed decides nothing of that, so two runs may differ.
    #[must_use]
    pub fn tolerating_escapes(mut self) -> Self {
        self.tolerates_escapes = true;
        self
    }

    /// The world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Spawns a task on a host, which is made with its first task. It runs when the simulation
    /// does.
    ///
    /// Make timers and sockets within the task (`async { sleep(time).await }`): one that is made
    /// by the caller belongs to the caller's runtime, or to none, and takes real time.
    ///
    /// # Errors
    ///
    /// When the host's runtime cannot be made, and [`InvalidInput`](io::ErrorKind::InvalidInput) if
    /// the host is [down](minato_sim::Condition::Down).
    #[track_caller]
    pub fn spawn<F>(&mut self, host: &str, future: F) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let shared = self.host(host)?;
        Ok(task::spawn_local_at(shared, Location::caller(), future))
    }

    /// Runs `program` on a host as its first task, and makes it anew whenever the host is
    /// [restarted](minato_sim::Host::restart). All tasks of a host end when it
    /// [crashes](minato_sim::Host::crash); those that the program has spawned go on when only the
    /// program ends.
    ///
    /// ```
    /// use minato::sim::Simulation;
    /// use std::time::Duration;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut simulation = Simulation::new(1);
    /// let mut starts = 0;
    /// simulation.program("server", move || {
    ///     starts += 1;
    ///     async move {
    ///         minato::time::sleep(Duration::from_secs(60)).await;
    ///         assert_eq!(starts, 2, "the first one did not live that long");
    ///     }
    /// })?;
    /// let server = simulation.world().host("server");
    /// simulation.run_for(Duration::from_secs(30))?;
    /// server.crash()?;
    /// simulation.run_for(Duration::from_secs(5))?;
    /// server.restart()?;
    /// simulation.run_until_idle()
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn); also [`InvalidInput`](io::ErrorKind::InvalidInput), if the host
    /// has a program.
    #[track_caller]
    pub fn program<F>(&mut self, host: &str, program: impl FnMut() -> F + 'static) -> io::Result<()>
    where
        F: Future<Output = ()> + 'static,
    {
        let host = self.world.host(host);
        host.note_program()?;
        let (place, program) = (Location::caller(), Rc::new(RefCell::new(program)));
        let start = move |runtime: Arc<RuntimeInner>| {
            let program = program.clone();
            let made = async move {
                let program = (program.borrow_mut())();
                program.await;
            };
            drop(task::spawn_local_at(runtime, place, made));
        };
        self.programs.insert(host.number(), Box::new(start));
        Ok(())
    }

    /// The runtime of a host, made now if there is none.
    fn host(&mut self, name: &str) -> io::Result<Arc<RuntimeInner>> {
        let host = self.world.host(name);
        host.note_spawn()?;
        let index = host.number() as usize;
        if self.hosts.len() <= index {
            self.hosts.resize_with(index + 1, || None);
        }
        let host = match &mut self.hosts[index] {
            Some(host) => host,
            vacant => vacant.insert(Host::new(host, self.defers_sends, &self.panics)?),
        };
        Ok(host.runtime().clone())
    }

    /// Does one thing: polls one task, or lets the world go on to what comes next. Returns whether
    /// there was anything to do. Limits and panics of tasks are for the runs to look at.
    pub fn step(&mut self) -> bool {
        self.step_until(None)
    }

    /// The same, but time passes no further than to `end`.
    fn step_until(&mut self, end: Option<Duration>) -> bool {
        if self.turn_notified() {
            return true;
        }
        if let Some(number) = self.agenda.take_ready() {
            self.with_host(number, |host, picker| host.poll_one(picker));
            return true;
        }
        if self.defers_sends {
            // Bytes that were kept back are sent in a turn.
            (0..self.hosts.len()).for_each(|number| self.turn(number as u64));
        }
        DEPUTIES.close_abandoned(&self.world);
        let went_on = self.agenda.pass_time(end);
        while let Some(number) = self.agenda.take_due() {
            self.turn(number);
        }
        went_on
    }

    /// Stops hosts and lets them go on, as was asked for, and looks at those to which something has
    /// happened: an event for one of their sockets, or a wake or a timer that came from elsewhere.
    /// Returns whether anything was asked for.
    fn turn_notified(&mut self) -> bool {
        self.agenda.check_notified();
        let mut was_asked = false;
        while let Some((host, action)) = self.agenda.take_request() {
            let number = host.number();
            match action {
                // The world was cut before: what the tasks' destructors send goes nowhere.
                Action::Crash => drop(self.hosts.get_mut(number as usize).map(Option::take)),
                Action::Start => match (self.host(&host.name()), self.programs.get(&number)) {
                    (Ok(runtime), Some(start)) => start(runtime),
                    (runtime, _) => panic!("{host:?} cannot start: {:?}", runtime.err()),
                },
                _ => {}
            }
            self.turn(number);
            was_asked = true;
        }
        while let Some(number) = self.agenda.take_notified() {
            self.turn(number);
        }
        was_asked
    }

    /// Turns the reactor of a host.
    fn turn(&mut self, number: u64) {
        self.with_host(number, |host, _| host.turn());
    }

    /// Calls `run` with a host, if it has tasks here, and notes what is to be done for it next.
    fn with_host(&mut self, number: u64, run: impl FnOnce(&Host, &mut dyn Picker)) {
        if let Some(Some(host)) = self.hosts.get(number as usize)
            && !self.agenda.is_paused(number)
        {
            run(host, &mut *self.picker);
            let deadline = host.next_deadline().map(|at| at - world_origin());
            self.agenda.note(number, host.has_task(), deadline);
        }
    }

    /// Runs until `future` is ready, and returns its output. The future is polled outside the
    /// hosts: let it await what was spawned on them, such as a [`JoinHandle`].
    ///
    /// # Panics
    ///
    /// When the run ends before: with the text of the error that [`run_until`](Self::run_until)
    /// returns.
    #[track_caller]
    pub fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        match self.run_until(future) {
            Ok(output) => output,
            Err(error) => panic!("{error}"),
        }
    }

    /// Runs until `future` is ready, and returns its output. The future is polled outside the
    /// hosts: let it await what was spawned on them, such as a [`JoinHandle`].
    ///
    /// # Errors
    ///
    /// * [`Deadlock`](io::ErrorKind::Deadlock), if nothing can go on before the future is ready: no
    ///   task can run and no event or timer is due.
    /// * [`TimedOut`](io::ErrorKind::TimedOut), if it is not ready within the
    ///   [limit](Self::with_time_limit) of virtual time.
    /// * [`Other`](io::ErrorKind::Other), if a task has panicked: at once if its `JoinHandle` is
    ///   gone, and at the end of the run if no task has awaited the handle by then. A task that
    ///   awaits it gets the panic, as from any runtime, and the run goes on.
    ///
    /// * [`Other`](io::ErrorKind::Other), if another thread has woken a task, or code of a host has
    ///   gone past the world; see [`tolerating_escapes`](Self::tolerating_escapes).
    ///
    /// The text of each names the panics, the tasks that are alive, and what their sockets wait
    /// for.
    pub fn run_until<F: Future>(&mut self, future: F) -> io::Result<F::Output> {
        let mut future = pin!(future);
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(flag.clone());
        let mut cx = Context::from_waker(&waker);
        let end = self.world.now().saturating_add(self.time_limit);
        loop {
            if flag.0.swap(false, Ordering::AcqRel)
                && let Poll::Ready(output) = future.as_mut().poll(&mut cx)
            {
                self.check_end()?;
                return Ok(output);
            }
            let went_on = self.step() || flag.0.load(Ordering::Acquire);
            self.check(went_on, end)?;
        }
    }

    /// Runs until no task of any host is alive.
    ///
    /// # Errors
    ///
    /// As [`run_until`](Self::run_until).
    pub fn run_until_idle(&mut self) -> io::Result<()> {
        let end = self.world.now().saturating_add(self.time_limit);
        let is_alive = |host: &Host| !host.runtime().tasks.is_empty();
        while {
            self.turn_notified();
            self.agenda.ready_hosts() > 0 || self.hosts().any(is_alive)
        } {
            let went_on = self.step();
            self.check(went_on, end)?;
        }
        self.check_end()
    }

    /// Runs for `time`, of virtual time, and until all that is due then has happened.
    ///
    /// # Errors
    ///
    /// If a task has panicked and its [`JoinHandle`] is gone.
    pub fn run_for(&mut self, time: Duration) -> io::Result<()> {
        let end = self.world.now().saturating_add(time).min(World::END);
        while self.agenda.has_work_until(end) {
            self.step_until(Some(end));
            self.check_panics(self.panics.has_lost())?;
        }
        self.check_escape()
    }

    fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.hosts.iter().flatten()
    }

    /// Ends a run that cannot go on, must not, or has lost a panic.
    fn check(&mut self, went_on: bool, end: Duration) -> io::Result<()> {
        if self.agenda.has_moved() || !went_on {
            self.check_escape()?;
        }
        self.check_panics(self.panics.has_lost())?;
        if !went_on {
            let why = "nothing can go on in the simulated world";
            return Err(self.error(io::ErrorKind::Deadlock, why));
        }
        if self.agenda.has_passed(end) {
            let limit = self.time_limit;
            let why = format!(
                "the run did not end within {limit:?} of virtual time, its limit \
                 (see Simulation::with_time_limit)"
            );
            return Err(self.error(io::ErrorKind::TimedOut, &why));
        }
        Ok(())
    }

    /// Fails for what must not be at the end of a run.
    fn check_end(&self) -> io::Result<()> {
        self.check_escape()?;
        self.check_panics(!self.panics.is_empty())
    }

    /// Fails if something has happened that is none of the world's.
    fn check_escape(&self) -> io::Result<()> {
        match self.world.escape().filter(|_| !self.tolerates_escapes) {
            Some(escape) => Err(self.error(io::ErrorKind::Other, &escape)),
            None => Ok(()),
        }
    }

    /// Fails if there are panics to fail for; they count once.
    fn check_panics(&self, failed: bool) -> io::Result<()> {
        if !failed || self.tolerates_panics {
            return Ok(());
        }
        // A task that met the error of its escape has panicked because of that.
        self.check_escape()?;
        let why = "a task has panicked, and nobody awaited it (see Simulation::tolerating_panics)";
        let error = self.error(io::ErrorKind::Other, why);
        self.panics.clear();
        Err(error)
    }

    /// The error that ends a run: why, and who is in which state.
    fn error(&self, kind: io::ErrorKind, why: &str) -> io::Error {
        let mut text = format!("{why}:{}", self.panics.describe());
        for host in self.hosts() {
            text += &format!("\nhost {}: {}", host.name(), host.runtime().describe_tasks());
        }
        text += &format!("{}\nsockets:\n{}", self.world.describe_stopped(), self.world.netstat());
        io::Error::new(kind, text)
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        // Its tasks keep their runtimes, which keep the list.
        self.panics.clear();
    }
}

/// Whether the future of a run was woken.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

crate::debug::opaque!(Simulation, |it| now: it.world.now(), hosts: it.hosts().count());
