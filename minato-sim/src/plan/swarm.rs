//! Drawing a plan from a seed.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Fault, Plan};
use crate::choice::{below, draw, site};
use crate::skew::Offset;
use crate::strikes::FaultKind;

/// Which faults the seeds of a sweep may meet. Each seed draws a subset of the kinds, and how many
/// faults there are of each, whom they hit, when and for how long. So no run has all kinds at once,
/// unless few are allowed: one kind of fault often hides what another would show.
///
/// All faults begin and heal within [`for_`](Self::for_), so that what a service does afterwards
/// can be judged.
///
/// ```
/// use minato_sim::FaultKind;
/// use minato_sim::plan::Swarm;
/// use std::time::Duration;
///
/// let swarm = Swarm::all().except(FaultKind::Reset).for_(Duration::from_secs(5));
/// let rare = Swarm::only([FaultKind::Cut, FaultKind::Loss]).intensity(0.5);
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

impl<'a> Targets<'a> {
    /// The names of the hosts for which `takes` says so, who is told whether they are clients.
    fn names(self, takes: impl Fn(bool) -> bool) -> Vec<&'a str> {
        let taken = self.hosts.iter().filter(|(_, is_client)| takes(*is_client));
        taken.map(|(name, _)| name.as_str()).collect()
    }
}

impl Swarm {
    /// All kinds that can be drawn.
    pub fn all() -> Self {
        Self::only(DRAWN)
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

    /// The same with no other kinds than these.
    pub(crate) fn keeping(mut self, kinds: &BTreeSet<FaultKind>) -> Self {
        self.kinds.retain(|kind| kinds.contains(kind));
        self
    }

    pub(crate) fn kinds(&self) -> impl Iterator<Item = FaultKind> {
        self.kinds.iter().copied()
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

    /// Why it cannot draw; of a right one nothing.
    pub(crate) fn check(&self) -> Result<(), String> {
        let strange = self.kinds.iter().find(|kind| !DRAWN.contains(kind));
        match strange {
            None => Ok(()),
            Some(kind) => Err(format!("a swarm draws no faults of the kind {}", kind.word())),
        }
    }

    /// The plan of a seed.
    pub(crate) fn draw(&self, seed: u64, targets: Targets<'_>) -> Plan {
        let mut plan = Vec::new();
        for kind in self.kinds_of(seed) {
            let mut draws = Draws::new(seed, kind.word());
            let count = (draws.from(1, 5) as f64 * self.intensity).round() as u64;
            for _ in 0..count {
                let Some(fault) = draw_fault(kind, targets, &mut draws) else { break };
                let (at, lasts) = self.draw_time(&mut draws);
                let lasts = if is_instant(kind) { Duration::ZERO } else { lasts };
                plan.push(fault.at(at).lasting(lasts));
            }
        }
        plan.sort_by_key(|planned| planned.at);
        plan.into()
    }

    /// The kinds that a seed takes: each with a chance of a half, and never all of several.
    fn kinds_of(&self, seed: u64) -> Vec<FaultKind> {
        let takes = |kind: &FaultKind| Draws::new(seed, kind.word()).chance(0.5);
        let mut kinds: Vec<FaultKind> = self.kinds.iter().copied().filter(takes).collect();
        if kinds.len() > 1 && kinds.len() == self.kinds.len() {
            let out = Draws::new(seed, "kinds").from(0, kinds.len() as u64);
            kinds.remove(out as usize);
        }
        kinds
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

/// The kinds that a swarm draws.
const DRAWN: [FaultKind; 16] = [
    FaultKind::Cut,
    FaultKind::Flap,
    FaultKind::Clog,
    FaultKind::Loss,
    FaultKind::Duplicate,
    FaultKind::Reorder,
    FaultKind::Corrupt,
    FaultKind::Slow,
    FaultKind::Rate,
    FaultKind::Reset,
    FaultKind::Crash,
    FaultKind::Pause,
    FaultKind::Skew,
    FaultKind::Dns,
    FaultKind::Descriptors,
    FaultKind::AcceptError,
];

const EMFILE: u64 = 24;
const ECONNABORTED: u64 = 103;

/// One fault of that kind; `None` if these hosts cannot have one.
fn draw_fault(kind: FaultKind, targets: Targets<'_>, draws: &mut Draws) -> Option<Fault> {
    let millis = |draws: &mut Draws, least, most| Duration::from_millis(draws.from(least, most));
    match kind {
        FaultKind::Crash | FaultKind::AcceptError => {
            let server = draws.one_of(&targets.names(|is_client| !is_client))?;
            if kind == FaultKind::Crash {
                return Some(Fault::crash(server));
            }
            let error = [EMFILE, ECONNABORTED][draws.from(0, 2) as usize];
            return Some(Fault::accept_error(server, error, draws.probability()));
        }
        FaultKind::Pause | FaultKind::Skew | FaultKind::Descriptors | FaultKind::Dns => {
            let host = draws.one_of(&targets.names(|_| true))?;
            return Some(match kind {
                FaultKind::Pause => Fault::pause(host),
                FaultKind::Skew => {
                    let ahead = draws.chance(0.5);
                    let by = millis(draws, 1, 60_000);
                    let offset = if ahead { Offset::Ahead(by) } else { Offset::Behind(by) };
                    // Quartz is wrong by up to 200 parts in a million, and a bad clock by 10,000.
                    let drift = [0, 50, 200, 10_000][draws.from(0, 4) as usize];
                    Fault::skew(host, offset, if draws.chance(0.5) { drift } else { -drift })
                }
                FaultKind::Descriptors => Fault::descriptors(host, draws.from(1, 9)),
                _ if draws.chance(0.5) => Fault::dns_fail(host),
                _ => Fault::dns_slow(millis(draws, 1, 5000)),
            });
        }
        _ => {}
    }
    let (a, b) = draws.pair(targets)?;
    Some(match kind {
        FaultKind::Cut if draws.chance(0.5) => Fault::partition(a, b),
        FaultKind::Cut => Fault::cut(a, b),
        FaultKind::Flap => Fault::flap(a, b, millis(draws, 1, 100), millis(draws, 1, 100)),
        FaultKind::Clog => Fault::clog(a, b),
        FaultKind::Loss => Fault::loss(a, b, draws.probability()),
        FaultKind::Duplicate => Fault::duplicate(a, b, draws.probability()),
        FaultKind::Reorder => Fault::reorder(a, b, draws.probability(), millis(draws, 1, 100)),
        FaultKind::Corrupt => Fault::corrupt(a, b, draws.probability()),
        FaultKind::Slow => Fault::slow(a, b, millis(draws, 1, 300)),
        // From about a packet a second to a hundred of the longest.
        FaultKind::Rate => Fault::rate(a, b, 64 << draws.from(0, 17)),
        FaultKind::Reset => Fault::reset(a, b),
        _ => return None,
    })
}

/// Whether a fault of this kind is over as it begins.
fn is_instant(kind: FaultKind) -> bool {
    kind == FaultKind::Reset
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

    /// A chance for something to hit each packet: between 1 and 50 in a hundred, small ones as
    /// often as large ones.
    fn probability(&mut self) -> f64 {
        [0.01, 0.02, 0.05, 0.1, 0.2, 0.5][self.from(0, 6) as usize]
    }

    fn one_of<'a>(&mut self, names: &[&'a str]) -> Option<&'a str> {
        let index = self.from(0, names.len() as u64);
        names.get(index as usize).copied()
    }

    /// Two different hosts.
    fn pair<'a>(&mut self, targets: Targets<'a>) -> Option<(&'a str, &'a str)> {
        let all = targets.names(|_| true);
        let a = self.one_of(&all)?;
        let others: Vec<&str> = all.into_iter().filter(|name| *name != a).collect();
        Some((a, self.one_of(&others)?))
    }
}
