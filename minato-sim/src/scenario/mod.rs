//! A scenario: hosts with programs, what may go wrong, and what must hold all the same.
//!
//! A scenario is a function that describes a world to a [`Scenario`]. It is called anew for each
//! run, on a thread of its own. What runs the programs is a [`Stepper`].

mod drive;
mod leaks;
mod panics;
mod program;
mod run;
mod stepper;

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::time::Duration;

pub use self::leaks::Leak;
pub use self::program::{Ending, Program};
use self::program::{Place, Status};
pub(crate) use self::run::{Body, Case, Failure, Run, run};
pub use self::stepper::{HostTasks, Stepper};
use crate::host::Host;
use crate::plan::Swarm;
use crate::strikes::FaultKind;
use crate::world::World;

/// Describes one run: who is there, what may go wrong, and what must hold.
///
/// A function gets one and fills it; see [`Sweep`](crate::sweep::Sweep) for running it with many
/// seeds.
pub struct Scenario {
    world: World,
    seed: u64,
    members: Vec<Member>,
    status: Status,
    swarm: Option<Swarm>,
    always: Vec<Check>,
    finally: Vec<Check>,
    limit: Duration,
    recovery: Duration,
    allowed: Vec<(Leak, Option<String>)>,
    tolerates_panics: bool,
    tolerates_escapes: bool,
    /// What is wrong with the description.
    errors: Vec<String>,
}

struct Member {
    name: String,
    is_client: bool,
    program: Program,
}

type Check = Box<dyn FnMut(&World) -> Option<String>>;

/// The virtual time that a run may take after its faults have healed, unless told otherwise. All
/// that the network waits for is over by then.
const LIMIT: Duration = Duration::from_secs(3 * 60 * 60);

impl Scenario {
    pub(crate) fn new(world: World, seed: u64) -> Self {
        Self {
            world,
            seed,
            members: Vec::new(),
            status: Status::default(),
            swarm: None,
            always: Vec::new(),
            finally: Vec::new(),
            limit: LIMIT,
            recovery: Duration::ZERO,
            allowed: Vec::new(),
            tolerates_panics: false,
            tolerates_escapes: false,
            errors: Vec::new(),
        }
    }

    /// A host that runs a program, such as a server. The program is made anew whenever the host
    /// starts, so what is to outlive a crash belongs on a disk.
    ///
    /// A program that returns an error fails the run. The run does not wait for it to end; see
    /// [`client`](Self::client).
    pub fn host<F>(
        &mut self,
        name: impl Into<String>,
        program: impl Fn(Host) -> F + 'static,
    ) -> Host
    where
        F: Future<Output: Ending> + 'static,
    {
        let (name, status) = (name.into(), self.status.clone());
        let host = self.world.host(&name);
        let made = host.clone();
        let place = Place::new(&name, false);
        let start = move || program::guarded(program(made.clone()), &place, &status);
        self.add(name, false, Program::new(start));
        host
    }

    /// A host whose program does the work of the test. The run ends when all clients have ended. A
    /// client that returns an error fails the run with its text.
    ///
    /// The program runs once, so no plan crashes a client.
    pub fn client<F>(
        &mut self,
        name: impl Into<String>,
        program: impl FnOnce(Host) -> F + 'static,
    ) -> Host
    where
        F: Future<Output: Ending> + 'static,
    {
        let (name, status) = (name.into(), self.status.clone());
        let host = self.world.host(&name);
        let made = host.clone();
        let mut program = Some(program);
        let place = Place::new(&name, true);
        self.status.add_client(&name);
        let start = move || {
            let program = program.take().expect("a client starts once");
            program::guarded(program(made.clone()), &place, &status)
        };
        self.add(name, true, Program::new(start));
        host
    }

    fn add(&mut self, name: String, is_client: bool, program: Program) {
        if self.members.iter().any(|other| other.name == name) {
            self.errors.push(format!("the host {name} has two programs"));
            return;
        }
        self.members.push(Member { name, is_client, program });
    }

    /// What may go wrong. Each seed takes a drawn part of it.
    pub fn faults(&mut self, swarm: Swarm) {
        self.swarm = Some(swarm);
    }

    /// Leaves these kinds of what may go wrong.
    pub(crate) fn keep_faults(&mut self, kinds: &BTreeSet<FaultKind>) {
        self.swarm = self.swarm.take().map(|swarm| swarm.keeping(kinds));
    }

    /// Checks something after every instant at which anything happened, when no task could run any
    /// more. The run fails with the text of the first error.
    pub fn always<E: Ending>(&mut self, mut check: impl FnMut(&World) -> E + 'static) {
        self.always.push(Box::new(move |world| check(world).failure()));
    }

    /// Checks something once, when all clients have ended and all faults have healed.
    pub fn finally<E: Ending>(&mut self, mut check: impl FnMut() -> E + 'static) {
        self.finally.push(Box::new(move |_| check().failure()));
    }

    /// How much virtual time the clients have after the last fault has healed. It is also what ends
    /// a run that is stuck. Default: 3 hours.
    ///
    /// A connection that was cut tries again after pauses that double up to two minutes. When the
    /// last fault heals, all of them try at once, so that the limit need not be that long.
    pub fn must_finish_within(&mut self, limit: Duration) {
        self.limit = limit;
    }

    /// For how long the world goes on without faults when all clients have ended, before
    /// [`finally`](Self::finally) checks. Replicas can come to agree meanwhile. Default: not at
    /// all.
    pub fn recover_for(&mut self, time: Duration) {
        self.recovery = time;
    }

    /// Lets this kind of leak pass, on all hosts. [`Leak`] says what counts.
    pub fn allow_leak(&mut self, leak: Leak) {
        self.allowed.push((leak, None));
    }

    /// Lets this kind of leak pass on the host of that name.
    pub fn allow_leak_of(&mut self, host: impl Into<String>, leak: Leak) {
        self.allowed.push((leak, Some(host.into())));
    }

    /// Lets panics pass that a task's `JoinHandle` or a `catch_unwind` takes, and those that nobody
    /// asks about. Otherwise every panic fails the run.
    pub fn tolerate_panics(&mut self) {
        self.tolerates_panics = true;
    }

    /// Lets pass what is none of the world's: a wake by another thread, or a call that goes past
    /// the world ([`World::note_escape`]). Otherwise it fails the run, since no seed decides it.
    pub fn tolerate_escapes(&mut self) {
        self.tolerates_escapes = true;
    }

    /// The world. Names, links and limits of hosts can be set there.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The seed of the run, for what the scenario itself draws. It stays the same when the shrinker
    /// tries other draws of the world.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Each host with whether it is a client.
    fn names(&self) -> Vec<(String, bool)> {
        self.members.iter().map(|member| (member.name.clone(), member.is_client)).collect()
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("seed", &self.seed)
            .field("hosts", &self.names())
            .finish_non_exhaustive()
    }
}
