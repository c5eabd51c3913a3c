//! The targets of the project, and whether a run holds them.

use crate::suite::metric::Metric;
use crate::suite::results::{CaseResult, Verdict};
use crate::suite::statistics::Estimate;

/// What is to be held.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    area: &'static str,
    case: &'static str,
    metric: Metric,
    /// Which of us.
    ours: &'static str,
    against: Against,
    /// The ratio, or the value, is at most this.
    most: f64,
}

/// With what ours is compared.
#[derive(Debug, Clone, Copy)]
enum Against {
    /// A peer in the same rounds.
    Peer(&'static str),
    /// A peer in another case of the area, which is not paired.
    Elsewhere(&'static str, &'static str),
    /// Nothing: the value itself is judged.
    Value,
}

/// What a run says of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// The whole interval is within the target.
    Held,
    /// The whole interval is beyond it.
    Missed,
    /// The interval holds the target, so that the run does not decide.
    Open,
    /// The figure does not count, by the self-check.
    Noise,
    /// Nothing was measured.
    NotMeasured,
}

const fn ratio(
    area: &'static str,
    case: &'static str,
    metric: Metric,
    pair: (&'static str, &'static str),
    most: f64,
) -> Target {
    Target { area, case, metric, ours: pair.0, against: Against::Peer(pair.1), most }
}

const fn value(
    area: &'static str,
    case: &'static str,
    metric: Metric,
    ours: &'static str,
    most: f64,
) -> Target {
    Target { area, case, metric, ours, against: Against::Value, most }
}

const SINGLE: (&str, &str) = ("minato", "tokio");
const MULTI: (&str, &str) = ("minato-multi", "tokio-multi");
const BARE: (&str, &str) = ("minato", "raw-epoll");

/// All targets, in the order of the report.
#[rustfmt::skip]
pub const TARGETS: &[Target] = &[
    ratio("echo", "50 connections of 64 B", Metric::Instructions, SINGLE, 0.45),
    ratio("echo", "50 connections of 64 B", Metric::Instructions, MULTI, 0.55),
    ratio("echo", "8 connections of 64 B", Metric::Cpu, SINGLE, 1.00),
    ratio("echo", "50 connections of 64 B", Metric::Cpu, SINGLE, 1.00),
    ratio("echo", "250 connections of 64 B", Metric::Cpu, SINGLE, 1.00),
    ratio("echo", "1000 connections of 64 B", Metric::Cpu, SINGLE, 1.00),
    ratio("echo", "50 connections of 1000 B", Metric::Cpu, SINGLE, 1.00),
    ratio("echo", "50 connections of 4000 B", Metric::Cpu, SINGLE, 1.00),
    ratio("echo", "50 connections of 16000 B", Metric::Cpu, SINGLE, 1.00),
    ratio("echo", "50 connections of 64 B", Metric::Cpu, MULTI, 0.95),
    ratio("echo", "50 connections of 64 B, two workers", Metric::Cpu, MULTI, 0.95),
    ratio("echo", "250 connections of 64 B, two workers", Metric::Cpu, MULTI, 0.95),
    ratio("echo", "8 connections of 64 B", Metric::Cpu, BARE, 1.05),
    ratio("echo", "50 connections of 64 B", Metric::Cpu, BARE, 1.05),
    ratio("echo", "250 connections of 64 B", Metric::Cpu, BARE, 1.05),
    ratio("echo", "1000 connections of 64 B", Metric::Cpu, BARE, 1.05),
    ratio("churn", "8 at once", Metric::Syscalls, SINGLE, 0.90),
    ratio("churn", "8 at once", Metric::Cpu, SINGLE, 0.95),
    ratio("relay-bulk", "1 connection in bulk", Metric::CpuPerGigabyte, SINGLE, 0.55),
    ratio("relay-bulk", "4 connections in bulk", Metric::CpuPerGigabyte, SINGLE, 0.55),
    ratio("relay-bulk", "4 connections in bulk", Metric::CpuPerGigabyte,
        ("minato", "raw-splice"), 1.10),
    ratio("relay-requests", "8 connections of 64 B", Metric::Cpu, SINGLE, 1.00),
    ratio("relay-requests", "8 connections of 1000 B", Metric::Cpu, SINGLE, 1.00),
    ratio("relay-requests", "8 connections of 4000 B", Metric::Cpu, SINGLE, 1.00),
    ratio("relay-requests", "8 connections of 16000 B", Metric::Cpu, SINGLE, 1.00),
    ratio("relay-requests", "8 connections of 65000 B", Metric::Cpu, SINGLE, 1.00),
    ratio("udp-stream", "64 B, in bulk (GSO, GRO)", Metric::Cpu, SINGLE, 1.00),
    ratio("udp-stream", "1200 B, in bulk (GSO, GRO)", Metric::Cpu, SINGLE, 1.00),
    ratio("udp-stream", "64 B, in bulk (GSO, GRO)", Metric::Cpu, BARE, 1.05),
    ratio("udp-stream", "1200 B, in bulk (GSO, GRO)", Metric::Cpu, BARE, 1.05),
    Target {
        area: "udp-stream", case: "64 B, in bulk (GSO, GRO)", metric: Metric::Cpu, ours: "minato",
        against: Against::Elsewhere("64 B, one by one", "tokio"), most: 0.10,
    },
    ratio("udp-stream", "64 B, one by one", Metric::Cpu, SINGLE, 1.00),
    ratio("udp-stream", "1200 B, one by one", Metric::Cpu, SINGLE, 1.00),
    ratio("idle", "10 active among 9000", Metric::Memory, SINGLE, 1.00),
    value("idle", "10 active among 9000", Metric::Rest, "minato", 0.0),
    ratio("idle", "10 active among 9000", Metric::Cpu, SINGLE, 1.00),
    ratio("timers", "insert and cancel, two workers", Metric::Cpu, MULTI, 0.40),
    ratio("timers", "expire, two workers", Metric::Cpu, MULTI, 1.00),
    ratio("tasks", "spawn and join", Metric::Instructions, SINGLE, 0.95),
    ratio("tasks", "yield", Metric::Instructions, SINGLE, 0.95),
    ratio("tasks", "wake across", Metric::Instructions, SINGLE, 0.95),
    ratio("tasks", "spawn and join", Metric::Time, SINGLE, 1.00),
    ratio("tasks", "yield", Metric::Time, SINGLE, 1.00),
    ratio("tasks", "wake across", Metric::Time, SINGLE, 1.00),
    value("blocked", "50 connections, 2000 requests a second, two workers", Metric::P99,
        "minato-multi", 2000.0),
    ratio("level", "50% load", Metric::P999, SINGLE, 1.00),
    ratio("level", "5% load", Metric::Cpu, SINGLE, 1.00),
    ratio("level", "50% load", Metric::Switches, SINGLE, 1.00),
    ratio("echo", "50 connections of 64 B", Metric::Switches, SINGLE, 1.00),
    ratio("build", "release, equal features", Metric::Build, SINGLE, 1.00),
    value("build", "release, equal features", Metric::Crates, "minato", 18.0),
];

impl Target {
    /// What it is about: the area and the case.
    pub fn place(&self) -> String {
        format!("{}: {}", self.area, self.case)
    }

    /// What is to be at most how much.
    pub fn wanted(&self) -> String {
        let (metric, ours) = (self.metric.title(), self.ours);
        match self.against {
            Against::Peer(theirs) => format!("{metric}, {ours} / {theirs} ≤ {:.2}", self.most),
            Against::Elsewhere(case, theirs) => {
                format!("{metric}, {ours} / {theirs} at \"{case}\" ≤ {:.2}", self.most)
            }
            Against::Value => format!("{metric}, {ours} ≤ {}", self.metric.text(self.most)),
        }
    }

    /// What was measured, as text, and what that means.
    pub fn judge(&self, results: &[CaseResult]) -> (String, Judgement) {
        let Some((estimate, verdict)) = self.measured(results) else {
            return ("-".to_string(), Judgement::NotMeasured);
        };
        let text = match self.against {
            Against::Value => self.metric.text(estimate.median),
            _ => super::table::interval(&estimate),
        };
        let judgement = match verdict {
            Verdict::Noise | Verdict::Unchecked => Judgement::Noise,
            Verdict::Counted if estimate.high <= self.most => Judgement::Held,
            Verdict::Counted if estimate.low > self.most => Judgement::Missed,
            Verdict::Counted => Judgement::Open,
        };
        (text, judgement)
    }

    fn measured(&self, results: &[CaseResult]) -> Option<(Estimate, Verdict)> {
        let find = |name: &str| {
            results.iter().find(|result| result.area == self.area && result.case.name == name)
        };
        let result = find(self.case)?;
        let verdict = result.verdict(self.metric);
        match self.against {
            Against::Peer(theirs) => Some((result.ratio(self.ours, theirs, self.metric)?, verdict)),
            Against::Elsewhere(case, theirs) => {
                let theirs = find(case)?.row(theirs)?.estimate(self.metric)?;
                let ours = result.row(self.ours)?.estimate(self.metric)?;
                Some((unpaired(&ours, &theirs), verdict))
            }
            // A value needs no other peer to be compared with; its interval alone decides.
            Against::Value => {
                let value = result.row(self.ours)?.estimate(self.metric)?;
                let sure = value.is_sure() || self.metric.is_count();
                Some((value, if sure { Verdict::Counted } else { Verdict::Unchecked }))
            }
        }
    }
}

/// The ratio of two estimates, with the widest interval that their ends allow.
fn unpaired(ours: &Estimate, theirs: &Estimate) -> Estimate {
    Estimate {
        median: ours.median / theirs.median,
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
    use crate::suite::results::chosen;

    #[test]
    fn every_target_is_of_a_case_and_peers_that_exist() {
        let areas = area::all();
        let find = |area: &str, case: &str| {
            let area = areas.iter().find(|a| a.name == area)?;
            area.cases.iter().find(|c| c.name == case)
        };
        for target in TARGETS {
            let case = find(target.area, target.case).unwrap_or_else(|| panic!("{target:?}"));
            let theirs = match target.against {
                Against::Peer(theirs) => {
                    assert!(case.peers.contains(&theirs), "{target:?}");
                    theirs
                }
                Against::Elsewhere(other, theirs) => {
                    assert!(find(target.area, other).unwrap().peers.contains(&theirs));
                    theirs
                }
                Against::Value => "tokio",
            };
            assert!(crate::suite::peers::find(theirs).is_some());
            assert!(case.peers.contains(&target.ours), "{target:?}");
            assert!(case.metrics.contains(&target.metric), "{target:?}");
        }
    }

    #[test]
    fn the_interval_decides() {
        let target = TARGETS
            .iter()
            .find(|target| target.metric == Metric::Cpu && target.most == 1.0)
            .unwrap();
        let area = area::all().into_iter().find(|area| area.name == target.area).unwrap();
        let case = area.cases.into_iter().find(|case| case.name == target.case).unwrap();
        let judge = |ours: &[f64], again: f64| {
            let peers = chosen(&case, &[]);
            let mut result = CaseResult::new(target.area, case.clone(), &peers);
            for (round, value) in ours.iter().enumerate() {
                let values =
                    [("tokio", 100.0), ("minato", *value), ("minato-again", value * again)];
                for (name, value) in values {
                    let row = result.rows.iter_mut().find(|row| row.peer.name == name).unwrap();
                    row.put(Metric::Cpu, round, value);
                }
            }
            target.judge(&[result]).1
        };
        assert_eq!(judge(&[90.0; 8], 1.0), Judgement::Held);
        assert_eq!(judge(&[110.0; 8], 1.0), Judgement::Missed);
        let mixed = [90.0, 110.0, 90.0, 110.0, 90.0, 110.0, 90.0, 110.0];
        assert_eq!(judge(&mixed, 1.0), Judgement::Open);
        assert_eq!(judge(&[90.0; 8], 1.2), Judgement::Noise);
        assert_eq!(target.judge(&[]).1, Judgement::NotMeasured);
    }
}
