//! The faults that a plan can have.

use std::fmt;
use std::time::Duration;

use super::{PlanError, Planned};

/// Something that goes wrong in a world, with the names of the hosts that it hits.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// No packet passes between two hosts.
    Partition {
        /// One of the two hosts.
        a: String,
        /// The other.
        b: String,
    },
}

/// A kind of fault, as a [`Swarm`](super::Swarm) draws them and a report counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// [`Fault::Partition`].
    Partition,
}

impl FaultKind {
    /// All kinds.
    pub const ALL: &'static [Self] = &[Self::Partition];

    /// Its word in the text of a plan.
    pub fn name(self) -> &'static str {
        match self {
            Self::Partition => "partition",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Fault {
    /// No packet passes between `a` and `b`.
    pub fn partition(a: impl Into<String>, b: impl Into<String>) -> Self {
        Self::Partition { a: a.into(), b: b.into() }
    }

    /// The fault from this time on, counted from the start of the world.
    #[must_use]
    pub fn at(self, at: Duration) -> Planned {
        Planned { fault: self, at, lasts: Duration::ZERO }
    }

    /// Its kind.
    pub fn kind(&self) -> FaultKind {
        match self {
            Self::Partition { .. } => FaultKind::Partition,
        }
    }

    /// The hosts that it names.
    pub fn hosts(&self) -> Vec<&str> {
        match self {
            Self::Partition { a, b } => vec![a, b],
        }
    }

    /// See [`Plan::check`](super::Plan::check).
    pub(super) fn check(&self, hosts: &[(String, bool)]) -> Result<(), PlanError> {
        for name in self.hosts() {
            if !hosts.iter().any(|(host, _)| host == name) {
                let known: Vec<&str> = hosts.iter().map(|(host, _)| host.as_str()).collect();
                let known = known.join(", ");
                let why = format!("no host of this scenario is called {name}: it has {known}");
                return Err(PlanError::new(self.to_string(), why));
            }
        }
        Ok(())
    }
}
