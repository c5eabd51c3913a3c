//! Carrying out a plan: what begins and what heals at an instant.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::{Fault, Plan, Planned};
use crate::world::World;

/// How far a plan is.
#[derive(Debug)]
pub(crate) struct Applied {
    /// What is still to be done, the latest first.
    steps: Vec<(Duration, Step)>,
    /// How many faults of the same kind hit the same hosts at present. Two that overlap are one
    /// that is healed when the later one is.
    depths: BTreeMap<String, u32>,
}

#[derive(Clone, Debug)]
enum Step {
    Begin(Planned),
    Heal(Planned),
}

impl Applied {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut steps = Vec::new();
        for planned in plan.faults() {
            steps.push((planned.at, Step::Begin(planned.clone())));
        }
        steps.sort_by_key(|(at, _)| *at);
        steps.reverse();
        Self { steps, depths: BTreeMap::new() }
    }

    /// When the next fault begins or heals.
    pub(crate) fn next_at(&self) -> Option<Duration> {
        self.steps.last().map(|(at, _)| *at)
    }

    /// Does what is due at the world's present.
    pub(crate) fn advance(&mut self, world: &World) -> io::Result<()> {
        while self.next_at().is_some_and(|at| at <= world.now()) {
            match self.steps.pop() {
                Some((_, Step::Begin(planned))) => self.begin(world, planned)?,
                Some((_, Step::Heal(planned))) => self.heal(world, &planned)?,
                None => {}
            }
        }
        Ok(())
    }

    /// Heals everything, and lets nothing begin any more.
    pub(crate) fn end(&mut self, world: &World) -> io::Result<()> {
        let steps = std::mem::take(&mut self.steps);
        for (_, step) in steps.into_iter().rev() {
            if let Step::Heal(planned) = step {
                self.heal(world, &planned)?;
            }
        }
        Ok(())
    }

    fn begin(&mut self, world: &World, planned: Planned) -> io::Result<()> {
        let depth = self.depths.entry(planned.fault.to_string()).or_insert(0);
        *depth += 1;
        if *depth == 1 {
            planned.fault.begin(world)?;
        }
        let end = planned.end();
        // Among those of one instant it is the last to be done.
        let place = self.steps.partition_point(|(at, _)| *at > end);
        self.steps.insert(place, (end, Step::Heal(planned)));
        Ok(())
    }

    fn heal(&mut self, world: &World, planned: &Planned) -> io::Result<()> {
        let depth = self.depths.entry(planned.fault.to_string()).or_insert(1);
        *depth -= 1;
        if *depth == 0 {
            planned.fault.heal(world)?;
        }
        Ok(())
    }
}

impl Fault {
    fn begin(&self, world: &World) -> io::Result<()> {
        match self {
            Self::Partition { a, b } => world.partition(&world.host(a), &world.host(b)),
        }
        Ok(())
    }

    fn heal(&self, world: &World) -> io::Result<()> {
        match self {
            Self::Partition { a, b } => world.heal(&world.host(a), &world.host(b)),
        }
        Ok(())
    }
}
