//! Which world a thread is in, and running one on a thread of its own.

use std::panic::resume_unwind;
use std::thread;

use minato_sim::scenario::Scenario;
use minato_sim::sweep::Sweep;
use minato_sim::{Host, World};

use super::Simulation;
use crate::runtime::context;

/// The simulated world that this thread is in: that of the host whose code it runs. Outside of all
/// hosts it is the world of [`run`], if that has made the thread.
///
/// ```
/// use minato::sim;
///
/// # fn main() -> std::io::Result<()> {
/// assert!(sim::world().is_none());
/// let mut simulation = sim::Simulation::new(1);
/// let task = simulation.spawn("host", async { sim::world().map(|world| world.seed()) })?;
/// assert_eq!(simulation.block_on(task).unwrap(), Some(1));
/// # Ok(())
/// # }
/// ```
pub fn world() -> Option<World> {
    context::world()
}

/// The simulated host whose code this thread runs.
///
/// ```
/// use minato::sim;
///
/// # fn main() -> std::io::Result<()> {
/// assert!(sim::host().is_none());
/// let mut simulation = sim::Simulation::new(1);
/// let task = simulation.spawn("ship", async { sim::host().map(|host| host.name()) })?;
/// assert_eq!(simulation.block_on(task).unwrap().as_deref(), Some("ship"));
/// # Ok(())
/// # }
/// ```
pub fn host() -> Option<Host> {
    context::host().map(|host| host.host().clone())
}

/// One of `n` possibilities, a number in `0..n`, drawn by the world that this thread is in; `None`
/// where it is in none. It is for what else would choose by a random generator of its own, such as
/// the order in which a `select!` polls. Each task has draws of its own.
pub fn draw(n: usize) -> Option<usize> {
    let task = context::task().map_or(u64::MAX, |task| task.number());
    Some(world()?.choose_for(task, "which branch", n))
}

/// Counts that the code which this thread runs has reached a milestone of the simulated world that
/// it is in; see [`Sweep::must_reach`]. Outside of all worlds it does nothing.
pub fn mark(name: &str) {
    world().iter().for_each(|world| world.mark(name));
}

/// Runs of a scenario with many seeds, each with other faults; see [`Sweep`].
///
/// ```
/// use minato::io::{AsyncReadExt, AsyncWriteExt};
/// use minato::net::{TcpListener, TcpStream};
/// use minato::sim::{self, FaultKind, Scenario, Swarm};
///
/// fn echo(sim: &mut Scenario) {
///     sim.host("server", |_| async {
///         let listener = TcpListener::bind("0.0.0.0:7000").await?;
///         loop {
///             let (mut stream, _) = listener.accept().await?;
///             let mut byte = [0];
///             while stream.read(&mut byte).await? > 0 {
///                 stream.write_all(&byte).await?;
///             }
///         }
///         #[allow(unreachable_code, reason = "it tells the type")]
///         std::io::Result::Ok(())
///     });
///     sim.client("client", |_| async {
///         let mut stream = TcpStream::connect("server:7000").await?;
///         for sent in 0..20 {
///             stream.write_all(&[sent]).await?;
///             let mut byte = [0];
///             stream.read_exact(&mut byte).await?;
///             assert_eq!(byte, [sent]);
///             minato::time::sleep(std::time::Duration::from_millis(100)).await;
///         }
///         sim::mark("echoed");
///         std::io::Result::Ok(())
///     });
///     sim.faults(Swarm::only([FaultKind::Cut]));
/// }
///
/// let report = sim::sweep(echo).seeds(0..20).must_reach(["echoed"]).run();
/// assert_eq!(report.reached("echoed"), 20);
/// ```
pub fn sweep(scenario: impl Fn(&mut Scenario) + Send + Sync + 'static) -> Sweep {
    Sweep::new::<Simulation, _>(scenario)
}

/// Runs a simulation of `world` on a thread of its own, and returns what `scenario` returns.
///
/// What a thread keeps starts anew with it, such as the keys of std's hash maps. So a run depends
/// less on what has run before it in the process. The thread is in the world all the time: also
/// what `scenario` does outside of the hosts.
///
/// ```
/// use std::time::Duration;
/// use minato::sim::{self, World};
///
/// let hash = |seed| {
///     sim::run(World::new(seed), |simulation| {
///         let hour = Duration::from_secs(3600);
///         let host = simulation.spawn("host", async move { minato::time::sleep(hour).await });
///         simulation.block_on(host.unwrap()).unwrap();
///         simulation.world().trace_hash()
///     })
/// };
/// assert_eq!(hash(1), hash(1));
/// ```
///
/// # Panics
///
/// If `scenario` does, or the thread cannot be started.
pub fn run<T: Send>(world: World, scenario: impl FnOnce(&mut Simulation) -> T + Send) -> T {
    let run = || {
        let call = || scenario(&mut Simulation::in_world(world.clone()));
        context::in_world(&world, call)
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("minato-world".to_owned());
        let thread = thread.spawn_scoped(scope, run).expect("a thread can be started");
        thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}
