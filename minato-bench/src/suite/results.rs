//! What all rounds of a case have shown, and what follows from it.

use std::collections::BTreeMap;

use crate::suite::case::Case;
use crate::suite::metric::Metric;
use crate::suite::peers::{self, Part, Peer};
use crate::suite::statistics::Estimate;

/// A peer measured against itself may be off by this share, or the figure does not count.
pub const SELF_CHECK: f64 = 0.03;

/// All that is known of a case.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// The area's name.
    pub area: &'static str,
    /// The case.
    pub case: Case,
    /// The peers, in the order of the tables.
    pub rows: Vec<Row>,
    /// Runs that were thrown away since a hypervisor took the processor.
    pub dropped: usize,
}

/// What the rounds have shown of a peer.
#[derive(Debug, Clone)]
pub struct Row {
    /// The peer.
    pub peer: &'static Peer,
    /// The values by round; none where a round was dropped or has failed.
    pub values: BTreeMap<Metric, Vec<Option<f64>>>,
    /// Why it has none, or fewer.
    pub trouble: Option<String>,
    /// It does not have what the case asks for.
    pub lacks: bool,
}

/// Whether a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The peer against itself stays within [`SELF_CHECK`], and the interval says so.
    Counted,
    /// It does not.
    Noise,
    /// There was no self-check, or too few rounds for an interval.
    Unchecked,
}

impl Row {
    /// A row without figures.
    pub fn new(peer: &'static Peer) -> Row {
        Row { peer, values: BTreeMap::new(), trouble: None, lacks: false }
    }

    /// Whether it has no figures though it lacks nothing.
    pub fn is_missing(&self) -> bool {
        self.values.is_empty() && !self.lacks
    }

    /// The values of all rounds that have one.
    pub fn known(&self, metric: Metric) -> Vec<f64> {
        self.values.get(&metric).into_iter().flatten().flatten().copied().collect()
    }

    /// The median, if there is any value.
    pub fn median(&self, metric: Metric) -> Option<f64> {
        self.estimate(metric).map(|estimate| estimate.median)
    }

    /// The median with its interval.
    pub fn estimate(&self, metric: Metric) -> Option<Estimate> {
        Estimate::of(&self.known(metric))
    }

    /// Puts a value to a round.
    pub fn put(&mut self, metric: Metric, round: usize, value: f64) {
        let values = self.values.entry(metric).or_default();
        values.resize(values.len().max(round + 1), None);
        values[round] = Some(value);
    }
}

impl CaseResult {
    /// The row of a peer.
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.peer.name == name)
    }

    /// The paired ratio of two peers.
    pub fn ratio(&self, ours: &str, theirs: &str, metric: Metric) -> Option<Estimate> {
        let values = |name| self.row(name)?.values.get(&metric);
        Estimate::of_ratio(values(ours)?, values(theirs)?)
    }

    /// The bare loop that is best at this.
    pub fn limit(&self, metric: Metric) -> Option<&'static str> {
        let bare = self.rows.iter().filter(|row| row.peer.part == Part::Limit);
        let medians = bare.filter_map(|row| Some((row.peer.name, row.median(metric)?)));
        let sign = if metric.less_is_better() { 1.0 } else { -1.0 };
        let best = medians.min_by(|a, b| (sign * a.1).total_cmp(&(sign * b.1)));
        best.map(|(name, _)| name)
    }

    /// The subject against itself.
    pub fn self_check(&self, metric: Metric) -> Option<Estimate> {
        let again = format!("{}-again", self.case.subject);
        self.ratio(&again, self.case.subject, metric)
    }

    /// Whether figures of this metric count.
    pub fn verdict(&self, metric: Metric) -> Verdict {
        match self.self_check(metric) {
            Some(check) if check.is_sure() || metric.is_count() => {
                if check.is_one_within(SELF_CHECK) { Verdict::Counted } else { Verdict::Noise }
            }
            // Both are always 0: nothing shakes.
            None if self.is_zero(metric) => Verdict::Counted,
            _ => Verdict::Unchecked,
        }
    }

    fn is_zero(&self, metric: Metric) -> bool {
        let names = [self.case.subject.to_string(), format!("{}-again", self.case.subject)];
        names.iter().all(|name| {
            let values = self.row(name).map(|row| row.known(metric)).unwrap_or_default();
            !values.is_empty() && values.iter().all(|value| *value == 0.0)
        })
    }

    /// The metrics that are shown and have values.
    pub fn shown(&self) -> Vec<Metric> {
        let has = |metric: &Metric| self.rows.iter().any(|row| row.values.contains_key(metric));
        self.case.metrics.iter().copied().filter(has).collect()
    }

    /// What the case is about: the first metric, and the instructions where there are any.
    pub fn judged(&self) -> Vec<Metric> {
        let shown = self.shown();
        let first = shown.first().copied();
        let further = [Metric::Instructions, Metric::Time];
        let further = further.into_iter().filter(|m| Some(*m) != first && shown.contains(m));
        first.into_iter().chain(further.take(1)).collect()
    }

    /// A result without rounds.
    pub fn new(area: &'static str, case: Case, peers: &[&'static Peer]) -> CaseResult {
        let rows = peers.iter().map(|peer| Row::new(peer)).collect();
        CaseResult { area, case, rows, dropped: 0 }
    }
}

/// The peers of a case, in the order of the tables, that a user's choice leaves.
///
/// Ourselves, the second of us and the limits stay: without them there is no ratio.
pub fn chosen(case: &Case, words: &[String]) -> Vec<&'static Peer> {
    let of_case = peers::PEERS.iter().filter(|peer| case.peers.contains(&peer.name));
    let is_meant = |peer: &&Peer| {
        words.is_empty()
            || peer.part != Part::Other
            || words.iter().any(|word| peer.is_meant_by(word))
    };
    of_case.filter(is_meant).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::Workload;

    fn result(values: &[(&str, &[f64])]) -> CaseResult {
        let case = Case::serve("a case", Workload::Echo, "");
        let peers = chosen(&case, &[]);
        let mut result = CaseResult::new("area", case, &peers);
        for (name, values) in values {
            let row = result.rows.iter_mut().find(|row| row.peer.name == *name).unwrap();
            for (round, value) in values.iter().enumerate() {
                row.put(Metric::Cpu, round, *value);
            }
        }
        result
    }

    #[test]
    fn a_figure_counts_if_we_are_as_ourselves() {
        let steady = [100.0; 8];
        let near = [101.0, 99.0, 100.0, 102.0, 98.0, 100.0, 101.0, 99.0];
        let far = [110.0, 99.0, 100.0, 102.0, 98.0, 100.0, 101.0, 80.0];
        let check = |again: &[f64]| {
            result(&[("minato", &steady), ("minato-again", again)]).verdict(Metric::Cpu)
        };
        assert_eq!(check(&near), Verdict::Counted);
        assert_eq!(check(&far), Verdict::Noise);
        assert_eq!(check(&near[..5]), Verdict::Unchecked);
        assert_eq!(check(&[]), Verdict::Unchecked);
        let zero = result(&[("minato", &[0.0; 6]), ("minato-again", &[0.0; 6])]);
        assert_eq!(zero.verdict(Metric::Cpu), Verdict::Counted);
    }

    #[test]
    fn the_limit_is_the_better_bare_loop() {
        let result = result(&[("raw-epoll", &[5.0]), ("raw-uring", &[4.0]), ("tokio", &[3.0])]);
        assert_eq!(result.limit(Metric::Cpu), Some("raw-uring"));
        assert_eq!(result.limit(Metric::Rate), None);
    }

    #[test]
    fn rounds_that_were_dropped_stay_empty() {
        let mut row = Row::new(&peers::PEERS[0]);
        row.put(Metric::Cpu, 2, 7.0);
        assert_eq!(row.values[&Metric::Cpu], [None, None, Some(7.0)]);
        assert_eq!(row.median(Metric::Cpu), Some(7.0));
    }

    #[test]
    fn a_choice_of_peers_keeps_us_and_the_limits() {
        let case = Case::serve("a case", Workload::Echo, "");
        let names = |words: &[&str]| -> Vec<&str> {
            let words: Vec<String> = words.iter().map(|word| word.to_string()).collect();
            chosen(&case, &words).iter().map(|peer| peer.name).collect()
        };
        assert_eq!(names(&[]).len(), case.peers.len());
        let chosen = names(&["tokio", "compio-defer"]);
        for name in ["raw-epoll", "minato", "minato-again", "tokio-multi", "compio-defer"] {
            assert!(chosen.contains(&name), "{name}");
        }
        assert!(!chosen.contains(&"compio") && !chosen.contains(&"smol"));
    }
}
