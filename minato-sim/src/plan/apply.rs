//! Carrying out a plan: what begins and what heals at an instant.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::{Fault, Plan, Planned};
use crate::crash::Condition;
use crate::world::World;

/// How far a plan is.
pub(crate) struct Applied {
    /// What is still to be done, the latest first.
    steps: Vec<(Duration, Step)>,
    /// The faults that have begun, by what goes wrong with whom. Two that overlap are one, which is
    /// healed when the later one is.
    active: BTreeMap<String, Overlap>,
}

/// What heals a fault.
type Undo = Box<dyn FnOnce() -> io::Result<()>>;

#[derive(Default)]
struct Overlap {
    depth: u32,
    undo: Option<Undo>,
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
            let at = if planned.fault.has_time() { planned.at } else { Duration::ZERO };
            steps.push((at, Step::Begin(planned.clone())));
        }
        steps.sort_by_key(|(at, _)| *at);
        steps.reverse();
        Self { steps, active: BTreeMap::new() }
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
                Some((_, Step::Heal(planned))) => {
                    self.heal(&planned)?;
                    self.hurry_if_over(world);
                }
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
                self.heal(&planned)?;
                self.hurry_if_over(world);
            }
        }
        Ok(())
    }

    /// When nothing goes wrong any more, what was lost is sent again at once: who has waited longer
    /// and longer meanwhile would wait for up to two minutes otherwise.
    fn hurry_if_over(&self, world: &World) {
        if self.steps.is_empty() && self.active.values().all(|overlap| overlap.depth == 0) {
            let mut state = world.lock();
            let now = state.now;
            state.queue.hurry(now);
        }
    }

    fn begin(&mut self, world: &World, planned: Planned) -> io::Result<()> {
        let overlap = self.active.entry(subject(&planned.fault)).or_default();
        overlap.depth += 1;
        if overlap.depth == 1 {
            overlap.undo = Some(planned.fault.begin(world)?);
        }
        let end = planned.end();
        // Among those of one instant it is the last to be done.
        let place = self.steps.partition_point(|(at, _)| *at > end);
        self.steps.insert(place, (end, Step::Heal(planned)));
        Ok(())
    }

    fn heal(&mut self, planned: &Planned) -> io::Result<()> {
        let overlap = self.active.entry(subject(&planned.fault)).or_default();
        overlap.depth = overlap.depth.saturating_sub(1);
        match overlap.undo.take() {
            Some(undo) if overlap.depth == 0 => undo(),
            undo => {
                overlap.undo = undo;
                Ok(())
            }
        }
    }
}

/// What goes wrong with whom, whatever the numbers.
fn subject(fault: &Fault) -> String {
    format!("{} {}", fault.parts().word, fault.hosts().join(" "))
}

impl Fault {
    /// Makes it happen. What is returned heals it.
    fn begin(&self, world: &World) -> io::Result<Undo> {
        match self {
            Self::Cut { from, to } => {
                let link = world.link(from, to)?;
                link.cut();
                Ok(Box::new(move || Ok(link.mend())))
            }
            Self::Partition { a, b } => {
                let (a, b) = (world.host(a), world.host(b));
                world.partition(&a, &b);
                let world = world.clone();
                Ok(Box::new(move || Ok(world.heal(&a, &b))))
            }
            Self::Flap { from, to, up, down } => {
                let link = world.link(from, to)?.flap(*up, *down)?;
                Ok(Box::new(move || Ok(link.change(|settings| settings.flap = None))))
            }
            Self::Clog { from, to } => {
                let link = world.link(from, to)?;
                link.clog();
                Ok(Box::new(move || Ok(link.unclog())))
            }
            Self::Loss { from, to, probability } => {
                let link = world.link(from, to)?;
                let before = link.own().loss;
                let link = link.loss(*probability)?;
                Ok(Box::new(move || Ok(link.change(|settings| settings.loss = before))))
            }
            Self::Duplicate { from, to, probability } => {
                let link = world.link(from, to)?;
                let before = link.own().duplicate;
                let link = link.duplicate(*probability)?;
                Ok(Box::new(move || Ok(link.change(|settings| settings.duplicate = before))))
            }
            Self::Reorder { from, to, probability, by } => {
                let link = world.link(from, to)?;
                let before = link.own().reorder;
                let link = link.reorder(*probability, *by)?;
                Ok(Box::new(move || Ok(link.change(|settings| settings.reorder = before))))
            }
            Self::Corrupt { from, to, probability } => {
                let link = world.link(from, to)?;
                let before = link.own().corrupt;
                let link = link.corrupt(*probability)?;
                Ok(Box::new(move || Ok(link.change(|settings| settings.corrupt = before))))
            }
            Self::Slow { from, to, by } => {
                let link = world.link(from, to)?;
                let before = link.own().slow;
                let link = link.slow(*by)?;
                Ok(Box::new(move || Ok(link.change(|settings| settings.slow = before))))
            }
            Self::Rate { from, to, bytes_per_second } => {
                let link = world.link(from, to)?;
                let before = link.own().rate;
                let link = link.rate(*bytes_per_second)?;
                Ok(Box::new(move || Ok(link.change(|settings| settings.rate = before))))
            }
            Self::Reset { a, b } => {
                world.reset(&world.host(a), &world.host(b));
                Ok(Box::new(|| Ok(())))
            }
            Self::Crash { host } => {
                let host = world.host(host);
                if host.requested() != Condition::Down {
                    host.crash()?;
                }
                Ok(Box::new(move || match host.requested() {
                    Condition::Down => host.restart(),
                    _ => Ok(()),
                }))
            }
            Self::Pause { host } => {
                let host = world.host(host);
                if host.requested() == Condition::Running {
                    host.pause()?;
                }
                Ok(Box::new(move || match host.requested() {
                    Condition::Paused => host.resume(),
                    _ => Ok(()),
                }))
            }
            Self::Lose { packet } => {
                world.lose(packet)?;
                Ok(Box::new(|| Ok(())))
            }
        }
    }
}
