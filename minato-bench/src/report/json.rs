//! A run as JSON: one object for each area, case, peer and metric, and one for each target.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::suite::machine::Machine;
use crate::suite::metric::Metric;
use crate::suite::peers::Part;
use crate::suite::results::{CaseResult, Row};
use crate::suite::statistics::{CLAIMED, Estimate, sorted};
use crate::suite::target::{Verdict, targets};

/// The whole file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Run {
    /// Where it was.
    pub conditions: Machine,
    /// What was measured.
    pub figures: Vec<Figure>,
    /// What was to be held.
    pub targets: Vec<Claim>,
    /// What did not go well.
    pub troubles: Vec<Trouble>,
}

/// One metric of one peer in one case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figure {
    /// The area's name.
    pub area: String,
    /// The case's name.
    pub case: String,
    /// The peer's name.
    pub peer: String,
    /// What was measured.
    pub metric: Metric,
    unit: String,
    less_is_better: bool,
    min: f64,
    median: f64,
    max: f64,
    /// Starts or rounds.
    rounds: usize,
    /// Whether minato is the same as itself in this case and metric.
    checked: bool,
    /// By how much the ratios of another run may differ, where peers alternate.
    pub tolerance: Option<f64>,
    /// Of ourselves only: our paired ratio to each peer, with the interval of a claim.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ratios: BTreeMap<String, Estimate>,
}

/// A target, and what the run says of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claim {
    /// Area and case.
    pub place: String,
    /// What is to be at most how much.
    pub target: String,
    /// The limit.
    pub most: f64,
    /// What was measured.
    pub measured: Option<Estimate>,
    /// Whether that holds the target.
    pub verdict: Verdict,
    /// Why not, or what else there is to say.
    pub remark: String,
    /// So near to the limit that one run is not enough.
    pub near: bool,
}

/// A peer that has no figures in a case, or not all.
#[derive(Debug, Serialize, Deserialize)]
pub struct Trouble {
    area: String,
    case: String,
    peer: String,
    trouble: String,
}

impl Run {
    /// What these results say.
    pub fn new(machine: &Machine, results: &[CaseResult]) -> Run {
        let (mut figures, mut troubles) = (Vec::new(), Vec::new());
        for result in results {
            for row in &result.rows {
                figures.extend(row.values.keys().filter_map(|metric| figure(result, row, *metric)));
                troubles.extend(row.trouble.as_ref().map(|trouble| Trouble {
                    area: result.area.to_string(),
                    case: result.case.name.clone(),
                    peer: row.peer.name.to_string(),
                    trouble: trouble.clone(),
                }));
            }
        }
        let claim = |target: &crate::suite::target::Target| {
            let judgement = target.judge(results);
            Claim {
                place: target.place(),
                target: target.wanted(),
                most: target.most,
                measured: judgement.estimate,
                verdict: judgement.verdict,
                remark: judgement.remark,
                near: judgement.near,
            }
        };
        let targets = targets().iter().map(claim).collect();
        Run { conditions: machine.clone(), figures, targets, troubles }
    }

    /// Reads a file that [`Run::write`] has written.
    ///
    /// # Errors
    ///
    /// Those of reading; a file with something else in it.
    pub fn read(path: &Path) -> io::Result<Run> {
        let context =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let text = fs::read_to_string(path).map_err(context)?;
        serde_json::from_str(&text).map_err(|error| context(error.into()))
    }

    /// Writes it to a file.
    ///
    /// # Errors
    ///
    /// Those of writing.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        fs::write(path, text)
    }
}

fn figure(result: &CaseResult, row: &Row, metric: Metric) -> Option<Figure> {
    let values = sorted(&row.known(metric));
    let mut ratios = BTreeMap::new();
    if row.peer.part == Part::Ours {
        for other in result.rows.iter().filter(|other| other.peer != row.peer) {
            let ratio = result.ratio(row.peer.name, other.peer.name, metric, CLAIMED);
            ratios.extend(ratio.map(|ratio| (other.peer.name.to_string(), ratio)));
        }
    }
    let slices = result.case.slices.filter(|_| result.alternates(metric));
    Some(Figure {
        area: result.area.to_string(),
        case: result.case.name.clone(),
        peer: row.peer.name.to_string(),
        metric,
        unit: metric.unit().to_string(),
        less_is_better: metric.less_is_better(),
        min: *values.first()?,
        median: row.median(metric)?,
        max: *values.last()?,
        rounds: values.len(),
        checked: result.is_checked(metric),
        tolerance: slices.map(|slices| slices.tolerance),
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
        let run = Run::new(&Machine::here(Path::new(".")), &[result]);
        assert_eq!(run.figures.len(), 3);
        let of = |name: &str| run.figures.iter().find(|figure| figure.peer == name).unwrap();
        let ours = of("minato");
        assert_eq!((ours.metric, ours.rounds, ours.tolerance), (Metric::Cpu, 6, None));
        assert_eq!((ours.min, ours.max), (10.0, 15.0));
        assert!((ours.ratios["tokio"].value - 0.5).abs() < 1e-9);
        assert!((ours.ratios["raw-epoll"].high - 2.0).abs() < 1e-9);
        assert!(of("tokio").ratios.is_empty());
        assert_eq!(run.troubles[0].trouble, "broken");
        assert!(run.targets.iter().all(|claim| claim.verdict == Verdict::NotMeasured));
    }

    #[test]
    fn what_is_written_is_read() {
        let run = Run::new(&Machine::here(Path::new(".")), &[]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.json");
        run.write(&path).unwrap();
        assert_eq!(Run::read(&path).unwrap().targets.len(), targets().len());
        fs::write(&path, "{}").unwrap();
        let error = Run::read(&path).unwrap_err();
        assert!(error.to_string().contains("run.json"), "{error}");
    }
}
