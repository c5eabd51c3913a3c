//! Carrying out a plan: what begins and what heals at an instant.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::{Fault, Plan, Planned};
use crate::crash::Condition;
use crate::host::Host;
use crate::link::Settings;
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
            Self::Partition { a, b } => {
                let (a, b) = (world.host(a), world.host(b));
                world.partition(&a, &b);
                let world = world.clone();
                Ok(Box::new(move || {
                    world.heal(&a, &b);
                    Ok(())
                }))
            }
            Self::Reset { a, b } => {
                world.reset(&world.host(a), &world.host(b));
                Ok(nothing())
            }
            Self::Lose { packet } => world.lose(packet).map(|()| nothing()),
            Self::Crash { host } => crash(&world.host(host)),
            Self::Pause { host } => pause(&world.host(host)),
            _ => self.begin_on_link(world),
        }
    }

    /// The same for what happens on one link. What was set there before is set again afterwards.
    fn begin_on_link(&self, world: &World) -> io::Result<Undo> {
        let link = match self.hosts()[..] {
            [from, to] => world.link(from, to)?,
            _ => return Ok(nothing()),
        };
        let before = link.own();
        let restore: fn(&mut Settings, &Settings) = match self {
            Self::Cut { .. } => {
                link.cut();
                |settings, before| settings.cut = before.cut
            }
            Self::Flap { up, down, .. } => {
                link.flap(*up, *down)?;
                |settings, before| settings.flap = before.flap
            }
            Self::Clog { .. } => {
                link.clog();
                |settings, before| settings.clogged = before.clogged
            }
            Self::Loss { probability, .. } => {
                link.loss(*probability)?;
                |settings, before| settings.loss = before.loss
            }
            Self::Duplicate { probability, .. } => {
                link.duplicate(*probability)?;
                |settings, before| settings.duplicate = before.duplicate
            }
            Self::Reorder { probability, by, .. } => {
                link.reorder(*probability, *by)?;
                |settings, before| settings.reorder = before.reorder
            }
            Self::Corrupt { probability, .. } => {
                link.corrupt(*probability)?;
                |settings, before| settings.corrupt = before.corrupt
            }
            Self::Slow { by, .. } => {
                link.slow(*by)?;
                |settings, before| settings.slow = before.slow
            }
            Self::Rate { bytes_per_second, .. } => {
                link.rate(*bytes_per_second)?;
                |settings, before| settings.rate = before.rate
            }
            _ => return Ok(nothing()),
        };
        Ok(Box::new(move || {
            link.change(|settings| restore(settings, &before));
            Ok(())
        }))
    }
}

/// Heals what was over as it began.
fn nothing() -> Undo {
    Box::new(|| Ok(()))
}

/// A host that has crashed without the plan stays as it is.
fn crash(host: &Host) -> io::Result<Undo> {
    let host = host.clone();
    if host.requested() != Condition::Down {
        host.crash()?;
    }
    Ok(Box::new(move || match host.requested() {
        Condition::Down => host.restart(),
        _ => Ok(()),
    }))
}

/// A host that has crashed meanwhile is not resumed.
fn pause(host: &Host) -> io::Result<Undo> {
    let host = host.clone();
    if host.requested() == Condition::Running {
        host.pause()?;
    }
    Ok(Box::new(move || match host.requested() {
        Condition::Paused => host.resume(),
        _ => Ok(()),
    }))
}
