//! Drawing a plan from a seed.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Fault, FaultKind, Plan};
use crate::choice::{below, draw, site};

/// Which faults the seeds of a sweep may meet. Each seed draws a subset of the kinds, and how many
/// faults there are of each, whom they hit, when and for how long. So no run has all kinds at once,
/// unless few are allowed: one kind of fault often hides what another would show.
///
/// All faults begin and heal within [`for_`](Self::for_), so that what a service does afterwards
/// can be judged.
///
/// ```
/// use minato_sim::plan::{FaultKind, Swarm};
/// use std::time::Duration;
///
/// let swarm = Swarm::all().except(FaultKind::Partition).for_(Duration::from_secs(5));
/// let rare = Swarm::only([FaultKind::Partition]).intensity(0.5);
/// # let _ = (swarm, rare);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a swarm does nothing until a scenario is given it"]
pub struct Swarm {
    kinds: BTreeSet<FaultKind>,
    length: Duration,
    intensity: f64,
}

/// The hosts of a scenario, as far as faults ask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Targets<'a> {
    /// Each with whether it is a client.
    pub(crate) hosts: &'a [(String, bool)],
}

impl Swarm {
    /// All kinds.
    pub fn all() -> Self {
        Self::only(FaultKind::ALL.iter().copied())
    }

    /// These kinds.
    pub fn only(kinds: impl IntoIterator<Item = FaultKind>) -> Self {
        let kinds = kinds.into_iter().collect();
        Self { kinds, length: Duration::from_secs(2), intensity: 1.0 }
    }

    /// The same without a kind.
    pub fn except(mut self, kind: FaultKind) -> Self {
        self.kinds.remove(&kind);
        self
    }

    /// How much virtual time the faults have, from the start of the world. Default: 2 s.
    pub fn for_(mut self, length: Duration) -> Self {
        self.length = length;
        self
    }

    /// How many faults there are, in proportion to the default, which is 1 to 4 of each kind that
    /// the seed takes. What is not a positive number counts as 0, which is no fault at all.
    pub fn intensity(mut self, intensity: f64) -> Self {
        self.intensity = if intensity > 0.0 { intensity } else { 0.0 };
        self
    }

    /// The plan of a seed.
    pub(crate) fn draw(&self, seed: u64, targets: Targets<'_>) -> Plan {
        let mut plan = Vec::new();
        for kind in &self.kinds {
            let mut draws = Draws::new(seed, kind.name());
            // A kind is out of half of the runs, so that others are seen without it.
            if !draws.chance(0.5) {
                continue;
            }
            let count = (draws.from(1, 5) as f64 * self.intensity).round() as u64;
            for _ in 0..count {
                let Some(fault) = draw_fault(*kind, targets, &mut draws) else { break };
                let (at, lasts) = self.draw_time(&mut draws);
                plan.push(fault.at(at).lasting(lasts));
            }
        }
        plan.sort_by_key(|planned| planned.at);
        plan.into()
    }

    /// When a fault begins and for how long it lasts. Short ones are as likely as long ones: the
    /// length is half of the time, halved again up to nine times, and a drawn part of that.
    fn draw_time(&self, draws: &mut Draws) -> (Duration, Duration) {
        // Tenths of milliseconds are exact enough, and short to read.
        let unit = 100_000;
        let whole = u64::try_from(self.length.as_nanos()).unwrap_or(u64::MAX) / unit;
        let longest = (whole / 2) >> draws.from(0, 10);
        let lasts = draws.from(longest / 2, longest + 1).max(1);
        let at = draws.from(0, whole.saturating_sub(lasts).max(1));
        let time = |units: u64| Duration::from_nanos(units.saturating_mul(unit));
        (time(at), time(lasts))
    }
}

/// One fault of that kind; `None` if these hosts cannot have one.
fn draw_fault(kind: FaultKind, targets: Targets<'_>, draws: &mut Draws) -> Option<Fault> {
    match kind {
        FaultKind::Partition => {
            let (a, b) = draws.pair(targets)?;
            Some(Fault::partition(a, b))
        }
    }
}

/// The draws of one seed for one kind of fault.
#[derive(Debug)]
pub(crate) struct Draws {
    seed: u64,
    site: u64,
    count: u64,
}

impl Draws {
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        Self { seed, site: site(name), count: 0 }
    }

    fn next(&mut self) -> u64 {
        self.count += 1;
        draw(self.seed, site("plan"), self.site, self.count)
    }

    /// A number in `low..high`.
    pub(crate) fn from(&mut self, low: u64, high: u64) -> u64 {
        low + below(self.next(), high.saturating_sub(low))
    }

    /// A number from 0 to less than 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    fn one_of<'a>(&mut self, names: &[&'a str]) -> Option<&'a str> {
        let index = self.from(0, names.len() as u64);
        names.get(index as usize).copied()
    }

    /// Two different hosts.
    fn pair<'a>(&mut self, targets: Targets<'a>) -> Option<(&'a str, &'a str)> {
        let all: Vec<&str> = targets.hosts.iter().map(|(name, _)| name.as_str()).collect();
        let a = self.one_of(&all)?;
        let others: Vec<&str> = all.into_iter().filter(|name| *name != a).collect();
        Some((a, self.one_of(&others)?))
    }
}
