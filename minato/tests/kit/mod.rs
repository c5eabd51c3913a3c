//! What the behaviour tests share: one body runs on every engine that offers what it needs.
//!
//! A case is an `async fn` that is given the place where it runs, [`At`]. `cases!` makes a test of
//! it, which runs it on each [`Place`] in turn. What a case [notes](At::note) must be the same
//! everywhere: that is how engines are held to the same results, errors included. Places that lack
//! something a case [needs](Need) are skipped, printed and counted, and a case that hangs is ended
//! by a watchdog that names it. In the simulated places nothing may be left open at the end.

#![allow(dead_code, unused_imports, unused_macros, reason = "each test binary uses a part of it")]

pub(crate) mod bodies;
pub(crate) mod child;
pub(crate) mod counting;
pub(crate) mod echo;
pub(crate) mod foreign;
pub(crate) mod net;
pub(crate) mod runtimes;
pub(crate) mod tally;
pub(crate) mod watchdog;

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use minato::engine::Engine;
use minato::runtime::{Builder, Runtime};
use minato::sim::{World, WorldBuilder};

pub(crate) use self::child::{child_arguments, child_command, in_child, in_child_with, is_child};
pub(crate) use self::echo::{echo, ping, standard_echo_server};
pub(crate) use self::net::pair;
pub(crate) use self::runtimes::{current_thread, multi_thread, on_each_executor, thread_names};
pub(crate) use self::watchdog::{limited, panic_text, watchdog};

/// Where a case can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    CurrentThread,
    TwoWorkers,
    NoRuntime,
    Sim,
    SimDeferring,
}

/// Every place there is.
const PLACES: [Place; 5] =
    [Place::CurrentThread, Place::TwoWorkers, Place::NoRuntime, Place::Sim, Place::SimDeferring];

/// The seeds that a simulated place is tried with.
pub(crate) const SEEDS: [u64; 3] = [1, 2, 3];

/// What a case cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Descriptors of the operating system, which peers of std can use too.
    Descriptors,
    /// A simulated world to meddle with.
    World,
    /// Several threads at once.
    Threads,
    /// A runtime around the case.
    Runtime,
}

impl Place {
    pub(crate) fn is_simulated(self) -> bool {
        matches!(self, Self::Sim | Self::SimDeferring)
    }

    fn offers(self, need: Need) -> bool {
        match need {
            Need::Descriptors | Need::Threads => !self.is_simulated(),
            Need::World => self.is_simulated(),
            Need::Runtime => self != Self::NoRuntime,
        }
    }

    fn engine(self, world: &World) -> Engine {
        let simulated = || Engine::sim(world.host("alone"));
        match self {
            Self::Sim => simulated(),
            Self::SimDeferring => simulated().deferring_sends(),
            _ => Engine::mio(),
        }
    }

    /// The runtime of this place, where it has one.
    fn runtime(self, world: &World) -> Option<Runtime> {
        let mut builder = match self {
            Self::NoRuntime => return None,
            Self::TwoWorkers => Builder::new_multi_thread(),
            _ => Builder::new_current_thread(),
        };
        Some(builder.worker_threads(2).engine(self.engine(world)).build().unwrap())
    }
}

/// A running case's view of where it is.
#[derive(Clone)]
pub(crate) struct At {
    pub(crate) place: Place,
    /// The world of a simulated place; elsewhere an empty one.
    pub(crate) world: World,
    notes: Arc<Mutex<Vec<String>>>,
}

/// The output of a future that runs beside a case.
pub(crate) type Beside<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl At {
    /// Writes down what must be the same in every place.
    pub(crate) fn note(&self, note: impl Into<String>) {
        self.notes.lock().unwrap().push(note.into());
    }

    /// Notes how something went: its value, or the number and kind of its error.
    pub(crate) fn note_result<T: Debug>(&self, what: &str, result: &io::Result<T>) {
        self.note(format!("{what}: {}", outcome_text(result)));
    }

    /// Runs `future` at the same time as the case.
    pub(crate) fn beside<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Beside<T> {
        if self.place == Place::NoRuntime {
            let (sender, receiver) = futures::channel::oneshot::channel();
            std::thread::spawn(move || sender.send(pollster::block_on(future)));
            return Box::pin(async { receiver.await.expect("the thread beside panicked") });
        }
        let task = minato::spawn(future);
        Box::pin(async { task.await.expect("the task beside panicked") })
    }

    /// Lets everything that is under way arrive.
    ///
    /// In a simulated place that is certain. The kernel's loopback delivers within the call that
    /// sends, or nearly; the pause makes it likely that it has, and no case may depend on it.
    pub(crate) async fn deliver(&self) {
        minato::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A result as engines must agree on it.
pub(crate) fn outcome_text<T: Debug>(result: &io::Result<T>) -> String {
    match result {
        Ok(value) => format!("Ok({value:?})"),
        Err(error) => match error.raw_os_error() {
            // The library itself knows when a socket is not ready.
            Some(_) if error.kind() == io::ErrorKind::WouldBlock => "WouldBlock".to_owned(),
            Some(number) => format!("errno {number} ({:?})", error.kind()),
            None => format!("{:?}", error.kind()),
        },
    }
}

/// Runs `case` in every place that has what it needs, and compares what it noted.
pub(crate) fn everywhere<F>(name: &str, needs: &[Need], case: impl Fn(At) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    in_worlds(name, needs, &|builder| builder, case);
}

/// Runs `case` in one place; returns what it noted.
pub(crate) fn notes<F>(place: Place, seed: u64, case: &impl Fn(At) -> F) -> Vec<String>
where
    F: Future<Output = ()> + Send + 'static,
{
    let at = At { place, world: World::new(seed), notes: Arc::default() };
    run(&at, case);
    tally::ran();
    std::mem::take(&mut *at.notes.lock().unwrap())
}

/// Like [`everywhere`], with the simulated worlds set up by `setup`.
pub(crate) fn in_worlds<F>(
    name: &str,
    needs: &[Need],
    setup: &dyn Fn(WorldBuilder) -> WorldBuilder,
    case: impl Fn(At) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut first: Option<(String, Vec<String>)> = None;
    for place in PLACES {
        if let Some(lacks) = needs.iter().find(|need| !place.offers(**need)) {
            tally::skipped(name, place, *lacks);
            continue;
        }
        let seeds = if place.is_simulated() { &SEEDS[..] } else { &SEEDS[..1] };
        for seed in seeds {
            let where_it_ran = format!("{place:?}, seed {seed}");
            let world = setup(World::builder().seed(*seed)).build();
            let at = At { place, world, notes: Arc::default() };
            let watched = watchdog::watch(format!("{name} at {where_it_ran}"));
            run(&at, &case);
            drop(watched);
            let notes = std::mem::take(&mut *at.notes.lock().unwrap());
            match &first {
                None => first = Some((where_it_ran, notes)),
                Some((first_place, expected)) => assert_eq!(
                    &notes, expected,
                    "{name}: {where_it_ran} (left) disagrees with {first_place} (right)"
                ),
            }
        }
        tally::ran();
    }
}

fn run<F>(at: &At, case: &impl Fn(At) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let _report = Report(at);
    let runtime = at.place.runtime(&at.world);
    match &runtime {
        None => pollster::block_on(case(at.clone())),
        Some(runtime) if at.place == Place::TwoWorkers => {
            let task = runtime.spawn(case(at.clone()));
            runtime.block_on(task).unwrap();
        }
        Some(runtime) => runtime.block_on(case(at.clone())),
    }
    drop(runtime);
    assert_eq!(at.world.open_sockets(), 0, "left open:\n{}", at.world.netstat());
}

/// Shows the simulated sockets when a case panics.
struct Report<'a>(&'a At);

impl Drop for Report<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() && self.0.place.is_simulated() {
            let world = &self.0.world;
            println!("{:?} at {:?}:\n{}", self.0.place, world.now(), world.netstat());
            println!("{}", world.record().tail(20).join("\n"));
        }
    }
}

/// Makes a test of each case: `name [needs];`.
macro_rules! cases {
    ($($name:ident [$($need:ident),*];)*) => {
        mod on_every_engine {
            $(
                #[test]
                fn $name() {
                    let name = concat!(module_path!(), "::", stringify!($name));
                    crate::kit::everywhere(name, &[$(crate::kit::Need::$need),*], super::$name);
                }
            )*
        }
    };
}

pub(crate) use cases;
