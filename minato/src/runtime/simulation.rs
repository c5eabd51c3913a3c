//! Several simulated hosts, stepped together on one thread.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use minato_sim::World;

use super::context::Seat;
use super::current::{Progress, Stepper};
use super::picker::Picker;
use super::shared::{Flavor, Shared};
use super::{Builder, LocalRuntime};
use crate::engine::Engine;
use crate::reactor;
use crate::reactor::shared::Keeper;
use crate::task::{self, JoinHandle};

/// A world whose hosts each run a program of yours, deterministically, on one thread.
///
/// Each host has a current-thread runtime on the simulated engine. The simulation polls one task
/// at a time: which host's, and which of its tasks, is drawn from the world's seed, or chosen by a
/// [`Picker`]. When no task can run, the world goes on to its next event or to the next timer, so
/// virtual time passes only while everybody waits, and a run takes as long as its tasks compute.
///
/// The same seed gives the same run, to the last event: compare
/// [`World::trace_hash`](minato_sim::World::trace_hash).
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
/// assert_eq!(&simulation.run_until(client)???, b"hello");
/// # Ok(())
/// # }
/// ```
pub struct Simulation {
    world: World,
    hosts: BTreeMap<u64, Host>,
    picker: Box<dyn Picker>,
    defers_sends: bool,
}

struct Host {
    name: String,
    seat: Rc<Seat>,
    reactor: Arc<reactor::Shared>,
    /// Ends the tasks when the simulation is dropped.
    runtime: LocalRuntime,
}

impl Simulation {
    /// A fresh world with the given seed.
    pub fn new(seed: u64) -> Self {
        Self::in_world(World::new(seed))
    }

    /// A simulation in a world that was set up before.
    pub fn in_world(world: World) -> Self {
        let picker = Box::new(Drawn { world: world.clone() });
        Self { world, hosts: BTreeMap::new(), picker, defers_sends: false }
    }

    /// Chooses which task of a host runs next by `picker`, instead of drawing it.
    #[must_use]
    pub fn with_picker(mut self, picker: impl Picker + 'static) -> Self {
        self.picker = Box::new(picker);
        self
    }

    /// Has the hosts that are made from now on keep sent bytes back; see
    /// [`Engine::deferring_sends`].
    #[must_use]
    pub fn deferring_sends(mut self) -> Self {
        self.defers_sends = true;
        self
    }

    /// The world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Spawns a task on a host, which is made with its first task. It runs when the simulation
    /// does.
    ///
    /// # Errors
    ///
    /// When the host's runtime cannot be made.
    #[track_caller]
    pub fn spawn<F>(&mut self, host: &str, future: F) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let shared = self.host(host)?;
        Ok(task::spawn_local_on(shared, future))
    }

    /// The runtime of a host, made now if there is none.
    fn host(&mut self, name: &str) -> io::Result<Arc<Shared>> {
        let host = self.world.host(name);
        if let Some(host) = self.hosts.get(&host.number()) {
            return Ok(host.runtime.shared.clone());
        }
        let number = host.number();
        let engine = Engine::sim(host);
        let engine = if self.defers_sends { engine.deferring_sends() } else { engine };
        let runtime = Builder::new_current_thread().engine(engine).build_local()?;
        let shared = runtime.shared.clone();
        let seat = Seat::new(shared.clone());
        let reactor = shared.reactors()[0].clone();
        if let Flavor::CurrentThread(stand) = &shared.flavor
            && let Some(core) = stand.take()
        {
            reactor.set_keeper(Keeper::Core);
            seat.give_core(core);
        }
        self.hosts.insert(number, Host { name: name.to_owned(), seat, reactor, runtime });
        Ok(shared)
    }

    /// Does one thing: polls one task, or lets the world go on to what comes next. Returns whether
    /// there was anything to do.
    ///
    /// # Errors
    ///
    /// When a reactor fails, which the simulated one does not.
    pub fn step(&mut self) -> io::Result<bool> {
        let ready: Vec<u64> =
            self.hosts.iter().filter(|(_, host)| host.has_task()).map(|(n, _)| *n).collect();
        if !ready.is_empty() {
            let at = self.world.choose("which host runs", 0, ready.len());
            if let Some(host) = self.hosts.get(&ready[at]) {
                host.poll_one(&mut *self.picker);
            }
            return Ok(true);
        }
        // Nobody can run: deliver what has come, or let time pass until something comes.
        let (mut woke, mut until) = (false, None::<Duration>);
        for host in self.hosts.values() {
            host.turn()?;
            woke |= host.has_task();
            if let Some(next) = host.reactor.timers().until_next() {
                until = Some(until.map_or(next, |until| until.min(next)));
            }
        }
        if woke {
            return Ok(true);
        }
        let limit = until.map(|until| self.world.now().saturating_add(until));
        Ok(self.world.advance(limit) || limit.is_some())
    }

    /// Runs until `future` is ready, which is polled outside the hosts: a
    /// [`JoinHandle`] of theirs, for example.
    ///
    /// # Errors
    ///
    /// When nothing can go on before it is ready: no task can run and no event is due. The error
    /// tells which tasks are alive and what their sockets wait for.
    pub fn run_until<F: Future>(&mut self, future: F) -> io::Result<F::Output> {
        let mut future = pin!(future);
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(flag.clone());
        let mut cx = Context::from_waker(&waker);
        loop {
            if flag.0.swap(false, Ordering::AcqRel)
                && let Poll::Ready(output) = future.as_mut().poll(&mut cx)
            {
                return Ok(output);
            }
            if !self.step()? && !flag.0.load(Ordering::Acquire) {
                return Err(self.deadlock());
            }
        }
    }

    /// Runs until no task of any host is alive.
    ///
    /// # Errors
    ///
    /// As [`run_until`](Self::run_until).
    pub fn run_until_idle(&mut self) -> io::Result<()> {
        while self.hosts.values().any(|host| !host.runtime.shared.tasks().is_empty()) {
            if !self.step()? {
                return Err(self.deadlock());
            }
        }
        Ok(())
    }

    /// Runs for a while of virtual time.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step).
    pub fn run_for(&mut self, time: Duration) -> io::Result<()> {
        let end = self.world.now().saturating_add(time);
        while self.world.now() < end {
            let next = self.world.next_event().is_some_and(|at| at <= end);
            let timer = self.hosts.values().any(|host| {
                let until = host.reactor.timers().until_next();
                until.is_some_and(|until| self.world.now().saturating_add(until) <= end)
            });
            let ready = self.hosts.values().any(Host::has_task);
            if !next && !timer && !ready && !self.hosts.values().any(Host::has_events) {
                self.world.advance(Some(end));
                break;
            }
            self.step()?;
        }
        Ok(())
    }

    fn deadlock(&self) -> io::Error {
        let mut text = String::from("nothing can go on in the simulated world:");
        for host in self.hosts.values() {
            text += &format!("\nhost {}: {}", host.name, host.runtime.shared.describe_tasks());
        }
        text += &format!("\nsockets:\n{}", self.world.netstat());
        io::Error::new(io::ErrorKind::Deadlock, text)
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        for host in self.hosts.values() {
            // The runtime takes its core back to drop the tasks with it.
            if let (Some(core), Flavor::CurrentThread(stand)) =
                (host.seat.take_core(), &host.runtime.shared.flavor)
            {
                stand.give(core);
            }
        }
    }
}

impl Host {
    fn stepper<T>(&self, with: impl FnOnce(&mut Stepper<'_>) -> T) -> T {
        let seated = self.seat.clone().sit_down();
        with(&mut Stepper { shared: &self.runtime.shared, seat: &seated, reactor: &self.reactor })
    }

    fn has_task(&self) -> bool {
        Stepper { shared: &self.runtime.shared, seat: &self.seat, reactor: &self.reactor }
            .has_task()
    }

    fn has_events(&self) -> bool {
        self.runtime.shared.engine().host().is_some_and(|host| host.host().has_events())
    }

    fn poll_one(&self, picker: &mut dyn Picker) -> Progress {
        self.stepper(|stepper| stepper.step(picker))
    }

    fn turn(&self) -> io::Result<()> {
        self.stepper(|stepper| {
            stepper.turn(Some(Duration::ZERO));
            Ok(())
        })
    }
}

/// The picker of a simulation: every choice is drawn by the world.
struct Drawn {
    world: World,
}

impl Picker for Drawn {
    fn pick(&mut self, ready: &[u64]) -> usize {
        self.world.choose("which task runs", 0, ready.len())
    }
}

/// Whether the future of a run was woken.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation")
            .field("now", &self.world.now())
            .field("hosts", &self.hosts.len())
            .finish_non_exhaustive()
    }
}
