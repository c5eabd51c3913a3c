//! The targets of the project as data, and whether a run holds them.

use serde::{Deserialize, Serialize};

use crate::suite::metric::Metric;
use crate::suite::results::CaseResult;
use crate::suite::statistics::{CLAIMED, Estimate};

/// With fewer starts nothing is claimed.
const MIN_STARTS: usize = 8;

/// A figure nearer than this to its limit is claimed from several runs only: the ratio itself
/// depends a little on what else runs.
const NEAR: f64 = 0.01;

/// What is to be held.
#[derive(Debug, Clone)]
pub struct Target {
    /// The area's name.
    pub area: &'static str,
    /// The case's name.
    pub case: String,
    /// What is judged.
    pub metric: Metric,
    /// Which of us.
    pub ours: &'static str,
    against: Against,
    /// The ratio, or the value, is at most this.
    pub most: f64,
}

/// With what ours is compared.
#[derive(Debug, Clone, Copy)]
enum Against {
    /// A peer in the same case, in each of its forms: the best of them decides.
    Peer(&'static [&'static str]),
    /// A peer in another case of the area, which is not paired.
    Elsewhere(&'static str, &'static str),
    /// Nothing: the value itself is judged.
    Value,
}

/// What a run says of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The whole interval is within the target.
    Held,
    /// The whole interval is beyond it.
    Missed,
    /// The run does not decide.
    Open,
    /// The run has not measured it.
    NotMeasured,
}

/// A verdict, and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What the run says.
    pub verdict: Verdict,
    /// What was measured, with the interval that decides.
    pub estimate: Option<Estimate>,
    /// Why it is open, or what else there is to say.
    pub remark: String,
    /// So near to the limit that one run is not enough.
    pub near: bool,
}

type Pair = (&'static str, &'static [&'static str]);

const SINGLE: Pair = ("minato", &["tokio"]);
const MULTI: Pair = ("minato-multi", &["tokio-multi"]);
const BARE: Pair = ("minato", &["raw-epoll"]);
const SPLICE: Pair = ("minato", &["raw-splice"]);
const LENT: Pair = ("minato-lent", &["tokio"]);
const LENT_BARE: Pair = ("minato-lent", &["raw-epoll"]);
const MONOIO: Pair = ("minato", &["monoio", "monoio-defer"]);
const COMPIO: Pair = ("minato", &["compio", "compio-defer"]);
const SMOL: Pair = ("minato", &["smol"]);

/// All targets, in the order of the report.
pub fn targets() -> Vec<Target> {
    [echo(), moved(), own_work(), rounds()].concat()
}

fn ratio(
    area: &'static str,
    case: &str,
    metric: Metric,
    (ours, theirs): Pair,
    most: f64,
) -> Target {
    Target { area, case: case.to_string(), metric, ours, against: Against::Peer(theirs), most }
}

fn cpu(area: &'static str, case: &str, pair: Pair, most: f64) -> Target {
    ratio(area, case, Metric::Cpu, pair, most)
}

fn value(area: &'static str, case: &str, metric: Metric, ours: &'static str, most: f64) -> Target {
    Target { area, case: case.to_string(), metric, ours, against: Against::Value, most }
}

fn echo() -> Vec<Target> {
    let mut all = Vec::new();
    for (connections, bare, single) in [
        ("1 connection", 1.05, 0.93),
        ("8 connections", 1.03, 0.93),
        ("50 connections", 1.03, 0.93),
        ("250 connections", 1.03, 0.94),
        ("1000 connections", 1.03, 0.94),
    ] {
        let case = format!("{connections} of 64 B");
        let pairs = [(BARE, bare), (SINGLE, single), (MULTI, 0.93)];
        let others = [(MONOIO, 0.92), (COMPIO, 0.85), (SMOL, 0.74)];
        let pairs = pairs.into_iter().chain(others);
        all.extend(pairs.map(|(pair, most)| cpu("echo", &case, pair, most)));
    }
    all.extend([
        cpu("echo", "50 connections of 64 B", LENT_BARE, 1.02),
        cpu("echo", "1000 connections of 64 B", LENT_BARE, 0.95),
        cpu("echo", "50 connections of 64 B", LENT, 0.93),
        cpu("echo", "1000 connections of 64 B", LENT, 0.83),
        cpu("echo", "50 connections of 1000 B", SINGLE, 1.00),
        cpu("echo", "50 connections of 4000 B", SINGLE, 1.00),
        cpu("echo", "50 connections of 16000 B", SINGLE, 1.00),
        ratio("echo", "50 connections of 64 B", Metric::Instructions, SINGLE, 0.45),
        ratio("echo", "50 connections of 64 B", Metric::Instructions, MULTI, 0.55),
        cpu("churn", "8 at once", SINGLE, 0.80),
        cpu("churn", "8 at once", BARE, 1.04),
        ratio("churn", "8 at once", Metric::Syscalls, SINGLE, 0.90),
    ]);
    all
}

fn moved() -> Vec<Target> {
    const BULK: &str = "2 sockets of 1200 B, 32 at once (GSO, GRO)";
    vec![
        cpu("relay-transfer", "2 MB", SPLICE, 1.15),
        cpu("relay-transfer", "16 MB", SPLICE, 1.15),
        cpu("relay-transfer", "2 MB", SINGLE, 0.55),
        cpu("relay-transfer", "16 MB", SINGLE, 0.55),
        cpu("relay-requests", "8 connections of 64 B", SINGLE, 0.93),
        cpu("relay-requests", "8 connections of 1000 B", SINGLE, 1.00),
        cpu("relay-requests", "8 connections of 4000 B", SINGLE, 1.00),
        cpu("relay-requests", "8 connections of 16000 B", SINGLE, 0.64),
        cpu("relay-requests", "8 connections of 65000 B", SINGLE, 1.00),
        ratio("relay-bulk", "4 connections in bulk", Metric::CpuPerGigabyte, SPLICE, 1.10),
        cpu("udp-echo", "8 sockets of 64 B", BARE, 1.06),
        cpu("udp-echo", BULK, BARE, 1.10),
        cpu("udp-echo", "8 sockets of 64 B", SINGLE, 0.94),
        cpu("udp-echo", BULK, SINGLE, 0.97),
        cpu("udp-stream", "64 B, one by one", SINGLE, 1.00),
        cpu("udp-stream", "1200 B, one by one", SINGLE, 1.00),
        cpu("udp-stream", "64 B, in bulk (GSO, GRO)", SINGLE, 1.00),
        cpu("udp-stream", "1200 B, in bulk (GSO, GRO)", SINGLE, 1.00),
        cpu("udp-stream", "64 B, in bulk (GSO, GRO)", BARE, 1.05),
        cpu("udp-stream", "1200 B, in bulk (GSO, GRO)", BARE, 1.05),
        Target {
            against: Against::Elsewhere("64 B, one by one", "tokio"),
            ..value("udp-stream", "64 B, in bulk (GSO, GRO)", Metric::Cpu, "minato", 0.10)
        },
    ]
}

fn own_work() -> Vec<Target> {
    vec![
        ratio("timers", "insert and cancel", Metric::Instructions, SINGLE, 0.90),
        ratio("timers", "expire", Metric::Instructions, SINGLE, 1.00),
        ratio("timers", "reset", Metric::Instructions, SINGLE, 1.00),
        cpu("timers", "insert and cancel, two workers", MULTI, 0.40),
        cpu("timers", "expire, two workers", MULTI, 1.00),
        ratio("tasks", "spawn and join", Metric::Instructions, SINGLE, 0.95),
        ratio("tasks", "yield", Metric::Instructions, SINGLE, 0.95),
        ratio("tasks", "wake across", Metric::Instructions, SINGLE, 0.95),
        cpu("tasks", "spawn and join", SINGLE, 1.00),
        cpu("tasks", "yield", SINGLE, 1.00),
        cpu("tasks", "wake across", SINGLE, 1.00),
        cpu("tasks", "block in place", MULTI, 1.20),
        cpu("tasks", "nested block_on", MULTI, 1.20),
    ]
}

fn rounds() -> Vec<Target> {
    const TWO: &str = "connections of 64 B, two workers";
    let blocked = "50 connections, 2000 requests a second, two workers";
    vec![
        cpu("closed", &format!("50 {TWO}"), MULTI, 0.95),
        cpu("closed", &format!("250 {TWO}"), MULTI, 0.95),
        ratio("closed", "50 connections of 64 B", Metric::Switches, SINGLE, 1.00),
        ratio("level", "50% load", Metric::P999, SINGLE, 1.00),
        ratio("level", "50% load", Metric::Switches, SINGLE, 1.00),
        cpu("level", "5% load", SINGLE, 1.00),
        value("blocked", blocked, Metric::P99, "minato-multi", 2000.0),
        ratio("idle", "10 active among 9000", Metric::Memory, SINGLE, 1.00),
        value("idle", "10 active among 9000", Metric::Rest, "minato", 0.0),
        ratio("build", "release, equal features", Metric::Build, SINGLE, 1.00),
        value("build", "release, equal features", Metric::Crates, "minato", 18.0),
    ]
}

impl Target {
    /// What it is about: the area and the case.
    pub fn place(&self) -> String {
        format!("{}: {}", self.area, self.case)
    }

    /// What is to be at most how much.
    pub fn wanted(&self) -> String {
        let (metric, ours) = (self.metric.title(), self.ours);
        match self.against {
            Against::Peer(theirs) => {
                format!("{metric}, {ours} / {} ≤ {:.2}", theirs.join(" or "), self.most)
            }
            Against::Elsewhere(case, theirs) => {
                format!("{metric}, {ours} / {theirs} at \"{case}\" ≤ {:.2}", self.most)
            }
            Against::Value => format!("{metric}, {ours} ≤ {}", self.metric.text(self.most)),
        }
    }

    /// A value of what is judged, as text.
    pub fn text(&self, estimate: &Estimate) -> String {
        match self.against {
            Against::Value => self.metric.text(estimate.value),
            _ => estimate.text(),
        }
    }

    /// Whether the target is one of this case.
    pub fn is_about(&self, result: &CaseResult) -> bool {
        result.area == self.area && result.case.name == self.case
    }

    /// What these results say of it.
    pub fn judge(&self, results: &[CaseResult]) -> Judgement {
        let Some(result) = results.iter().find(|result| self.is_about(result)) else {
            return Judgement::new(Verdict::NotMeasured, None, "");
        };
        let Some(estimate) = self.measured(result, results) else {
            return Judgement::new(Verdict::NotMeasured, None, "");
        };
        let exact = self.metric.is_count() || matches!(self.against, Against::Value);
        if exact {
            return self.compare(estimate, estimate, "");
        }
        if result.alternates(self.metric) {
            self.by_starts(result, estimate)
        } else {
            self.by_rounds(result, estimate)
        }
    }

    /// Peers that alternate are compared if we are as ourselves.
    fn by_starts(&self, result: &CaseResult, estimate: Estimate) -> Judgement {
        if estimate.rounds < MIN_STARTS {
            let remark = format!("{} starts of at least {MIN_STARTS}", estimate.rounds);
            return Judgement::new(Verdict::Open, Some(estimate), &remark);
        }
        if !result.is_checked(self.metric) {
            let check = result.self_check(self.metric);
            let check = check.map_or_else(|| "not measured".to_string(), |check| check.text());
            let remark = format!("minato by itself: {check}");
            return Judgement::new(Verdict::Open, Some(estimate), &remark);
        }
        self.compare(estimate, estimate, "")
    }

    /// What is measured in rounds is wider by what we are off from ourselves.
    fn by_rounds(&self, result: &CaseResult, estimate: Estimate) -> Judgement {
        if estimate.coverage < CLAIMED {
            let remark = format!("{} rounds have no interval of 99%", estimate.rounds);
            return Judgement::new(Verdict::Open, Some(estimate), &remark);
        }
        match result.self_check(self.metric) {
            Some(check) => {
                let remark = format!("minato by itself: {}", check.text());
                self.compare(estimate, estimate.widened_by(&check), &remark)
            }
            None if result.is_checked(self.metric) => self.compare(estimate, estimate, ""),
            None => Judgement::new(Verdict::Open, Some(estimate), "minato by itself: not measured"),
        }
    }

    /// On which side of the limit the interval is.
    fn compare(&self, estimate: Estimate, interval: Estimate, remark: &str) -> Judgement {
        let off = (estimate.value / self.most - 1.0).abs();
        let near = self.most > 0.0 && off < NEAR && !self.metric.is_count();
        let (verdict, remark) = match () {
            () if interval.high <= self.most => (Verdict::Held, ""),
            () if interval.low > self.most => (Verdict::Missed, ""),
            () if remark.is_empty() => (Verdict::Open, "the interval holds the limit"),
            () => (Verdict::Open, remark),
        };
        let remark =
            if near && remark.is_empty() { "near: claimed from three runs" } else { remark };
        Judgement { near, ..Judgement::new(verdict, Some(estimate), remark) }
    }

    fn measured(&self, result: &CaseResult, results: &[CaseResult]) -> Option<Estimate> {
        match self.against {
            Against::Peer(theirs) => {
                let ratio = |theirs: &&str| result.ratio(self.ours, theirs, self.metric, CLAIMED);
                let ratios = theirs.iter().filter_map(ratio);
                ratios.max_by(|one, other| one.value.total_cmp(&other.value))
            }
            Against::Elsewhere(case, theirs) => {
                let other = results.iter().find(|r| r.area == self.area && r.case.name == case)?;
                let theirs = other.row(theirs)?.estimate(self.metric, CLAIMED)?;
                let ours = result.row(self.ours)?.estimate(self.metric, CLAIMED)?;
                Some(unpaired(&ours, &theirs))
            }
            Against::Value => result.row(self.ours)?.estimate(self.metric, CLAIMED),
        }
    }
}

impl Judgement {
    fn new(verdict: Verdict, estimate: Option<Estimate>, remark: &str) -> Judgement {
        Judgement { verdict, estimate, remark: remark.to_string(), near: false }
    }
}

impl Verdict {
    /// As tables say it.
    pub fn text(self) -> &'static str {
        match self {
            Verdict::Held => "held",
            Verdict::Missed => "**missed**",
            Verdict::Open => "open",
            Verdict::NotMeasured => "not measured",
        }
    }
}

/// The ratio of two estimates, with the widest interval that their ends allow.
fn unpaired(ours: &Estimate, theirs: &Estimate) -> Estimate {
    Estimate {
        value: ours.value / theirs.value,
        low: ours.low / theirs.high,
        high: ours.high / theirs.low,
        coverage: ours.coverage.min(theirs.coverage),
        rounds: ours.rounds.min(theirs.rounds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::area;
    use crate::suite::alternate::Start;
    use crate::suite::case::Case;
    use crate::suite::results::chosen;

    fn case(area: &str, name: &str) -> Option<Case> {
        let area = area::all().into_iter().find(|a| a.name == area)?;
        area.cases.into_iter().find(|case| case.name == name)
    }

    #[test]
    fn every_target_is_of_a_case_and_peers_that_exist() {
        for target in targets() {
            let own = case(target.area, &target.case).unwrap_or_else(|| panic!("{target:?}"));
            match target.against {
                Against::Peer(theirs) => {
                    assert!(theirs.iter().all(|name| own.peers.contains(name)), "{target:?}");
                }
                Against::Elsewhere(other, theirs) => {
                    assert!(case(target.area, other).unwrap().peers.contains(&theirs));
                }
                Against::Value => {}
            }
            assert!(own.peers.contains(&target.ours), "{target:?}");
            assert!(own.metrics.contains(&target.metric), "{target:?}");
        }
    }

    fn find(area: &str, ours: &str, metric: Metric, most: f64) -> Target {
        let all = targets().into_iter();
        let mut all = all.filter(|t| t.area == area && t.ours == ours && t.metric == metric);
        all.find(|target| target.most == most).unwrap()
    }

    /// What starts say in which tokio takes 1 and minato these times, its second instance others.
    fn by_starts(ours: &[f64], again: f64) -> Judgement {
        let target = find("churn", "minato", Metric::Cpu, 0.80);
        let case = case("churn", &target.case).unwrap();
        let peers = chosen(&case, &[]);
        let mut result = CaseResult::new("churn", case, &peers);
        for ours in ours {
            let mut start = Start::default();
            for (name, time) in [("minato", *ours), ("minato-again", ours * again), ("tokio", 1.0)]
            {
                start.times.insert(name, vec![time; 5]);
                start.scaled.insert(name, vec![time; 5]);
            }
            result.add(start);
        }
        target.judge(&[result])
    }

    #[test]
    fn the_interval_of_the_starts_decides() {
        let spread = |middle: f64| [middle * 0.99, middle * 1.01].repeat(4);
        assert_eq!(by_starts(&spread(0.70), 1.0).verdict, Verdict::Held);
        assert_eq!(by_starts(&spread(0.90), 1.0).verdict, Verdict::Missed);
        let across = by_starts(&spread(0.801), 1.0);
        assert_eq!(across.verdict, Verdict::Open);
        assert!(across.remark.contains("holds the limit"), "{across:?}");
    }

    #[test]
    fn nothing_is_claimed_if_we_are_not_as_ourselves_or_started_too_rarely() {
        let off = by_starts(&[0.70; 8], 1.03);
        assert_eq!(off.verdict, Verdict::Open);
        assert!(off.remark.starts_with("minato by itself: 1.03"), "{off:?}");
        let few = by_starts(&[0.70; 7], 1.0);
        assert_eq!(few.verdict, Verdict::Open);
        assert!(few.remark.contains("7 starts of at least 8"), "{few:?}");
    }

    #[test]
    fn what_is_near_its_limit_says_so() {
        let near = by_starts(&[0.799; 8], 1.0);
        assert_eq!(near.verdict, Verdict::Held);
        assert!(near.near && near.remark.contains("three runs"), "{near:?}");
        assert_eq!(by_starts(&[0.70; 8], 1.0).remark, "");
    }

    #[test]
    fn rounds_are_wider_by_what_we_are_off() {
        let target = find("level", "minato", Metric::Cpu, 1.00);
        let case = case("level", &target.case).unwrap();
        let judge = |ours: f64, again: f64, rounds: usize| {
            let peers = chosen(&case, &[]);
            let mut result = CaseResult::new("level", case.clone(), &peers);
            for round in 0..rounds {
                for (name, value) in [("tokio", 1.0), ("minato", ours), ("minato-again", again)] {
                    let row = result.rows.iter_mut().find(|row| row.peer.name == name).unwrap();
                    row.put(Metric::Cpu, round, value);
                }
            }
            target.judge(&[result]).verdict
        };
        assert_eq!(judge(0.8, 0.8, 8), Verdict::Held);
        assert_eq!(judge(0.8, 0.9, 8), Verdict::Held, "12% off, and 20% below");
        assert_eq!(judge(0.8, 1.1, 8), Verdict::Open, "more off than below");
        assert_eq!(judge(1.3, 1.3, 8), Verdict::Missed);
        assert_eq!(judge(0.8, 0.8, 6), Verdict::Open, "too few rounds");
        assert_eq!(target.judge(&[]).verdict, Verdict::NotMeasured);
    }

    #[test]
    fn the_best_form_of_a_peer_decides() {
        let target = find("echo", "minato", Metric::Cpu, 0.85);
        let case = case("echo", &target.case).unwrap();
        let peers = chosen(&case, &[]);
        let mut result = CaseResult::new("echo", case, &peers);
        for _ in 0..8 {
            let mut start = Start::default();
            let times = [("minato", 0.8), ("minato-again", 0.8)];
            for (name, time) in times.into_iter().chain([("compio", 1.0), ("compio-defer", 0.9)]) {
                start.scaled.insert(name, vec![time; 5]);
            }
            result.add(start);
        }
        let judgement = target.judge(&[result]);
        assert_eq!(judgement.verdict, Verdict::Missed);
        assert!((judgement.estimate.unwrap().value - 0.8 / 0.9).abs() < 1e-9);
    }
}
