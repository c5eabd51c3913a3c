//! Runs beside each other: what differs by more than chance, and what is claimed from several.

use std::fmt::Write;

use super::json::{Claim, Run};
use super::table::{Grid, markdown};
use crate::suite::metric::Metric;
use crate::suite::target::Verdict;

/// A target near its limit is claimed from so many runs.
const RUNS: usize = 3;

/// What runs of the same commit say together.
#[derive(Debug)]
pub struct Comparison {
    /// Ratios that differ by more than they should: what, the first run, another, the tolerance.
    differing: Vec<Vec<String>>,
    /// Targets that one run holds and another misses.
    contradicted: Vec<Vec<String>>,
    /// Targets near their limit, with what each run says and what all say.
    near: Vec<Vec<String>>,
    runs: usize,
}

impl Comparison {
    /// Compares the first run with each of the others.
    pub fn new(runs: &[Run]) -> Comparison {
        let mut comparison = Comparison {
            differing: Vec::new(),
            contradicted: Vec::new(),
            near: Vec::new(),
            runs: runs.len(),
        };
        let Some((first, others)) = runs.split_first() else { return comparison };
        for other in others {
            comparison.differing.extend(differing(first, other));
        }
        for claim in &first.targets {
            let is_same =
                |other: &&Claim| (&other.place, &other.target) == (&claim.place, &claim.target);
            let find = |run: &'_ Run| run.targets.iter().find(is_same).cloned();
            let claims: Vec<Claim> = runs.iter().filter_map(find).collect();
            let has = |verdict| claims.iter().any(|claim| claim.verdict == verdict);
            if has(Verdict::Held) && has(Verdict::Missed) {
                comparison.contradicted.push(row(&claims));
            } else if claims.iter().any(|claim| claim.near) {
                let mut row = row(&claims);
                row.push(together(&claims).text().to_string());
                comparison.near.push(row);
            }
        }
        comparison
    }

    /// Whether nothing differs and nothing is contradicted.
    pub fn agrees(&self) -> bool {
        self.differing.is_empty() && self.contradicted.is_empty()
    }

    /// All of it in Markdown.
    pub fn text(&self) -> String {
        let head = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        let runs: Vec<String> = (1..=self.runs).map(|run| format!("run {run}")).collect();
        let by_run = [head(&["case", "target"]), runs].concat();
        let parts = [
            (
                "Ratios that differ by more than runs should",
                head(&["case", "ratio", "run 1", "another", "difference", "at most"]),
                &self.differing,
            ),
            ("Targets that one run holds and another misses", by_run.clone(), &self.contradicted),
            (
                "Targets within 1% of their limit, which are claimed from three runs",
                [by_run, head(&["together"])].concat(),
                &self.near,
            ),
        ];
        let mut text = String::new();
        for (title, head, rows) in parts {
            let table = match rows.is_empty() {
                true => "None.\n".to_string(),
                false => markdown(&Grid { head, rows: rows.clone() }),
            };
            let _ = write!(text, "## {title}\n\n{table}\n");
        }
        text
    }
}

/// The ratios that both runs have, and that differ too much.
fn differing(first: &Run, other: &Run) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for figure in &first.figures {
        let key = |figure: &super::json::Figure| {
            (figure.area.clone(), figure.case.clone(), figure.peer.clone(), figure.metric)
        };
        let same = other.figures.iter().find(|other| key(other) == key(figure));
        let (Some(same), Some(tolerance)) = (same, figure.tolerance) else { continue };
        for (peer, ratio) in &figure.ratios {
            let Some(again) = same.ratios.get(peer) else { continue };
            let difference = again.value / ratio.value - 1.0;
            if difference.abs() > tolerance {
                found.push(vec![
                    format!("{}: {}", figure.area, figure.case),
                    format!("{}, {} / {peer}", Metric::title(figure.metric), figure.peer),
                    ratio.text(),
                    again.text(),
                    format!("{:+.1}%", difference * 100.0),
                    format!("{:.0}%", tolerance * 100.0),
                ]);
            }
        }
    }
    found
}

/// What each run says of a target.
fn row(claims: &[Claim]) -> Vec<String> {
    let mut cells = vec![claims[0].place.clone(), claims[0].target.clone()];
    for claim in claims {
        let measured = claim.measured.map(|estimate| estimate.text()).unwrap_or_default();
        cells.push(format!("{measured} {}", claim.verdict.text()));
    }
    cells
}

/// What all runs say: only if there are enough of them, and they say the same.
fn together(claims: &[Claim]) -> Verdict {
    let first = claims[0].verdict;
    let alike = claims.len() >= RUNS && claims.iter().all(|claim| claim.verdict == first);
    if alike { first } else { Verdict::Open }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::report::json::Figure;
    use crate::suite::machine::Machine;
    use crate::suite::statistics::Estimate;

    fn estimate(value: f64) -> Estimate {
        Estimate { value, low: value, high: value, coverage: 0.99, rounds: 12 }
    }

    /// A run with one target and one figure.
    fn run(verdict: Verdict, near: bool, ratio: f64) -> Run {
        let mut run = Run::new(&Machine::here(Path::new(".")), &[]);
        run.targets.truncate(1);
        run.targets[0] = Claim { verdict, near, ..run.targets[0].clone() };
        let figure = serde_json::json!({
            "area": "echo", "case": "a case", "peer": "minato", "metric": "cpu", "unit": "ns",
            "less_is_better": true, "min": 1.0, "median": 1.0, "max": 1.0, "rounds": 12,
            "checked": true, "tolerance": 0.02,
        });
        let mut figure: Figure = serde_json::from_value(figure).unwrap();
        figure.ratios = BTreeMap::from([("tokio".to_string(), estimate(ratio))]);
        run.figures.push(figure);
        run
    }

    fn compared(runs: &[Run]) -> (bool, String) {
        let comparison = Comparison::new(runs);
        (comparison.agrees(), comparison.text())
    }

    #[test]
    fn ratios_that_differ_are_told() {
        let held = |ratio| run(Verdict::Held, false, ratio);
        let (agrees, text) = compared(&[held(0.95), held(0.96)]);
        assert!(agrees && text.matches("None.").count() == 3, "{text}");
        let (agrees, text) = compared(&[held(0.95), held(0.96), held(0.98)]);
        assert!(!agrees);
        assert!(text.contains("minato / tokio") && text.contains("+3.2%"), "{text}");
    }

    #[test]
    fn a_target_may_not_be_held_and_missed() {
        let (agrees, text) =
            compared(&[run(Verdict::Held, true, 1.0), run(Verdict::Missed, true, 1.0)]);
        assert!(!agrees && text.contains("held") && text.contains("**missed**"), "{text}");
    }

    #[test]
    fn what_is_near_is_claimed_from_three_runs_that_say_the_same() {
        let near = |verdict| run(verdict, true, 1.0);
        let last = |runs: &[Run]| {
            let text = compared(runs).1;
            text.trim_end().lines().last().unwrap().rsplit('|').nth(1).unwrap().trim().to_string()
        };
        let held = || near(Verdict::Held);
        assert_eq!(last(&[held(), held(), held()]), "held");
        assert_eq!(last(&[held(), held()]), "open");
        assert_eq!(last(&[held(), held(), near(Verdict::Open)]), "open");
    }
}
