//! What all starts or rounds of a case have shown, and what follows from it.

use std::collections::BTreeMap;

use crate::suite::alternate::Start;
use crate::suite::case::Case;
use crate::suite::metric::Metric;
use crate::suite::peers::{self, Part, Peer};
use crate::suite::statistics::{CHECKED, Estimate};

/// A peer that is measured in rounds with itself may be off by this share, or ratios are marked.
const SELF_CHECK: f64 = 0.03;

/// How the second of us is called.
const AGAIN: &str = "-again";

/// All that is known of a case.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// The area's name.
    pub area: &'static str,
    /// The case.
    pub case: Case,
    /// The peers, in the order of the tables.
    pub rows: Vec<Row>,
    /// What each start has shown, if the case alternates.
    pub starts: Vec<Start>,
    /// Runs that were thrown away since a hypervisor took the processor.
    pub dropped: usize,
}

/// What the starts or rounds have shown of a peer.
#[derive(Debug, Clone)]
pub struct Row {
    /// The peer.
    pub peer: &'static Peer,
    /// The values by start or round; none where one was dropped or has failed.
    pub values: BTreeMap<Metric, Vec<Option<f64>>>,
    /// Why it has none, or fewer.
    pub trouble: Option<String>,
    /// It does not have what the case asks for.
    pub lacks: bool,
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
        self.estimate(metric, CHECKED).map(|estimate| estimate.value)
    }

    /// The median with its interval.
    pub fn estimate(&self, metric: Metric, confidence: f64) -> Option<Estimate> {
        Estimate::of(&self.known(metric), confidence)
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
    pub fn ratio(
        &self,
        ours: &str,
        theirs: &str,
        metric: Metric,
        confidence: f64,
    ) -> Option<Estimate> {
        if self.alternates(metric) {
            let starts = self.starts.iter().filter_map(|start| log_ratio(start, ours, theirs));
            return Estimate::of_starts(&starts.collect::<Vec<_>>(), confidence);
        }
        let values = |name| self.row(name)?.values.get(&metric);
        Estimate::of_ratio(values(ours)?, values(theirs)?, confidence)
    }

    /// Whether the metric is one that slices have shown.
    pub fn alternates(&self, metric: Metric) -> bool {
        self.case.slices.is_some() && metric == Metric::Cpu
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
        let again = format!("{}{AGAIN}", self.case.subject);
        self.ratio(&again, self.case.subject, metric, CHECKED)
    }

    /// Whether the subject is the same as itself, as far as that is asked of this metric.
    pub fn is_checked(&self, metric: Metric) -> bool {
        let slices = self.case.slices.filter(|_| self.alternates(metric));
        let most = slices.map_or(SELF_CHECK, |slices| slices.tolerance);
        match self.self_check(metric) {
            Some(check) => (check.is_sure() || metric.is_count()) && check.is_one_within(most),
            // Both are always 0: nothing shakes.
            None => self.row(self.case.subject).is_some_and(|row| row.median(metric) == Some(0.0)),
        }
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

    /// Puts what a start has shown to the others.
    pub(crate) fn add(&mut self, start: Start) {
        for row in &mut self.rows {
            if let Some(time) = start.time(row.peer.name) {
                row.put(Metric::Cpu, self.starts.len(), time);
            }
        }
        self.starts.push(start);
    }

    /// A result without starts and rounds.
    pub fn new(area: &'static str, case: Case, peers: &[&'static Peer]) -> CaseResult {
        let rows = peers.iter().map(|peer| Row::new(peer)).collect();
        CaseResult { area, case, rows, starts: Vec::new(), dropped: 0 }
    }
}

/// The logarithm of a ratio in one start. Of us there may be two, whose mean it is.
fn log_ratio(start: &Start, ours: &str, theirs: &str) -> Option<f64> {
    let first = start.log_ratio(ours, theirs)?;
    let again = format!("{ours}{AGAIN}");
    let second = Some(again).filter(|again| again != theirs);
    let second = second.and_then(|again| start.log_ratio(&again, theirs));
    Some(second.map_or(first, |second| f64::midpoint(first, second)))
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
    use crate::suite::case::Slices;

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
    fn rounds_are_checked_by_ourselves() {
        let steady = [100.0; 8];
        let near = [101.0, 99.0, 100.0, 102.0, 98.0, 100.0, 101.0, 99.0];
        let far = [110.0, 99.0, 100.0, 102.0, 98.0, 100.0, 101.0, 80.0];
        let check = |again: &[f64]| {
            result(&[("minato", &steady), ("minato-again", again)]).is_checked(Metric::Cpu)
        };
        assert!(check(&near));
        assert!(!check(&far));
        assert!(!check(&near[..5]), "too few");
        assert!(!check(&[]));
        let zero = result(&[("minato", &[0.0; 6]), ("minato-again", &[0.0; 6])]);
        assert!(zero.is_checked(Metric::Cpu));
    }

    /// Starts in which minato's second instance is off by `again`, and tokio takes twice as much.
    fn alternated(again: &[f64]) -> CaseResult {
        let mut result = result(&[]);
        result.case = result.case.alternating(Slices::default());
        for again in again {
            let mut start = Start::default();
            for (name, time) in [("minato", 1.0), ("minato-again", *again), ("tokio", 2.0)] {
                start.times.insert(name, vec![time; 5]);
                start.scaled.insert(name, vec![time; 5]);
            }
            result.add(start);
        }
        result
    }

    #[test]
    fn starts_are_the_sample_and_both_of_us_count() {
        let result = alternated(&[1.02; 8]);
        let ratio = |ours, theirs| result.ratio(ours, theirs, Metric::Cpu, CHECKED).unwrap().value;
        assert!((ratio("minato", "tokio") - 0.5 * 1.02_f64.sqrt()).abs() < 1e-9);
        assert!((ratio("minato", "minato-again") - 1.0 / 1.02).abs() < 1e-9);
        assert_eq!(result.row("tokio").unwrap().median(Metric::Cpu), Some(2.0));
        assert_eq!(result.ratio("minato", "smol", Metric::Cpu, CHECKED), None);
        let steady = [1.01, 0.99, 1.01, 0.99, 1.01, 0.99, 1.01, 0.99];
        assert!(alternated(&steady).is_checked(Metric::Cpu));
        let shaky = steady.map(|value| value * value * value * value);
        assert!(!alternated(&shaky).is_checked(Metric::Cpu));
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
