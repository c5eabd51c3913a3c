//! What is to go wrong in a run: faults, each with its time and length.
//!
//! A [`Plan`] is a list of [`Planned`] faults. Its text is a part of the line that replays a run,
//! and is read back by `parse`; [`Plan::code`] prints it as Rust to paste into a test. A [`Swarm`]
//! draws a plan from a seed.

mod apply;
mod code;
mod duration;
mod fault;
mod form;
mod parameter;
mod swarm;
mod text;

use std::time::Duration;

pub(crate) use self::apply::Applied;
pub(crate) use self::duration::text as duration_text;
pub use self::fault::Fault;
pub use self::swarm::Swarm;
pub(crate) use self::swarm::{Draws, Targets};
pub use self::text::PlanError;
pub(crate) use self::text::{name_text, parse_name};

/// The faults of one run.
///
/// ```
/// use minato_sim::plan::{Fault, Plan};
/// use std::time::Duration;
///
/// let plan: Plan = "partition a<>b@10ms+20ms".parse()?;
/// assert_eq!(plan, Plan::from([
///     Fault::partition("a", "b").at(Duration::from_millis(10)).lasting(Duration::from_millis(20)),
/// ]));
/// assert_eq!(plan.to_string(), "partition a<>b@10ms+20ms");
///
/// let error = "partition a<>b@10m+20ms".parse::<Plan>().unwrap_err();
/// assert!(error.to_string().contains("10m"), "{error}");
/// # Ok::<(), minato_sim::plan::PlanError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    faults: Vec<Planned>,
}

/// A fault, when it begins, and after how long it is healed.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// What goes wrong.
    pub fault: Fault,
    /// When, counted from the start of the world.
    pub at: Duration,
    /// For how long. A fault without a length, such as the reset of a connection, ends at once.
    pub lasts: Duration,
}

impl Plan {
    /// A plan without faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The faults, in the order in which they were given.
    pub fn faults(&self) -> &[Planned] {
        &self.faults
    }

    /// Adds a fault.
    #[must_use]
    pub fn with(mut self, planned: Planned) -> Self {
        self.faults.push(planned);
        self
    }

    /// When the last fault is healed.
    pub fn end(&self) -> Duration {
        self.faults.iter().map(Planned::end).max().unwrap_or_default()
    }

    /// Finds what no run could do: a host that is none of `hosts`, a host that cannot have such a
    /// fault, or a probability outside 0 to 1. `is_client` tells of a host whether its program runs
    /// once only.
    pub(crate) fn check(&self, hosts: &[(String, bool)]) -> Result<(), PlanError> {
        self.faults.iter().try_for_each(|planned| planned.fault.check(hosts))
    }
}

impl Planned {
    /// The same fault, healed after `length`.
    #[must_use]
    pub fn lasting(mut self, length: Duration) -> Self {
        self.lasts = length;
        self
    }

    /// When it is healed.
    pub fn end(&self) -> Duration {
        self.at.saturating_add(self.lasts)
    }
}

impl From<Vec<Planned>> for Plan {
    fn from(faults: Vec<Planned>) -> Self {
        Self { faults }
    }
}

impl<const N: usize> From<[Planned; N]> for Plan {
    fn from(faults: [Planned; N]) -> Self {
        Self { faults: faults.into() }
    }
}

impl FromIterator<Planned> for Plan {
    fn from_iter<I: IntoIterator<Item = Planned>>(faults: I) -> Self {
        Self { faults: faults.into_iter().collect() }
    }
}
