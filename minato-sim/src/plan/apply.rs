//! Carrying out a plan: what begins and what heals at an instant.
//!
//! Faults overlap, also such of one kind on one host or link. A host that crashes twice starts anew
//! when the later crash heals. What is set on a link is what the latest fault has set of those that
//! have not healed, and without any what was set before.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::{Fault, Plan, Planned};
use crate::crash::Condition;
use crate::dns::LookupFailure;
use crate::faults::Verb;
use crate::host::Host;
use crate::link::{Link, Settings};
use crate::skew::Offset;
use crate::world::World;

/// How far a plan is.
pub(crate) struct Applied {
    faults: Vec<Planned>,
    /// What is still to be done, the latest first.
    steps: Vec<(Duration, Step)>,
    /// How many faults have begun and not healed.
    active: usize,
    /// The links on which faults have set something.
    links: BTreeMap<(String, String), OnLink>,
    /// What has begun elsewhere, by what goes wrong with whom. Two that overlap are one, which is
    /// healed when the later one is.
    others: BTreeMap<String, Overlap>,
}

/// By the number of the fault.
#[derive(Clone, Copy, Debug)]
enum Step {
    Begin(usize),
    Heal(usize),
}

/// Faults of one kind and one host.
#[derive(Default)]
struct Overlap {
    depth: u32,
    undo: Option<Undo>,
}

/// What heals a fault.
type Undo = Box<dyn FnOnce() -> io::Result<()>>;

/// What is set on a link.
#[derive(Default)]
struct OnLink {
    /// What was set there before any fault.
    before: Settings,
    /// What faults have set, in the order of their beginnings.
    set: Vec<Setting>,
}

struct Setting {
    fault: usize,
    /// The settings after the fault has begun.
    after: Settings,
    /// Takes over from other settings what the fault sets.
    copy: fn(&mut Settings, &Settings),
}

impl Applied {
    pub(crate) fn new(plan: &Plan) -> Self {
        let faults = plan.faults().to_vec();
        let at = |planned: &Planned| match planned.fault.has_time() {
            true => planned.at,
            false => Duration::ZERO,
        };
        let begin = |(number, planned)| (at(planned), Step::Begin(number));
        let mut steps: Vec<_> = faults.iter().enumerate().map(begin).collect();
        steps.sort_by_key(|(at, _)| *at);
        steps.reverse();
        let (links, others) = (BTreeMap::new(), BTreeMap::new());
        Self { faults, steps, active: 0, links, others }
    }

    /// When the next fault begins or heals.
    pub(crate) fn next_at(&self) -> Option<Duration> {
        self.steps.last().map(|(at, _)| *at)
    }

    /// Does what is due at the world's present.
    pub(crate) fn advance(&mut self, world: &World) -> io::Result<()> {
        while self.next_at().is_some_and(|at| at <= world.now())
            && let Some((_, step)) = self.steps.pop()
        {
            match step {
                Step::Begin(number) => self.begin(world, number)?,
                Step::Heal(number) => self.heal(world, number)?,
            }
        }
        Ok(())
    }

    /// Heals everything, and lets nothing begin any more.
    pub(crate) fn end(&mut self, world: &World) -> io::Result<()> {
        let steps = std::mem::take(&mut self.steps);
        steps.into_iter().rev().try_for_each(|(_, step)| match step {
            Step::Begin(_) => Ok(()),
            Step::Heal(number) => self.heal(world, number),
        })
    }

    fn begin(&mut self, world: &World, number: usize) -> io::Result<()> {
        let planned = self.faults[number].clone();
        match &planned.fault {
            Fault::Reset { a, b } => _ = world.reset(&world.host(a), &world.host(b)),
            Fault::Lose { packet } => world.lose(packet)?,
            fault if fault.links().is_empty() => {
                let overlap = self.others.entry(subject(fault)).or_default();
                overlap.depth += 1;
                if overlap.depth == 1 {
                    overlap.undo = Some(fault.begin(world)?);
                }
            }
            fault => {
                for (from, to) in fault.links() {
                    let link = world.link(from, to)?;
                    let on_link = self.links.entry((from.to_owned(), to.to_owned())).or_default();
                    on_link.begin(number, fault, &link)?;
                }
            }
        }
        self.active += 1;
        let end = planned.end();
        // Among those of one instant it is the last to be done.
        let place = self.steps.partition_point(|(at, _)| *at > end);
        self.steps.insert(place, (end, Step::Heal(number)));
        Ok(())
    }

    fn heal(&mut self, world: &World, number: usize) -> io::Result<()> {
        let fault = self.faults[number].fault.clone();
        for (from, to) in fault.links() {
            let link = world.link(from, to)?;
            if let Some(on_link) = self.links.get_mut(&(from.to_owned(), to.to_owned())) {
                on_link.heal(number, &link);
            }
        }
        if let Some(overlap) = self.others.get_mut(&subject(&fault)) {
            overlap.depth = overlap.depth.saturating_sub(1);
            if overlap.depth == 0
                && let Some(undo) = overlap.undo.take()
            {
                undo()?;
            }
        }
        self.active -= 1;
        if self.active == 0 && self.steps.is_empty() {
            // Nothing goes wrong any more, and what was lost is sent again at once. Who has waited
            // longer and longer meanwhile would wait for up to two minutes otherwise.
            let mut state = world.lock();
            let now = state.now;
            state.queue.hurry(now);
        }
        Ok(())
    }
}

impl OnLink {
    fn begin(&mut self, number: usize, fault: &Fault, link: &Link) -> io::Result<()> {
        if self.set.is_empty() {
            self.before = link.own();
        }
        let copy = fault.set_on(link)?;
        self.set.push(Setting { fault: number, after: link.own(), copy });
        Ok(())
    }

    fn heal(&mut self, number: usize, link: &Link) {
        let Some(place) = self.set.iter().position(|setting| setting.fault == number) else {
            return;
        };
        let healed = self.set.remove(place);
        link.change(|settings| {
            (healed.copy)(settings, &self.before);
            for setting in &self.set {
                (setting.copy)(settings, &setting.after);
            }
        });
    }
}

/// What goes wrong with whom, whatever the numbers.
fn subject(fault: &Fault) -> String {
    format!("{} {}", fault.parts().word, fault.hosts().join(" "))
}

impl Fault {
    /// Makes it happen, where that is not on a link. What is returned heals it.
    fn begin(&self, world: &World) -> io::Result<Undo> {
        match self {
            Self::Crash { host } => crash(world.host(host)),
            Self::Pause { host } => pause(world.host(host)),
            Self::Skew { host, offset, drift } => {
                let host = world.host(host);
                host.skew(*offset, *drift)?;
                Ok(Box::new(move || host.skew(Offset::NONE, 0)))
            }
            Self::Descriptors { host, limit } => {
                let host = world.host(host);
                let before = host.descriptor_limit();
                host.limit_descriptors(Some(usize::try_from(*limit).unwrap_or(usize::MAX)));
                Ok(undo(move || host.limit_descriptors(before)))
            }
            Self::AcceptError { host, error, probability } => {
                let host = world.host(host);
                let error = i32::try_from(*error).unwrap_or(i32::MAX);
                host.fail_by_chance(Verb::Accept, error, *probability)?;
                Ok(Box::new(move || host.fail_by_chance(Verb::Accept, error, 0.0)))
            }
            Self::DnsSlow { by } => {
                let before = world.lock().lookup_faults.delay;
                world.dns().delay(*by)?;
                let world = world.clone();
                Ok(undo(move || world.lock().lookup_faults.delay = before))
            }
            Self::DnsFail { host } => {
                let (dns, host) = (world.dns(), host.clone());
                dns.fail(&host, LookupFailure::Temporary);
                Ok(undo(move || dns.mend(&host)))
            }
            _ => Ok(undo(|| ())),
        }
    }

    /// The links that it changes: from and to.
    fn links(&self) -> Vec<(&str, &str)> {
        match self {
            Self::Partition { a, b } => vec![(a, b), (b, a)],
            _ => match self.parts().names[..] {
                [from, to] if !matches!(self, Self::Reset { .. }) => vec![(from, to)],
                _ => Vec::new(),
            },
        }
    }

    /// Makes it happen on a link. What is returned takes over what it has set there.
    fn set_on(&self, link: &Link) -> io::Result<fn(&mut Settings, &Settings)> {
        Ok(match self {
            Self::Cut { .. } | Self::Partition { .. } => {
                link.cut();
                |settings, from| settings.cut = from.cut
            }
            Self::Flap { up, down, .. } => {
                link.flap(*up, *down)?;
                |settings, from| settings.flap = from.flap
            }
            Self::Clog { .. } => {
                link.clog();
                |settings, from| settings.clogged = from.clogged
            }
            Self::Loss { probability, .. } => {
                link.loss(*probability)?;
                |settings, from| settings.loss = from.loss
            }
            Self::Duplicate { probability, .. } => {
                link.duplicate(*probability)?;
                |settings, from| settings.duplicate = from.duplicate
            }
            Self::Reorder { probability, by, .. } => {
                link.reorder(*probability, *by)?;
                |settings, from| settings.reorder = from.reorder
            }
            Self::Corrupt { probability, .. } => {
                link.corrupt(*probability)?;
                |settings, from| settings.corrupt = from.corrupt
            }
            Self::Slow { by, .. } => {
                link.slow(*by)?;
                |settings, from| settings.slow = from.slow
            }
            Self::Rate { bytes_per_second, .. } => {
                link.rate(*bytes_per_second)?;
                |settings, from| settings.rate = from.rate
            }
            _ => |_, _| {},
        })
    }
}

fn undo(heal: impl FnOnce() + 'static) -> Undo {
    Box::new(|| {
        heal();
        Ok(())
    })
}

/// A host that has crashed without the plan stays as it is.
fn crash(host: Host) -> io::Result<Undo> {
    if host.requested() != Condition::Down {
        host.crash()?;
    }
    Ok(Box::new(move || match host.requested() {
        Condition::Down => host.restart(),
        _ => Ok(()),
    }))
}

/// A host that has crashed while it was paused is not resumed.
fn pause(host: Host) -> io::Result<Undo> {
    if host.requested() == Condition::Running {
        host.pause()?;
    }
    Ok(Box::new(move || match host.requested() {
        Condition::Paused => host.resume(),
        _ => Ok(()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    /// What is set on the link from `a` to `b` in each millisecond of a plan.
    fn settings<T>(plan: &str, what: impl Fn(Settings) -> T) -> Vec<T> {
        let world = World::new(1);
        let link = (world.host("a"), world.host("b"), world.link("a", "b").unwrap()).2;
        link.slow(7 * MILLI).unwrap();
        let plan: Plan = plan.parse().unwrap();
        let mut applied = Applied::new(&plan);
        let mut seen = Vec::new();
        for millis in 0..10 {
            world.advance(Some(millis * MILLI));
            applied.advance(&world).unwrap();
            seen.push(what(link.own()));
        }
        applied.end(&world).unwrap();
        assert_eq!(link.own(), Settings { slow: Some(7_000_000), ..Settings::default() });
        seen
    }

    #[test]
    fn faults_that_overlap_on_a_link_heal_each_at_its_time() {
        let cut = |plan| {
            let seen = settings(plan, |settings| settings.cut);
            seen.into_iter().map(|cut| if cut { '#' } else { '.' }).collect::<String>()
        };
        assert_eq!(cut("cut a>b@2ms+3ms"), "..###.....");
        assert_eq!(cut("partition a<>b@2ms+3ms cut a>b@4ms+3ms"), "..#####...");
        assert_eq!(cut("cut a>b@2ms+6ms partition a<>b@4ms+2ms"), "..######..");
        assert_eq!(cut("cut b>a@2ms+6ms partition a<>b@4ms+20ms"), "....######");
        assert_eq!(cut("cut a>b@2ms+3ms cut a>b@5ms+1ms"), "..####....");
    }

    #[test]
    fn the_latest_fault_counts_and_then_what_was_set_before() {
        let slow = |plan| settings(plan, |settings| settings.slow.unwrap() / 1_000_000);
        assert_eq!(slow("slow a>b/2ms@1ms+7ms"), [7, 2, 2, 2, 2, 2, 2, 2, 7, 7]);
        let both = slow("slow a>b/2ms@1ms+7ms slow a>b/3ms@3ms+2ms loss a>b/0.5@2ms+3ms");
        assert_eq!(both, [7, 2, 2, 3, 3, 2, 2, 2, 7, 7]);
        let crossed = slow("slow a>b/2ms@1ms+4ms slow a>b/3ms@3ms+4ms");
        assert_eq!(crossed, [7, 2, 2, 3, 3, 3, 3, 7, 7, 7]);
    }
}
