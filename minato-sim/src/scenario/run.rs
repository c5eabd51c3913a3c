//! One run of a scenario, on a thread of its own.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::thread;
use std::time::Duration;

use super::drive::{Drive, Stop};
use super::{Scenario, Stepper, panics as run_panics};
use crate::builder::WorldBuilder;
use crate::choice::mix;
use crate::name::PacketName;
use crate::picker::Picker;
use crate::plan::{Plan, Targets};
use crate::strikes::Strikes;
use crate::sweep::Order;
use crate::time::nanos;
use crate::world::World;

/// A scenario as a sweep keeps it.
pub(crate) struct Body<'a> {
    pub(crate) describe: &'a (dyn Fn(&mut Scenario) + Sync),
    pub(crate) world: &'a (dyn Fn(WorldBuilder) -> WorldBuilder + Sync),
}

/// Which run it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Case {
    /// What the plan is drawn by.
    pub(crate) seed: u64,
    /// What the world draws by.
    pub(crate) world_seed: u64,
    /// The plan, if it is not the one of the seed.
    pub(crate) plan: Option<Plan>,
    pub(crate) order: Order,
}

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// A line.
    pub(crate) reason: String,
    /// Who was in which state.
    pub(crate) detail: String,
    pub(crate) at: Duration,
}

/// What a run did.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) plan: Plan,
    pub(crate) failure: Option<Failure>,
    /// The hash of the record and of the time when the run ended.
    pub(crate) hash: u64,
    /// The virtual time that it took.
    pub(crate) time: Duration,
    /// How many records it made: a measure of its work.
    pub(crate) records: u64,
    pub(crate) strikes: Strikes,
    /// The packets that were lost by chance.
    pub(crate) lost: Vec<PacketName>,
    pub(crate) marks: BTreeMap<String, u64>,
    /// The world as the run has left it, as long as somebody may look at it.
    pub(crate) world: Option<World>,
}

impl Run {
    /// Adds what another run did.
    pub(crate) fn add(&mut self, other: &Run) {
        self.time = self.time.saturating_add(other.time);
        self.records += other.records;
        self.strikes.add(&other.strikes);
        for (mark, count) in &other.marks {
            *self.marks.entry(mark.clone()).or_insert(0) += count;
        }
    }
}

/// Runs a case. An error says what is wrong with the scenario or the plan.
pub(crate) fn run<S: Stepper>(
    body: &Body<'_>,
    case: &Case,
    picker: Option<Box<dyn Picker>>,
) -> Result<Run, String> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("minato-world".to_owned());
        let thread = thread.spawn_scoped(scope, || run_here::<S>(body, case, picker));
        let thread = thread.map_err(|error| format!("no thread can be started: {error}"))?;
        thread.join().unwrap_or_else(|_| Err("a destructor of the run has panicked".to_owned()))
    })
}

fn run_here<S: Stepper>(
    body: &Body<'_>,
    case: &Case,
    mut picker: Option<Box<dyn Picker>>,
) -> Result<Run, String> {
    let world = (body.world)(World::builder()).seed(case.world_seed).build();
    let mut ended = None;
    let (_, panics) = run_panics::keep(|| {
        S::enter(&world, &mut |stepper| {
            if let Some(picker) = picker.take() {
                stepper.set_picker(picker);
            }
            ended = Some(drive(stepper, &world, body, case));
        });
    });
    let Some(Ended { result, plan, tolerates_panics, hash, time, records }) = ended else {
        return Err(panics.first().cloned().unwrap_or_else(|| "the run did not begin".to_owned()));
    };
    let failure = match result {
        Some(Err(Stop::Refused(why))) => return Err(why),
        Some(Err(Stop::Failed(failure))) => Some(failure),
        Some(Ok(())) if tolerates_panics || panics.is_empty() => None,
        // A check has panicked, or the destructor of something that was left.
        Some(Ok(())) | None => Some(of_panics(&panics, time)),
    };
    let (strikes, marks) = (world.strikes(), world.marks());
    let lost = world.lock().lost_packets();
    Ok(Run { plan, failure, hash, time, records, strikes, lost, marks, world: Some(world) })
}

/// How a run ended, before what is left of it is dropped.
struct Ended {
    /// `None` after a panic in the description or a check.
    result: Option<Result<(), Stop>>,
    plan: Plan,
    tolerates_panics: bool,
    hash: u64,
    time: Duration,
    records: u64,
}

fn drive<S: Stepper>(stepper: &mut S, world: &World, body: &Body<'_>, case: &Case) -> Ended {
    let mut scenario = Scenario::new(world.clone(), case.seed);
    let mut plan = Plan::new();
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        (body.describe)(&mut scenario);
        plan = prepare(stepper, &mut scenario, case)?;
        Drive::new(stepper, &mut scenario, &plan).run()
    }));
    Ended {
        result: result.ok(),
        plan,
        tolerates_panics: scenario.tolerates_panics,
        hash: mix(world.trace_hash() ^ nanos(world.now())),
        time: world.now(),
        records: world.trace_count(),
    }
}

/// Starts the programs, and returns the plan.
fn prepare<S: Stepper>(
    stepper: &mut S,
    scenario: &mut Scenario,
    case: &Case,
) -> Result<Plan, Stop> {
    if let Some(error) = scenario.errors.first() {
        return Err(Stop::Refused(error.clone()));
    }
    let hosts = scenario.names();
    if let Some(swarm) = &scenario.swarm {
        swarm.check().map_err(Stop::Refused)?;
    }
    let plan = match (&case.plan, &scenario.swarm) {
        (Some(plan), _) => plan.clone(),
        (None, Some(swarm)) => swarm.draw(case.seed, Targets { hosts: &hosts }),
        (None, None) => Plan::new(),
    };
    plan.check(&hosts).map_err(|error| Stop::Refused(error.to_string()))?;
    for member in &scenario.members {
        let started = stepper.program(&member.name, member.program.clone());
        started.map_err(|error| Stop::Refused(format!("host {}: {error}", member.name)))?;
    }
    Ok(plan)
}

fn of_panics(panics: &[String], at: Duration) -> Failure {
    let mut panics = panics.iter();
    let reason = panics.next().map_or("a panic without a message", String::as_str).to_owned();
    let detail = panics.map(|panic| format!("{panic}\n")).collect();
    Failure { reason, detail, at }
}
