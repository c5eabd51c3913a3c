//! Orders of tasks, as a sweep tries them and as a replay line names them.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Runner;
use crate::picker::{Choice, Exhaustive, Fifo, Pct, Picker, Random, Record, Replay};
use crate::scenario::{Body, Case, Run};

/// In which order the ready tasks of a host run.
///
/// The [pickers](crate::picker) say what each is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// Drawn by the world, by the names of hosts and tasks: what one host does leaves the order of
    /// the others as it is.
    #[default]
    Drawn,
    /// First in, first out.
    Fifo,
    /// Drawn from the run's seed, with equal chances, for each host by itself.
    Random,
    /// Probabilistic concurrency testing, for bugs of this depth in runs of up to so many polls.
    Pct {
        /// How many events must come in a certain order.
        depth: u8,
        /// How many polls a run has at most.
        steps: u64,
    },
    /// All orders, one run after the other for each seed, up to so many. It is for small cases.
    Exhaustive {
        /// The most runs that a seed gets.
        runs: u64,
    },
    /// These choices, and then first in, first out: how a failure of the others is repeated.
    Tape(Vec<Choice>),
}

impl Order {
    /// What chooses in a run of this order; `None` if the world draws.
    pub(crate) fn picker(&self, seed: u64) -> Option<Box<dyn Picker>> {
        match self {
            Self::Drawn => None,
            Self::Fifo => Some(Box::new(Fifo)),
            Self::Random => Some(Box::new(Random::new(seed))),
            Self::Pct { depth, steps } => Some(Box::new(Pct::new(seed, *depth, *steps))),
            Self::Tape(choices) => Some(Box::new(Replay::new(choices.clone()))),
            // One run of it takes the first branch everywhere.
            Self::Exhaustive { .. } => Some(Box::new(Fifo)),
        }
    }
}

/// Runs a case; one that asks for all orders, in one after the other, until one fails. What the
/// runs did is added up, and the case becomes that of the last.
pub(crate) fn run_orders(run: Runner, body: &Body<'_>, case: &mut Case) -> Result<Run, String> {
    let Order::Exhaustive { runs } = case.order else {
        return run(body, case, case.order.picker(case.world_seed));
    };
    let orders = Arc::new(Mutex::new(Exhaustive::new()));
    let mut sum: Option<Run> = None;
    while lock(&orders).runs() < runs && lock(&orders).next_run() {
        let choices = Arc::new(Mutex::new(Record::new(orders.clone())));
        let mut done = run(body, case, Some(Box::new(choices.clone())))?;
        if let Some(sum) = sum {
            done.add(&sum);
        }
        if done.failure.is_some() {
            // What follows the last choice that is not the first branch is the default.
            let mut tape = lock(&choices).choices().to_vec();
            tape.truncate(
                tape.iter().rposition(|choice| choice.index > 0).map_or(0, |last| last + 1),
            );
            case.order = Order::Tape(tape);
            return Ok(done);
        }
        sum = Some(done);
    }
    sum.ok_or_else(|| "an exhaustive order of 0 runs tries nothing".to_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Order {
    /// It as Rust; `None` for the default.
    pub(crate) fn code(&self) -> Option<String> {
        Some(match self {
            Self::Drawn => return None,
            Self::Fifo => "Order::Fifo".to_owned(),
            Self::Random => "Order::Random".to_owned(),
            Self::Pct { depth, steps } => {
                format!("Order::Pct {{ depth: {depth}, steps: {steps} }}")
            }
            Self::Exhaustive { runs } => format!("Order::Exhaustive {{ runs: {runs} }}"),
            Self::Tape(_) => format!("\"{self}\".parse::<Order>().unwrap()"),
        })
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drawn => f.write_str("drawn"),
            Self::Fifo => f.write_str("fifo"),
            Self::Random => f.write_str("random"),
            Self::Pct { depth, steps } => write!(f, "pct:{depth}:{steps}"),
            Self::Exhaustive { runs } => write!(f, "exhaustive:{runs}"),
            Self::Tape(choices) => {
                f.write_str("tape")?;
                choices.iter().try_for_each(|choice| write!(f, ":{choice}"))
            }
        }
    }
}

impl FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(tape) = text.strip_prefix("tape") {
            let choices = tape.split(':').skip(1).map(str::parse).collect::<Result<_, _>>();
            return choices.map(Self::Tape).map_err(|why| format!("`{text}`: {why}"));
        }
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let numbers = parts.map(str::parse).collect::<Result<Vec<u64>, _>>();
        let numbers = numbers.map_err(|_| format!("`{text}`: what follows a : is a number"))?;
        match (name, &numbers[..]) {
            ("drawn", []) => Ok(Self::Drawn),
            ("fifo", []) => Ok(Self::Fifo),
            ("random", []) => Ok(Self::Random),
            ("pct", [depth @ 0..=255, steps]) => {
                Ok(Self::Pct { depth: *depth as u8, steps: *steps })
            }
            ("exhaustive", [runs]) => Ok(Self::Exhaustive { runs: *runs }),
            _ => Err(format!(
                "`{text}`: no order has this name; there are drawn, fifo, random, \
                 pct:DEPTH:STEPS, exhaustive:RUNS and tape:CHOICE:CHOICE…"
            )),
        }
    }
}
