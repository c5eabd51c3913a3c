//! Many seeds of one scenario: sweep, replay, and the smallest plan that still fails.
//!
//! A [`Sweep`] runs a scenario once for each seed, each on a fresh thread and as many at a time as
//! there are processors. What it returns does not depend on how many. When seeds fail, the failure
//! is shrunk (`shrink/`) and reported with a line that replays it (`line.rs`).

mod determinism;
mod environment;
mod line;
mod order;
mod pool;
mod record;
mod replay;
mod report;
mod seeds;
mod shrink;

use std::fmt;
use std::ops::Range;
use std::thread;

use self::environment::{Lines, Request};
pub use self::order::Order;
pub use self::report::{Failure, Report};
use crate::builder::WorldBuilder;
use crate::picker::Picker;
use crate::plan::Plan;
use crate::scenario::{self, Body, Case, Run, Scenario, Stepper};

/// Runs a case on a thread of its own.
pub(crate) type Runner = fn(&Body<'_>, &Case, Option<Box<dyn Picker>>) -> Result<Run, String>;

/// A scenario, and which runs of it are made. Made by [`Sweep::new`]; in Minato by
/// `minato::sim::sweep`.
///
/// # What fails
///
/// A run fails when a client or a host's program returns an error, when a check finds one, when
/// anything panics, when it does not finish in time or nothing can go on, and when something has
/// [leaked](crate::scenario::Leak). The sweep fails with its runs. It fails, too, when no run has
/// reached a mark that must be reached, when a kind of fault that plans had has never struck
/// anything, and when the first seed does something else when it is run again.
///
/// # The environment
///
/// | variable | value | the sweep then |
/// |---|---|---|
/// | `MINATO_SIM` | a replay line | runs this seed with this plan only, and shrinks nothing |
/// | `MINATO_SIM_SEEDS` | `A..B`, or `N` for `0..N` | takes these seeds instead of its own |
/// | `MINATO_SIM_FAULTS` | as `cut,accept-error` | takes only these of the scenario's faults |
/// | `MINATO_SIM_JOBS` | a number from 1 on | runs as many seeds at a time |
/// | `MINATO_SIM_RECORD` | a folder | writes what its failure, or the replayed run, did there |
pub struct Sweep {
    name: String,
    describe: Box<dyn Fn(&mut Scenario) + Send + Sync>,
    world: Box<dyn Fn(WorldBuilder) -> WorldBuilder + Send + Sync>,
    runner: Runner,
    seeds: Range<u64>,
    world_seed: Option<u64>,
    plan: Option<Plan>,
    orders: Vec<Order>,
    marks: Vec<String>,
    shrink_runs: u64,
    checks_first: bool,
    request: Option<Request>,
}

impl Sweep {
    /// A sweep of the seeds 0 to 99. The scenario is called what the function is called, or for a
    /// closure what the function around it is called.
    pub fn new<S: Stepper + 'static, F>(scenario: F) -> Self
    where
        F: Fn(&mut Scenario) + Send + Sync + 'static,
    {
        Self {
            name: name_of::<F>(),
            describe: Box::new(scenario),
            world: Box::new(|builder| builder),
            runner: scenario::run::<S>,
            seeds: 0..100,
            world_seed: None,
            plan: None,
            orders: vec![Order::Drawn],
            marks: Vec::new(),
            shrink_runs: 3_000,
            checks_first: true,
            request: None,
        }
    }

    /// Calls the scenario something else.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The seeds, each of which is a run. Default: 0 to 99.
    #[must_use]
    pub fn seeds(mut self, seeds: Range<u64>) -> Self {
        self.seeds = seeds;
        self
    }

    /// Sets up the world of each run; its seed is set afterwards.
    #[must_use]
    pub fn world(
        mut self,
        set_up: impl Fn(WorldBuilder) -> WorldBuilder + Send + Sync + 'static,
    ) -> Self {
        self.world = Box::new(set_up);
        self
    }

    /// Gives all seeds this plan, instead of one that each draws.
    #[must_use]
    pub fn plan(mut self, plan: impl Into<Plan>) -> Self {
        self.plan = Some(plan.into());
        self
    }

    /// Has the world draw by another seed than the plan: what a replay line has behind the `/`.
    #[must_use]
    pub fn world_seed(mut self, seed: u64) -> Self {
        self.world_seed = Some(seed);
        self
    }

    /// In which order ready tasks run. Default: [`Order::Drawn`].
    #[must_use]
    pub fn order(self, order: Order) -> Self {
        self.orders([order])
    }

    /// Runs each seed in each of these orders.
    #[must_use]
    pub fn orders(mut self, orders: impl IntoIterator<Item = Order>) -> Self {
        self.orders = orders.into_iter().collect();
        self
    }

    /// Marks of which each must be reached by at least one seed; see
    /// [`World::mark`](crate::World::mark).
    #[must_use]
    pub fn must_reach<M: Into<String>>(mut self, marks: impl IntoIterator<Item = M>) -> Self {
        self.marks = marks.into_iter().map(Into::into).collect();
        self
    }

    /// How many runs the shrinker may make for each of the up to ten failing seeds that it looks
    /// at. Default: 3,000; with 0 it prints the plan as it was drawn.
    #[must_use]
    pub fn shrink_runs(mut self, runs: u64) -> Self {
        self.shrink_runs = runs;
        self
    }

    /// Does not run the first seed a second time.
    #[must_use]
    pub fn without_second_run(mut self) -> Self {
        self.checks_first = false;
        self
    }

    /// Runs the sweep, and prints a line about it on standard error.
    ///
    /// # Panics
    ///
    /// With the text of the [`Failure`], if it fails: this is for tests.
    #[track_caller]
    pub fn run(self) -> Report {
        match self.try_run() {
            Ok(report) => {
                report.print();
                report
            }
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Runs the sweep.
    ///
    /// # Errors
    ///
    /// If runs fail, if the sweep does not do what it promises (see [`Sweep`]), or if it, its plan,
    /// or the environment is wrong.
    pub fn try_run(mut self) -> Result<Report, Failure> {
        let request = match self.request.take() {
            Some(request) => request,
            None => Request::of_process().map_err(|why| self.refuse(why))?,
        };
        if let Some(seeds) = &request.seeds {
            self.seeds = seeds.clone();
        }
        if self.seeds.is_empty() {
            let Range { start, end } = self.seeds;
            return Err(self.refuse(format!("the range of seeds {start}..{end} is empty")));
        }
        if let Some(kinds) = request.faults.clone() {
            let describe = self.describe;
            self.describe = Box::new(move |scenario| {
                describe(scenario);
                scenario.keep_faults(&kinds);
            });
        }
        if self.orders.is_empty() {
            return Err(self.refuse("no order of tasks is given".to_owned()));
        }
        let (test, scenario) = (self.test(), self.name.clone());
        if let Some(list) = &request.list {
            let listed = Lines::add_to(list)
                .and_then(|mut lines| lines.scenario(&test, &scenario, &self.seeds));
            listed.map_err(|error| self.refuse(error.to_string()))?;
            return Ok(Report::none(&scenario));
        }
        match &request.replay {
            Some(line) => replay::replay(&self, line, &request),
            None => seeds::sweep(&self, &request),
        }
    }

    /// Runs each seed twice, and compares all that happened. It finds what a seed does not decide:
    /// the order of a std hash map in another thread, a real clock, a global.
    ///
    /// # Panics
    ///
    /// If two runs differ, with the first event that does and those before it.
    #[track_caller]
    pub fn check_determinism(self) {
        if let Err(failure) = self.try_check_determinism() {
            panic!("{failure}");
        }
    }

    /// The same, with what differs as an error.
    ///
    /// # Errors
    ///
    /// If two runs of a seed differ, or the sweep is wrong.
    pub fn try_check_determinism(self) -> Result<(), Failure> {
        if self.seeds.is_empty() {
            let Range { start, end } = self.seeds;
            return Err(self.refuse(format!("the range of seeds {start}..{end} is empty")));
        }
        self.seeds.clone().try_for_each(|seed| determinism::check(&self, seed))
    }

    /// The first case of a seed.
    fn case(&self, seed: u64) -> Case {
        Case {
            seed,
            world_seed: self.world_seed.unwrap_or(seed),
            plan: self.plan.clone(),
            order: self.orders[0].clone(),
        }
    }

    fn body(&self) -> Body<'_> {
        Body { describe: &*self.describe, world: &*self.world }
    }

    /// The test that this thread runs, as Rust's test harness names its threads.
    fn test(&self) -> String {
        let thread = thread::current();
        thread.name().filter(|name| *name != "main").unwrap_or(&self.name).to_owned()
    }

    /// An error of the sweep itself.
    fn refuse(&self, why: String) -> Failure {
        Failure::new(&self.name, why)
    }
}

impl fmt::Debug for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sweep")
            .field("name", &self.name)
            .field("seeds", &self.seeds)
            .finish_non_exhaustive()
    }
}

/// The name of a function, or of the function around a closure.
fn name_of<F>() -> String {
    let path = std::any::type_name::<F>();
    let path = path.split('<').next().unwrap_or(path).trim_end_matches("::");
    let parts = path.split("::").filter(|part| !part.starts_with('{'));
    parts.last().unwrap_or("scenario").to_owned()
}
