//! All figures as JSON: one object for each area, case, peer and metric.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::Serialize;

use crate::suite::machine::Machine;
use crate::suite::metric::Metric;
use crate::suite::peers::Part;
use crate::suite::results::{CaseResult, Row, Verdict};
use crate::suite::statistics::{Estimate, sorted};

/// The whole file.
#[derive(Debug, Serialize)]
struct File<'a> {
    conditions: &'a Machine,
    figures: Vec<Figure<'a>>,
    troubles: Vec<Trouble<'a>>,
}

/// One metric of one peer in one case.
#[derive(Debug, Serialize)]
struct Figure<'a> {
    area: &'a str,
    case: &'a str,
    peer: &'a str,
    metric: Metric,
    unit: &'a str,
    less_is_better: bool,
    min: f64,
    median: f64,
    max: f64,
    rounds: usize,
    /// Whether it counts: the peer against itself stays within 3%.
    verdict: &'a str,
    /// Of ourselves only: our paired ratio to each peer, and to the better bare loop as `limit`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    ratios: BTreeMap<&'a str, Estimate>,
}

/// A peer that has no figures in a case, or not all.
#[derive(Debug, Serialize)]
struct Trouble<'a> {
    area: &'a str,
    case: &'a str,
    peer: &'a str,
    trouble: &'a str,
}

/// Writes the figures to a file.
///
/// # Errors
///
/// Those of writing.
pub fn write(path: &Path, machine: &Machine, results: &[CaseResult]) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(&file(machine, results))?;
    text.push('\n');
    std::fs::write(path, text)
}

fn file<'a>(machine: &'a Machine, results: &'a [CaseResult]) -> File<'a> {
    let mut figures = Vec::new();
    let mut troubles = Vec::new();
    for result in results {
        for row in &result.rows {
            figures.extend(row.values.keys().filter_map(|metric| figure(result, row, *metric)));
            troubles.extend(row.trouble.as_deref().map(|trouble| Trouble {
                area: result.area,
                case: &result.case.name,
                peer: row.peer.name,
                trouble,
            }));
        }
    }
    File { conditions: machine, figures, troubles }
}

fn figure<'a>(result: &'a CaseResult, row: &'a Row, metric: Metric) -> Option<Figure<'a>> {
    let values = sorted(&row.known(metric));
    let ours = row.peer.part == Part::Ours;
    let mut ratios = BTreeMap::new();
    if ours {
        let limit = result.limit(metric).map(|limit| ("limit", limit));
        let all = result.rows.iter().map(|other| (other.peer.name, other.peer.name));
        for (name, other) in all.chain(limit).filter(|(_, other)| *other != row.peer.name) {
            ratios.extend(result.ratio(row.peer.name, other, metric).map(|ratio| (name, ratio)));
        }
    }
    Some(Figure {
        area: result.area,
        case: &result.case.name,
        peer: row.peer.name,
        metric,
        unit: metric.unit(),
        less_is_better: metric.less_is_better(),
        min: *values.first()?,
        median: row.median(metric)?,
        max: *values.last()?,
        rounds: values.len(),
        verdict: match result.verdict(metric) {
            Verdict::Counted => "counted",
            Verdict::Noise => "noise",
            Verdict::Unchecked => "unchecked",
        },
        ratios,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::Workload;
    use crate::suite::case::Case;
    use crate::suite::results::chosen;

    #[test]
    fn each_figure_is_an_object_and_ours_has_ratios() {
        let case = Case::serve("a case", Workload::Echo, "");
        let peers = chosen(&case, &[]);
        let mut result = CaseResult::new("echo", case, &peers);
        for (name, value) in [("minato", 10.0), ("tokio", 20.0), ("raw-epoll", 5.0)] {
            let row = result.rows.iter_mut().find(|row| row.peer.name == name).unwrap();
            for round in 0..6 {
                row.put(Metric::Cpu, round, value + round as f64 * value / 10.0);
            }
        }
        result.rows[1].trouble = Some("broken".to_string());
        let machine = Machine::here(Path::new("."));
        let results = [result];
        let json = serde_json::to_value(file(&machine, &results)).unwrap();
        let figures = json["figures"].as_array().unwrap();
        assert_eq!(figures.len(), 3);
        let of = |name: &str| figures.iter().find(|figure| figure["peer"] == name).unwrap();
        let ours = of("minato");
        assert_eq!(ours["metric"], "cpu");
        assert_eq!((ours["min"].as_f64(), ours["max"].as_f64()), (Some(10.0), Some(15.0)));
        assert_eq!(ours["rounds"], 6);
        assert!((ours["ratios"]["tokio"]["median"].as_f64().unwrap() - 0.5).abs() < 1e-9);
        assert!((ours["ratios"]["limit"]["high"].as_f64().unwrap() - 2.0).abs() < 1e-9);
        assert!(of("tokio").get("ratios").is_none());
        assert_eq!(json["troubles"][0]["trouble"], "broken");
    }
}
